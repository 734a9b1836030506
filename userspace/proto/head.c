/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/head.h"

#include "base/text.h"
#include "proto/byte.h"
#include "proto/field.h"
#include "proto/target.h"

enum refusal head_end(struct slice in, size_t seen, size_t limit, size_t *out_len)
{
	must(limit >= 1);
	must(limit <= HEAD_BYTES_MAX);
	return field_section_end(in, seen, limit, out_len);
}

size_t head_skip_blank(struct slice in)
{
	size_t at = 0;

	while (at < 4 && field_line_empty(in, at))
		at += 2;
	return at;
}

/* The first line without its CRLF, which is the first control byte of a sane one. */
static bool first_line(struct slice in, struct slice *out)
{
	size_t end = byte_next_control(in, 0);

	if (!field_line_empty(in, end))
		return false;
	*out = slice_sub(in, 0, end);
	return true;
}

static bool split_at_space(struct slice in, struct slice *out_before, struct slice *out_after)
{
	const uint8_t *space = memchr(in.ptr, ' ', in.len);
	size_t at;

	if (!space)
		return false;
	at = (size_t)(space - in.ptr);
	*out_before = slice_sub(in, 0, at);
	*out_after = slice_sub(in, at + 1, in.len - at - 1);
	return true;
}

/* "HTTP/1.0" and "HTTP/1.1"; any other "HTTP/d.d" is a version, just not ours. */
static enum refusal parse_version(struct slice in, unsigned int *out_minor)
{
	if (in.len != 8 || memcmp(in.ptr, "HTTP/", 5) != 0 || in.ptr[6] != '.' ||
	    !byte_is(in.ptr[5], BYTE_DIGIT) || !byte_is(in.ptr[7], BYTE_DIGIT))
		return REFUSAL_REQUEST_LINE;
	if (in.ptr[5] != '1' || in.ptr[7] > '1')
		return REFUSAL_VERSION;
	*out_minor = in.ptr[7] - '0';
	return REFUSAL_NONE;
}

static enum refusal parse_request_line(struct slice line, const struct head_limits *limits,
                                       struct head *out)
{
	struct slice rest = { 0 };
	struct slice version = { 0 };
	struct target target;
	enum refusal r;

	if (!split_at_space(line, &out->method, &rest))
		return REFUSAL_REQUEST_LINE;
	if (out->method.len == 0 || !byte_all(out->method, BYTE_TOKEN))
		return REFUSAL_METHOD;
	if (!split_at_space(rest, &out->target, &version) || out->target.len == 0)
		return REFUSAL_REQUEST_LINE;
	r = parse_version(version, &out->minor);
	if (r != REFUSAL_NONE)
		return r;
	if (out->target.len > limits->target_bytes)
		return REFUSAL_TARGET_TOO_LONG;
	return target_split(out->method, out->target, &target) ? REFUSAL_NONE : REFUSAL_TARGET;
}

/* The reason may hold a HTAB, so this line's end is not its first control byte. */
static bool parse_status_line(struct slice in, size_t *out_end, struct head *out)
{
	size_t end = byte_next_control(in, 0);

	while (end < in.len && in.ptr[end] == '\t')
		end = byte_next_control(in, end + 1);
	if (!field_line_empty(in, end) || end < 13)
		return false;
	if (parse_version(slice_sub(in, 0, 8), &out->minor) != REFUSAL_NONE)
		return false;
	if (in.ptr[8] != ' ' || in.ptr[12] != ' ' || in.ptr[9] == '0')
		return false;
	if (!byte_all(slice_sub(in, 9, 3), BYTE_DIGIT))
		return false;
	out->status = (in.ptr[9] - '0') * 100U + (in.ptr[10] - '0') * 10U + (in.ptr[11] - '0');
	out->reason = slice_sub(in, 13, end - 13);
	*out_end = end;
	return true;
}

/* All lines from @at on, up to the empty one, which must be the last of @in. */
static enum refusal parse_fields(struct slice in, size_t at, const struct head_limits *limits,
                                 struct head *out)
{
	out->fields_len = 0;
	while (!field_line_empty(in, at)) {
		enum refusal r;

		if (at == in.len)
			return REFUSAL_NAME_INVALID;
		if (out->fields_len == limits->fields)
			return REFUSAL_TOO_MANY_FIELDS;
		r = field_parse(in, &at, &out->fields[out->fields_len]);
		if (r != REFUSAL_NONE)
			return r;
		out->fields_len++;
	}
	return at + 2 == in.len ? REFUSAL_NONE : REFUSAL_NAME_INVALID;
}

/* Only the fields in use: the array is 4 KiB and a request has ten. */
static void head_copy(struct head *out, const struct head *h)
{
	memcpy(out, h, offsetof(struct head, fields) + h->fields_len * sizeof(h->fields[0]));
}

static void limits_check(const struct head_limits *limits)
{
	must(limits->fields <= HEAD_FIELDS_MAX);
	must(limits->head_bytes <= HEAD_BYTES_MAX);
}

enum refusal head_parse_request(struct slice in, const struct head_limits *limits, struct head *out)
{
	struct head h; /* not zeroed: see head_copy() */
	struct slice line = { 0 };
	enum refusal r;

	limits_check(limits);
	if (in.len > limits->head_bytes)
		return REFUSAL_HEAD_TOO_LARGE;
	if (!first_line(in, &line))
		return REFUSAL_REQUEST_LINE;
	r = parse_request_line(line, limits, &h);
	if (r != REFUSAL_NONE)
		return r;
	h.status = 0;
	h.reason = slice_of(NULL, 0);
	r = parse_fields(in, line.len + 2, limits, &h);
	if (r == REFUSAL_NONE)
		head_copy(out, &h);
	return r;
}

enum refusal head_parse_response(struct slice in, const struct head_limits *limits,
                                 struct head *out)
{
	struct head h;
	size_t end = 0;
	enum refusal r;

	limits_check(limits);
	if (in.len > limits->head_bytes)
		return REFUSAL_HEAD_TOO_LARGE;
	if (!parse_status_line(in, &end, &h))
		return REFUSAL_STATUS_LINE;
	h.method = slice_of(NULL, 0);
	h.target = slice_of(NULL, 0);
	r = parse_fields(in, end + 2, limits, &h);
	if (r == REFUSAL_NONE)
		head_copy(out, &h);
	return r;
}

const struct field *head_find(const struct head *head, struct slice name)
{
	for (size_t i = 0; i < head->fields_len; i++)
		if (head->fields[i].name.len == name.len &&
		    text_eq_nocase(head->fields[i].name, name))
			return &head->fields[i];
	return NULL;
}
