/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Oracles: what is accepted fits a plain count of the fields that frame; the order
 * of the fields and the case of their names change nothing.
 */
#include "fuzz.h"
#include "proto/framing.h"

static struct slice slow_value(const struct head *h, const char *name)
{
	for (size_t i = 0; i < h->fields_len; i++)
		if (slow_is(h->fields[i].name, name))
			return h->fields[i].value;
	return SLICE("");
}

/* @s is @length in decimal, with or without leading zeros. */
static bool slow_decimal(struct slice s, uint64_t length)
{
	if (s.len == 0)
		return false;
	for (size_t i = s.len; i > 0; i--, length /= 10)
		if (s.ptr[i - 1] != '0' + length % 10)
			return false;
	return length == 0;
}

static void check_body(const struct head *h, const struct framing *f)
{
	size_t lengths = slow_count(h, "content-length");
	size_t codings = slow_count(h, "transfer-encoding");

	must(lengths + codings <= 1);
	must(f->kind == BODY_LENGTH || f->length == 0);
	if (lengths == 1 && (f->kind == BODY_LENGTH || h->status == 0))
		must(slow_decimal(slow_value(h, "content-length"), f->length));
	if (codings == 1)
		must(slow_is(slow_value(h, "transfer-encoding"), "chunked"));
	switch (f->kind) {
	case BODY_LENGTH:
		must(lengths == 1);
		must(f->length > 0 && f->length <= INT64_MAX);
		break;
	case BODY_CHUNKED:
		must(codings == 1);
		must(h->minor == 1);
		break;
	case BODY_UNTIL_CLOSE:
		must(h->status >= 200);
		must(lengths + codings == 0);
		must(!f->keep_alive);
		break;
	case BODY_TUNNEL:
		must(h->status == 101);
		break;
	case BODY_NONE:
		must(h->status != 0 || codings == 0);
		break;
	}
}

/* The fields in reverse, the names in upper case, which go to @names. */
static void mirror(const struct head *h, uint8_t *names, struct head *out)
{
	*out = *h;
	for (size_t i = 0; i < h->fields_len; i++) {
		struct slice name = h->fields[i].name;

		for (size_t j = 0; j < name.len; j++)
			names[j] = name.ptr[j] >= 'a' && name.ptr[j] <= 'z' ? name.ptr[j] & 0xDFU
			                                                    : name.ptr[j];
		out->fields[h->fields_len - 1 - i] =
			(struct field){ slice_of(names, name.len), h->fields[i].value };
		names += name.len;
	}
}

static void must_agree(enum refusal a, const struct framing *fa, enum refusal b,
                       const struct framing *fb)
{
	must((a == REFUSAL_NONE) == (b == REFUSAL_NONE));
	if (a != REFUSAL_NONE)
		return;
	must(fa->kind == fb->kind);
	must(fa->length == fb->length);
	must(fa->keep_alive == fb->keep_alive);
	must(fa->expects_continue == fb->expects_continue);
	must(fa->wants_upgrade == fb->wants_upgrade);
}

static void check_request(const struct head *h, const struct head *mirrored)
{
	struct framing f = { 0 };
	struct framing m = { 0 };
	enum refusal r = framing_request(h, UINT64_MAX, &f);

	must_agree(r, &f, framing_request(mirrored, UINT64_MAX, &m), &m);
	if (r != REFUSAL_NONE)
		return;
	check_body(h, &f);
	must(f.kind <= BODY_CHUNKED);
	must(!f.expects_continue || (h->minor == 1 && f.kind != BODY_NONE));
	must(!f.wants_upgrade || (h->minor == 1 && f.kind == BODY_NONE));
	must(!slow_is(h->method, "connect"));
	must(!slow_is(h->method, "trace"));
	must(f.length == 0 || framing_request(h, f.length - 1, &f) == REFUSAL_BODY_TOO_LARGE);
}

static void check_response(const struct head *h, const struct head *mirrored)
{
	for (int i = 0; i < 4; i++) {
		struct framing f = { 0 };
		struct framing m = { 0 };
		enum refusal r = framing_response(h, i & 1, i & 2, &f);

		must(r == REFUSAL_NONE || r == REFUSAL_ORIGIN_BROKEN);
		must_agree(r, &f, framing_response(mirrored, i & 1, i & 2, &m), &m);
		if (r != REFUSAL_NONE)
			continue;
		check_body(h, &f);
		must(f.kind != BODY_TUNNEL || (i & 2));
		if (h->status != 101 &&
		    ((i & 1) || h->status < 200 || h->status == 204 || h->status == 304))
			must(f.kind == BODY_NONE);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t names[HEAD_BYTES_MAX];
	const struct slice in = slice_of(data, len);
	struct head h;
	struct head mirrored;

	if (head_parse_request(in, &widest, &h) == REFUSAL_NONE) {
		mirror(&h, names, &mirrored);
		check_request(&h, &mirrored);
	}
	if (head_parse_response(in, &widest, &h) == REFUSAL_NONE) {
		mirror(&h, names, &mirrored);
		check_response(&h, &mirrored);
	}
	return 0;
}
