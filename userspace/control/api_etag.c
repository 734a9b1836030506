/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/api_etag.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "control/api_answer.h"
#include "tls/digest.h"

enum { SHOWN_BYTES = 16 };

/* Return: false: no memory. */
static bool tag_of(const json_t *shown, char out[API_ETAG_BYTES_MAX])
{
	char *text = json_dumps(shown, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	uint8_t digest[DIGEST_BYTES];
	struct sink s = sink_of(out, API_ETAG_BYTES_MAX - 1);
	bool ok = false;

	if (text) {
		digest_begin();
		digest_add(slice_of(text, strlen(text)));
		ok = digest_end(digest) == 0;
	}
	free(text);
	if (!ok)
		return false;
	sink_putc(&s, '"');
	text_hex(&s, slice_of(digest, SHOWN_BYTES));
	sink_putc(&s, '"');
	out[s.len] = '\0';
	return true;
}

void api_etag(struct api_call *call, const json_t *shown)
{
	if (!tag_of(shown, call->etag))
		call->etag[0] = '\0';
}

bool api_etag_in(const char *field, const char *tag)
{
	static const char *const between = " \t,";

	while (*field) {
		size_t n;

		field += strspn(field, between);
		n = strcspn(field, between);
		if ((n == 1 && *field == '*') || (n == strlen(tag) && strncmp(field, tag, n) == 0))
			return true;
		field += n;
	}
	return false;
}

bool api_etag_check(struct api_call *call, const json_t *shown)
{
	const char *wanted = api_header(call, "If-Match");
	char tag[API_ETAG_BYTES_MAX] = "";

	if (!wanted || (tag_of(shown, tag) && api_etag_in(wanted, tag)))
		return true;
	api_fail(call, 412, API_CODE_CONFLICT, NULL,
	         "access.api.error.conflict: it has been changed meanwhile");
	return false;
}
