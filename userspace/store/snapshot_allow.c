/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "proto/san_pattern.h"
#include "store/snapshot_json.h"

static json_t *list_to_json(const struct text_list *l)
{
	json_t *all = json_array();

	for (size_t n = 0; n < l->len; n++)
		if (json_array_append_new(all, json_string(l->rows[n])) < 0) {
			json_decref(all);
			return NULL;
		}
	return all;
}

json_t *allow_to_json(const struct allow_list *a)
{
	return json_pack("{s:o, s:o, s:o}", "sha256", list_to_json(&a->sha256), "spki_sha256",
	                 list_to_json(&a->spki_sha256), "san", list_to_json(&a->san));
}

static int list_from_json(const json_t *from, const char *key, size_t max, struct text_list *out)
{
	const json_t *all = json_object_get(from, key);
	size_t len = json_array_size(all);

	if (!json_is_array(all) || len > max)
		return -EINVAL;
	if (len == 0)
		return 0;
	out->rows = calloc(len, sizeof(*out->rows));
	if (!out->rows)
		return -ENOMEM;
	for (; out->len < len; out->len++) {
		const char *text = json_string_value(json_array_get(all, out->len));

		if (!text)
			return -EINVAL;
		out->rows[out->len] = strdup(text);
		if (!out->rows[out->len])
			return -ENOMEM;
	}
	return 0;
}

int allow_from_json(const json_t *from, struct allow_list *out)
{
	int r = list_from_json(from, "sha256", ALLOW_DIGESTS_MAX, &out->sha256);

	if (r == 0)
		r = list_from_json(from, "spki_sha256", ALLOW_DIGESTS_MAX, &out->spki_sha256);
	if (r == 0)
		r = list_from_json(from, "san", ALLOW_SANS_MAX, &out->san);
	return r;
}

static bool are_digests(const struct text_list *l)
{
	uint8_t bytes[32];

	for (size_t n = 0; n < l->len; n++)
		if (text_unhex(slice_of(l->rows[n], strlen(l->rows[n])), bytes, sizeof(bytes)) < 0)
			return false;
	return l->len <= ALLOW_DIGESTS_MAX;
}

const char *allow_list_check(const struct allow_list *a)
{
	struct san_pattern p;

	if (!are_digests(&a->sha256) || !are_digests(&a->spki_sha256))
		return "not digests of 64 hexadecimal digits";
	if (a->san.len > ALLOW_SANS_MAX)
		return "too many patterns";
	for (size_t n = 0; n < a->san.len; n++) {
		const char *why =
			san_pattern_parse(slice_of(a->san.rows[n], strlen(a->san.rows[n])), &p);

		if (why)
			return why;
	}
	return NULL;
}

static void list_fini(struct text_list *l)
{
	for (size_t n = 0; n < l->len; n++)
		free(l->rows[n]);
	free(l->rows);
	*l = (struct text_list){ 0 };
}

void allow_list_fini(struct allow_list *a)
{
	list_fini(&a->sha256);
	list_fini(&a->spki_sha256);
	list_fini(&a->san);
}
