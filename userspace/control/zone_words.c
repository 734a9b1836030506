/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/zone_words.h"

#include <string.h>

#include "base/text.h"
#include "proto/hostname.h"

bool zone_id(const char *text, char out[SNAPSHOT_ID_BYTES + 1])
{
	uint8_t bytes[SNAPSHOT_ID_BYTES / 2];
	struct sink s = sink_of(out, SNAPSHOT_ID_BYTES);

	if (!text || text_unhex(slice_of(text, strlen(text)), bytes, sizeof(bytes)) < 0)
		return false;
	text_hex(&s, slice_of(bytes, sizeof(bytes)));
	out[s.len] = '\0';
	return true;
}

static void put(const struct hostname *name, char out[ZONE_NAME_BYTES_MAX])
{
	slice_copy((uint8_t *)out, hostname_slice(name));
	out[name->len] = '\0';
}

bool zone_name(const char *text, char out[ZONE_NAME_BYTES_MAX])
{
	struct hostname name;

	if (!text || hostname_normal(slice_of(text, strlen(text)), &name) < 0)
		return false;
	put(&name, out);
	return strchr(out, '.') != NULL;
}

bool zone_hostname(const char *text, char out[ZONE_NAME_BYTES_MAX])
{
	struct hostname name;

	if (!text || hostname_pattern(slice_of(text, strlen(text)), &name) < 0)
		return false;
	put(&name, out);
	return true;
}
