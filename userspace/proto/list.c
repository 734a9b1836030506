/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/list.h"

#include "base/text.h"
#include "proto/byte.h"
#include "proto/head.h"

/* Bytes up to the next comma outside quotes, or to the end. */
static size_t member_end(struct slice s)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"')
			quoted = !quoted;
		else if (quoted && s.ptr[i] == '\\')
			i++;
		else if (!quoted && s.ptr[i] == ',')
			return i;
	}
	return s.len;
}

bool list_next(struct slice *rest, struct slice *out_member)
{
	while (rest->len > 0) {
		size_t end = member_end(*rest);
		size_t used = end < rest->len ? end + 1 : end;
		struct slice member = byte_trim(slice_sub(*rest, 0, end));

		*rest = slice_sub(*rest, used, rest->len - used);
		if (member.len > 0) {
			*out_member = member;
			return true;
		}
	}
	return false;
}

bool list_has(struct slice value, struct slice token)
{
	struct slice member = { 0 };

	while (list_next(&value, &member))
		if (text_eq_nocase(member, token))
			return true;
	return false;
}
