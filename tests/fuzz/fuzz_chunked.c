/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Oracles: a body cut anywhere is the same body, also when data of its chunks goes past
 * unseen, and a decoder that takes whole
 * lines apart by recursive descent agrees on where it ends and what it holds.
 */
#include "fuzz.h"
#include "proto/chunked.h"

enum verdict { MORE, DONE, BROKEN };

static bool is_token(uint8_t c)
{
	return c > ' ' && c < 0x7F && !strchr("\"(),/:;<=>?@[\\]{}", c);
}

static size_t skip_space(struct slice s, size_t at)
{
	while (at < s.len && (s.ptr[at] == ' ' || s.ptr[at] == '\t'))
		at++;
	return at;
}

static size_t skip_token(struct slice s, size_t at)
{
	while (at < s.len && is_token(s.ptr[at]))
		at++;
	return at;
}

/* Behind the closing quote, or 0. */
static size_t skip_quoted(struct slice s, size_t at)
{
	for (at++; at < s.len; at++) {
		if (s.ptr[at] == '"')
			return at + 1;
		if (s.ptr[at] == '\\')
			at++;
		if (at == s.len || (s.ptr[at] < ' ' && s.ptr[at] != '\t') || s.ptr[at] == 0x7F)
			return 0;
	}
	return 0;
}

/* *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] ) to the end of @s */
static bool extensions_sane(struct slice s)
{
	size_t at = 0;

	while (at < s.len) {
		size_t start = skip_space(s, at);

		if (start == s.len || s.ptr[start] != ';')
			return false;
		start = skip_space(s, start + 1);
		at = skip_token(s, start);
		if (at == start)
			return false;
		start = skip_space(s, at);
		if (start == s.len || s.ptr[start] != '=')
			continue;
		start = skip_space(s, start + 1);
		if (start < s.len && s.ptr[start] == '"')
			at = skip_quoted(s, start);
		else
			at = skip_token(s, start);
		if (at <= start)
			return false;
	}
	return true;
}

/* @line without its CRLF. */
static bool size_line(struct slice line, uint64_t *out_size)
{
	uint64_t size = 0;
	size_t digits = 0;

	for (; digits < line.len; digits++) {
		const char *hex = "0123456789abcdef";
		int c = slow_lower(line.ptr[digits]);
		const char *at = c != '\0' ? strchr(hex, c) : NULL;

		if (!at)
			break;
		if (size > (uint64_t)INT64_MAX / 16)
			return false;
		size = size * 16 + (uint64_t)(at - hex);
	}
	*out_size = size;
	return digits > 0 && digits <= 16 && line.len <= CHUNK_LINE_MAX &&
	       extensions_sane(slice_sub(line, digits, line.len - digits));
}

static enum verdict slow_decode(struct slice in, size_t *out_end, uint64_t *out_total)
{
	size_t at = 0;

	*out_total = 0;
	for (;;) {
		const uint8_t *lf = memchr(in.ptr + at, '\n', in.len - at);
		size_t end = lf ? (size_t)(lf - in.ptr) : 0;
		uint64_t size = 0;

		if (!lf)
			return MORE;
		if (end == at || in.ptr[end - 1] != '\r')
			return BROKEN;
		if (!size_line(slice_sub(in, at, end - 1 - at), &size))
			return BROKEN;
		at = end + 1;
		if (size == 0) {
			*out_end = at;
			return DONE;
		}
		if (in.len - at < size)
			return MORE;
		at += size;
		*out_total += size;
		if (in.len - at >= 1 && in.ptr[at] != '\r')
			return BROKEN;
		if (in.len - at < 2)
			return MORE;
		if (in.ptr[at + 1] != '\n')
			return BROKEN;
		at += 2;
	}
}

struct result {
	enum refusal refusal;
	size_t len;
	uint64_t total;
	bool last;
};

/* Pieces of 1..@step_max bytes, their lengths drawn from @seed; every third that may be is skipped. */
static struct result walk(struct slice in, uint64_t max, size_t step_max, uint32_t seed)
{
	struct chunked c = { 0 };
	struct result r = { .refusal = REFUSAL_NONE };

	while (r.len < in.len && r.refusal == REFUSAL_NONE && !r.last) {
		size_t left = in.len - r.len;
		size_t step;
		size_t used = 0;

		seed = seed * 1664525U + 1013904223U;
		step = 1 + (seed >> 8) % step_max;
		if (step > left)
			step = left;
		if (seed % 3 == 0 && chunked_opaque(&c) > 0) {
			if (step > chunked_opaque(&c))
				step = (size_t)chunked_opaque(&c);
			chunked_skip(&c, step);
			r.len += step;
			continue;
		}
		r.refusal = chunked_walk(&c, slice_sub(in, r.len, step), max, &used, &r.last);
		must(used <= step);
		must(used == step || r.last || r.refusal != REFUSAL_NONE);
		r.len += used;
	}
	r.total = c.total;
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct slice in = slice_of(data, len);
	const struct result whole = walk(in, UINT64_MAX, SIZE_MAX >> 1, 1);
	const size_t steps[] = { 1, 2, 3, 17 };
	size_t end = 0;
	uint64_t total = 0;
	enum verdict slow = slow_decode(in, &end, &total);

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		const struct result cut = walk(in, UINT64_MAX, steps[i], (uint32_t)len);

		must(cut.refusal == whole.refusal);
		if (cut.refusal != REFUSAL_NONE)
			continue;
		must(cut.len == whole.len);
		must(cut.total == whole.total);
		must(cut.last == whole.last);
	}
	if (slow == DONE) {
		must(whole.last);
		must(whole.len == end);
		must(whole.total == total);
		must(total == 0 || walk(in, total - 1, 5, 2).refusal == REFUSAL_BODY_TOO_LARGE);
		must(walk(in, total, 5, 3).last);
	} else {
		must(!whole.last);
		must(slow == MORE || whole.refusal != REFUSAL_NONE);
	}
	return 0;
}
