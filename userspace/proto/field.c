/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/field.h"

#include "proto/byte.h"

enum refusal field_section_end(struct slice in, size_t seen, size_t limit, size_t *out_len)
{
	struct slice s = in.len > limit ? slice_sub(in, 0, limit) : in;
	size_t i = seen < s.len ? seen : s.len;

	must(seen <= in.len);
	if (i > 0 && s.ptr[i - 1] == '\r')
		i--; /* its LF had not come yet */
	for (; (i = byte_next_control(s, i)) < s.len; i++) {
		if (s.ptr[i] == '\0')
			return REFUSAL_NUL;
		if (s.ptr[i] == '\n')
			return REFUSAL_BARE_LF;
		if (s.ptr[i] != '\r')
			continue;
		if (i + 1 == s.len)
			break;
		if (s.ptr[++i] != '\n')
			return REFUSAL_BARE_CR;
		if (i == 1 || (i >= 3 && s.ptr[i - 2] == '\n')) {
			*out_len = i + 1;
			return REFUSAL_NONE;
		}
	}
	if (s.len == limit)
		return REFUSAL_HEAD_TOO_LARGE;
	*out_len = 0;
	return REFUSAL_NONE;
}

/* The byte at @at ended the name without being ':'. */
static enum refusal name_broken(struct slice in, size_t at)
{
	if (at == in.len || !byte_is_space(in.ptr[at]))
		return REFUSAL_NAME_INVALID;
	while (at < in.len && byte_is_space(in.ptr[at]))
		at++;
	return at < in.len && in.ptr[at] == ':' ? REFUSAL_SPACE_BEFORE_COLON : REFUSAL_NAME_INVALID;
}

enum refusal field_parse(struct slice in, size_t *at, struct field *out)
{
	size_t name = *at;
	size_t colon = name;
	size_t end;

	must(name < in.len);
	if (byte_is_space(in.ptr[name]))
		return REFUSAL_OBS_FOLD;
	while (colon < in.len && byte_is(in.ptr[colon], BYTE_TOKEN))
		colon++;
	if (colon == in.len || in.ptr[colon] != ':')
		return name_broken(in, colon);
	if (colon == name)
		return REFUSAL_NAME_EMPTY;

	end = byte_next_control(in, colon + 1);
	while (end < in.len && in.ptr[end] == '\t')
		end = byte_next_control(in, end + 1);
	if (!field_line_empty(in, end))
		return REFUSAL_VALUE_INVALID;
	out->name = slice_of(in.ptr + name, colon - name);
	out->value = byte_trim(slice_of(in.ptr + colon + 1, end - colon - 1));
	*at = end + 2;
	return REFUSAL_NONE;
}
