/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/api_body.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "control/api_answer.h"

enum { KEY_SHOWN_MAX = 64 };

/* RFC 6901 section 3. A long key is cut: the message has more of it. */
static void pointer_to(const char *at, const char *key, char *out, size_t cap)
{
	size_t n = (size_t)snprintf(out, cap, "%s/", at);

	for (; *key && n + 3 < cap; key++) {
		if (*key == '~' || *key == '/')
			out[n++] = '~';
		out[n++] = *key == '~' ? '0' : *key == '/' ? '1' : *key;
	}
	out[n] = '\0';
}

static void mistake(struct api_call *call, const char *at, const char *key, const char *why)
{
	char pointer[API_POINTER_BYTES_MAX + KEY_SHOWN_MAX];

	pointer_to(at, key, pointer, sizeof(pointer));
	api_fail(call, 400, API_CODE_INVALID, pointer, "access.api.error.invalid_request: %.*s: %s",
	         KEY_SHOWN_MAX, key, why);
}

static bool is_known(const char *key, const char *const *keys)
{
	while (*keys && strcmp(*keys, key) != 0)
		keys++;
	return *keys;
}

bool body_object(struct api_call *call, json_t *value, const char *at, const char *const *keys)
{
	const char *key;
	json_t *member;

	if (!json_is_object(value)) {
		api_fail(call, 400, API_CODE_JSON, at, "%s: an object is wanted",
		         at[0] ? at : "the body");
		return false;
	}
	json_object_foreach(value, key, member)
	{
		(void)member;
		if (!is_known(key, keys))
			mistake(call, at, key, "unknown field");
	}
	return true;
}

const char *body_text(struct api_call *call, const json_t *object, const char *at, const char *key,
                      size_t max, bool is_needed)
{
	const json_t *v = json_object_get(object, key);
	size_t len = json_string_length(v);
	const char *text = json_string_value(v);
	char why[64];

	if (!v && !is_needed)
		return NULL;
	if (text && len >= 1 && len <= max && text_is_utf8(slice_of(text, len)))
		return text;
	(void)snprintf(why, sizeof(why), "a text of 1 to %zu bytes is wanted", max);
	mistake(call, at, key, v ? why : "missing");
	return NULL;
}

bool body_bool(struct api_call *call, const json_t *object, const char *at, const char *key)
{
	const json_t *v = json_object_get(object, key);

	if (!json_is_boolean(v))
		mistake(call, at, key, v ? "true or false is wanted" : "missing");
	return json_is_true(v);
}
