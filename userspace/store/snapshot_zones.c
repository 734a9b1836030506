/* SPDX-License-Identifier: GPL-2.0-only */
/* snapshot_zones.c - the file's zones on their way. Workers have no use for them. */
#include <errno.h>
#include <stdlib.h>

#include "base/text.h"
#include "proto/hostname.h"
#include "store/snapshot.h"
#include "store/snapshot_json.h"

json_t *zones_to_json(const struct snapshot *s)
{
	json_t *all = json_array();

	for (size_t i = 0; i < s->zones_len; i++) {
		const struct snapshot_zone *z = &s->zones[i];

		if (json_array_append_new(all, json_pack("{s:s, s:s, s:s}", "id", z->id, "account",
		                                         z->account, "name", z->name)) < 0) {
			json_decref(all);
			return NULL;
		}
	}
	return all;
}

static int read_id(const json_t *from, const char *key, char out[SNAPSHOT_ID_BYTES + 1])
{
	const char *text = json_string_value(json_object_get(from, key));

	if (!text || strlen(text) != SNAPSHOT_ID_BYTES)
		return -EINVAL;
	memcpy(out, text, SNAPSHOT_ID_BYTES + 1);
	return 0;
}

int zones_from_json(const json_t *all, struct snapshot *s)
{
	size_t len = json_array_size(all);

	if (!json_is_array(all) || len > SNAPSHOT_ZONES_MAX)
		return -EINVAL;
	if (len == 0)
		return 0;
	s->zones = calloc(len, sizeof(*s->zones));
	if (!s->zones)
		return -ENOMEM;
	for (; s->zones_len < len; s->zones_len++) {
		const json_t *from = json_array_get(all, s->zones_len);
		struct snapshot_zone *z = &s->zones[s->zones_len];
		const char *name = json_string_value(json_object_get(from, "name"));

		if (!name || read_id(from, "id", z->id) < 0 ||
		    read_id(from, "account", z->account) < 0)
			return -EINVAL;
		z->name = strdup(name);
		if (!z->name)
			return -ENOMEM;
	}
	return 0;
}

static bool is_id(const char *text)
{
	uint8_t bytes[SNAPSHOT_ID_BYTES / 2];
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (text_lower((uint8_t)text[i]) != (uint8_t)text[i])
			return false;
	return text_unhex(slice_of(text, len), bytes, sizeof(bytes)) == 0;
}

const char *zones_check(const struct snapshot *s)
{
	for (size_t i = 0; i < s->zones_len; i++) {
		const struct snapshot_zone *z = &s->zones[i];
		struct hostname name;

		if (!is_id(z->id) || !is_id(z->account))
			return "an id has 32 hexadecimal digits in lower case";
		if (!z->name || hostname_normal(slice_of(z->name, strlen(z->name)), &name) < 0 ||
		    !slice_eq(hostname_slice(&name), slice_of(z->name, strlen(z->name))))
			return "a name is no normalised hostname";
	}
	return NULL;
}
