/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Oracles: a head that trickles in ends where the whole one does, and where a
 * byte-by-byte reading says; what parses is made of slices of the input that
 * hold what the grammar allows and miss no line.
 */
#include "fuzz.h"

static enum refusal slow_end(struct slice in, size_t limit, size_t *out_len)
{
	size_t n = in.len < limit ? in.len : limit;
	size_t line = 0; /* bytes in the current line */

	*out_len = 0;
	for (size_t i = 0; i < n; i++) {
		bool is_end = in.ptr[i] == '\r' && i + 1 < n && in.ptr[i + 1] == '\n';

		if (in.ptr[i] == '\0')
			return REFUSAL_NUL;
		if (in.ptr[i] == '\n')
			return REFUSAL_BARE_LF;
		if (in.ptr[i] == '\r' && i + 1 == n)
			break;
		if (in.ptr[i] == '\r' && !is_end)
			return REFUSAL_BARE_CR;
		if (!is_end) {
			line++;
			continue;
		}
		i++;
		if (line == 0) {
			*out_len = i + 1;
			return REFUSAL_NONE;
		}
		line = 0;
	}
	return n == limit ? REFUSAL_HEAD_TOO_LARGE : REFUSAL_NONE;
}

static void check_end(struct slice in, size_t limit, size_t step)
{
	size_t want_len;
	size_t whole_len = 0;
	size_t len = 0;
	enum refusal want = slow_end(in, limit, &want_len);
	enum refusal whole = head_end(in, 0, limit, &whole_len);
	enum refusal r = REFUSAL_NONE;

	must(whole == want);
	must(whole_len == want_len);
	for (size_t n = 0; n < in.len && r == REFUSAL_NONE && len == 0;) {
		size_t seen = n;

		n = in.len - n > step ? n + step : in.len;
		r = head_end(slice_sub(in, 0, n), seen, limit, &len);
	}
	must(r == whole);
	must(len == whole_len);
}

static bool slow_token(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] <= ' ' || s.ptr[i] >= 0x7F || strchr("\"(),/:;<=>?@[\\]{}", s.ptr[i]))
			return false;
	return s.len > 0;
}

static void check_fields(struct slice in, const struct head *h)
{
	size_t lines = 0;

	for (size_t i = 0; i < in.len; i++)
		lines += in.ptr[i] == '\n';
	must(h->fields_len + 2 == lines);
	must(h->minor <= 1);
	for (size_t i = 0; i < h->fields_len; i++) {
		const struct field *f = &h->fields[i];

		must(slow_inside(in, f->name));
		must(slow_inside(in, f->value));
		must(slow_token(f->name));
		must(f->name.ptr[f->name.len] == ':');
		must(f->name.ptr[-1] == '\n');
		for (size_t j = 0; j < f->value.len; j++)
			must(f->value.ptr[j] == '\t' ||
			     (f->value.ptr[j] >= ' ' && f->value.ptr[j] != 0x7F));
		must(head_find(h, f->name) <= f);
	}
}

static void check_parse(struct slice in)
{
	struct head h;
	const struct head_limits tight = { .head_bytes = 64, .target_bytes = 8, .fields = 2 };

	if (head_parse_request(in, &widest, &h) == REFUSAL_NONE) {
		check_fields(in, &h);
		must(slow_token(h.method));
		must(h.target.len > 0);
		for (size_t i = 0; i < h.target.len; i++)
			must(h.target.ptr[i] > ' ' && h.target.ptr[i] < 0x7F &&
			     h.target.ptr[i] != '#');
		must(h.target.ptr == in.ptr + h.method.len + 1);
	}
	if (head_parse_request(in, &tight, &h) == REFUSAL_NONE) {
		must(in.len <= 64);
		must(h.target.len <= 8);
		must(h.fields_len <= 2);
	}
	if (head_parse_response(in, &widest, &h) == REFUSAL_NONE) {
		check_fields(in, &h);
		must(h.status >= 100 && h.status <= 999);
		must(slow_inside(in, h.reason));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice in = slice_of(data, len);
	size_t end = 0;

	check_end(in, HEAD_BYTES_MAX, 1);
	check_end(in, HEAD_BYTES_MAX, 7);
	check_end(in, 33, 1);
	if (head_end(in, 0, HEAD_BYTES_MAX, &end) == REFUSAL_NONE && end > 0)
		check_parse(slice_sub(in, 0, end));
	must(head_skip_blank(in) <= 4);
	return 0;
}
