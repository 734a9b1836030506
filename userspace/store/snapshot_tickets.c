/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <jansson.h>

#include "store/snapshot.h"
#include "store/snapshot_json.h"

json_t *ticket_keys_to_json(const struct ticket_keys *keys)
{
	json_t *all = json_array();
	char digits[2 * TICKET_KEY_BYTES];

	for (size_t n = 0; n < keys->len; n++) {
		struct sink text = sink_of(digits, sizeof(digits));
		int r;

		ticket_key_put(&keys->rows[n], &text);
		r = json_array_append_new(all, json_pack("{s:s%, s:I}", "key", digits, text.len,
		                                         "made", (json_int_t)keys->rows[n].made));
		explicit_bzero(digits, sizeof(digits));
		if (r < 0) {
			json_decref(all);
			return NULL;
		}
	}
	return all;
}

int ticket_keys_from_json(const json_t *all, struct ticket_keys *out)
{
	size_t len = json_array_size(all);

	if (!json_is_array(all) || len > TICKET_KEYS_MAX)
		return -EINVAL;
	for (size_t n = 0; n < len; n++) {
		const json_t *one = json_array_get(all, n);
		const json_t *key = json_object_get(one, "key");
		const json_t *made = json_object_get(one, "made");

		if (!json_is_string(key) || !json_is_integer(made) ||
		    ticket_key_read(slice_of(json_string_value(key), json_string_length(key)),
		                    &out->rows[n]) < 0)
			return -EINVAL;
		out->rows[n].made = json_integer_value(made);
	}
	out->len = len;
	return 0;
}
