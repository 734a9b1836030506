/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/target.h"

#include "base/text.h"
#include "proto/byte.h"

/* Bytes of "http://" or "https://" at the start, 0 if there is neither. */
static size_t scheme_len(struct slice in)
{
	static const struct slice schemes[] = { SLICE("http://"), SLICE("https://") };

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (in.len >= schemes[i].len &&
		    text_eq_nocase(slice_sub(in, 0, schemes[i].len), schemes[i]))
			return schemes[i].len;
	return 0;
}

static bool split_absolute(struct slice in, struct target *out)
{
	size_t start = scheme_len(in);
	size_t end = start;

	while (end < in.len && in.ptr[end] != '/' && in.ptr[end] != '?')
		end++;
	if (start == 0 || end == start)
		return false;
	out->form = TARGET_ABSOLUTE;
	out->authority = slice_sub(in, start, end - start);
	out->path = slice_sub(in, end, in.len - end);
	return true;
}

static bool has_byte(struct slice in, char c)
{
	return memchr(in.ptr, c, in.len) != NULL;
}

bool target_split(struct slice method, struct slice target, struct target *out)
{
	if (target.len == 0 || !byte_all(target, BYTE_VISIBLE) || has_byte(target, '#'))
		return false;
	if (slice_eq(method, SLICE("CONNECT"))) {
		if (!has_byte(target, ':') || has_byte(target, '/') || has_byte(target, '?'))
			return false;
		*out = (struct target){ .form = TARGET_AUTHORITY, .authority = target };
		return true;
	}
	if (target.ptr[0] == '/') {
		*out = (struct target){ .form = TARGET_ORIGIN, .path = target };
		return true;
	}
	if (slice_eq(method, SLICE("OPTIONS")) && slice_eq(target, SLICE("*"))) {
		*out = (struct target){ .form = TARGET_ASTERISK, .path = target };
		return true;
	}
	return split_absolute(target, out);
}
