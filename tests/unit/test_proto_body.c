/* SPDX-License-Identifier: GPL-2.0-only */
#include <criterion/criterion.h>
#include <string.h>

#include "proto/body.h"

static struct body_taken take(struct body *b, const char *in, struct sink *tail)
{
	struct body_taken taken = { 0 };

	cr_assert_eq(body_take(b, slice_of(in, strlen(in)), NULL, tail, &taken), REFUSAL_NONE);
	return taken;
}

Test(body, of_known_length_ends_there_and_leaves_what_is_behind)
{
	const struct framing f = { .kind = BODY_LENGTH, .length = 6 };
	struct sink tail = { 0 };
	struct body_taken t;
	struct body b;

	body_begin(&b, &f, UINT64_MAX);
	cr_expect_eq(body_wants(&b), 6);
	t = take(&b, "abcd", &tail);
	cr_expect(t.forward == 4 && t.consumed == 4 && !b.is_done);
	t = take(&b, "efGET", &tail);
	cr_expect(t.forward == 2 && t.consumed == 2 && b.is_done);
	t = take(&b, "GET", &tail);
	cr_expect(t.forward == 0 && t.consumed == 0);
	cr_expect(body_end(&b));
}

Test(body, cut_short_is_no_proper_end)
{
	const struct framing f = { .kind = BODY_LENGTH, .length = 6 };
	struct sink tail = { 0 };
	struct body b;

	body_begin(&b, &f, UINT64_MAX);
	(void)take(&b, "abcd", &tail);
	cr_expect_not(body_end(&b));
}

Test(body, until_close_takes_all_and_ends_with_the_connection)
{
	const struct framing f = { .kind = BODY_UNTIL_CLOSE };
	struct sink tail = { 0 };
	struct body b;

	body_begin(&b, &f, UINT64_MAX);
	cr_expect_eq(take(&b, "anything", &tail).forward, 8);
	cr_expect_not(b.is_done);
	cr_expect_eq(body_wants(&b), UINT64_MAX);
	cr_expect(body_end(&b));
}

Test(body, chunked_in_one_piece_ends_behind_its_trailer)
{
	const struct framing f = { .kind = BODY_CHUNKED };
	uint8_t bytes[256];
	struct sink tail = sink_of(bytes, sizeof(bytes));
	struct body_taken t;
	struct body b;

	body_begin(&b, &f, UINT64_MAX);
	t = take(&b, "3\r\nabc\r\n0\r\nX-Sum: 1\r\nCf-Client-Cert-Sha256: forged\r\n\r\nGET",
	         &tail);
	cr_expect_eq(t.forward, strlen("3\r\nabc\r\n0\r\n"));
	cr_expect_eq(t.consumed,
	             strlen("3\r\nabc\r\n0\r\nX-Sum: 1\r\nCf-Client-Cert-Sha256: forged\r\n\r\n"));
	cr_expect(slice_eq(sink_slice(&tail), SLICE("X-Sum: 1\r\n\r\n")));
	cr_expect(b.is_done);
}

/* The same wherever it is cut; a trailer that is not whole is handed in again. */
Test(body, chunked_may_be_cut_anywhere)
{
	static const char whole[] = "4;x=y\r\nab\r\n\r\n0\r\nX-A: b\r\n\r\nrest";
	const struct framing f = { .kind = BODY_CHUNKED };

	for (size_t cut = 0; cut < sizeof(whole) - 1; cut++) {
		uint8_t out[256];
		uint8_t bytes[256];
		struct sink sent = sink_of(out, sizeof(out));
		struct sink tail = sink_of(bytes, sizeof(bytes));
		struct body_taken t;
		struct body b;
		size_t at;

		body_begin(&b, &f, UINT64_MAX);
		cr_assert_eq(body_take(&b, slice_of(whole, cut), NULL, &tail, &t), REFUSAL_NONE);
		sink_put(&sent, slice_of(whole, t.forward));
		at = t.consumed;
		cr_assert_eq(body_take(&b, slice_of(whole + at, sizeof(whole) - 1 - at), NULL,
		                       &tail, &t),
		             REFUSAL_NONE);
		sink_put(&sent, slice_of(whole + at, t.forward));
		sink_put(&sent, sink_slice(&tail));
		cr_expect(b.is_done, "cut at %zu", cut);
		cr_expect_eq(at + t.consumed, sizeof(whole) - 1 - 4, "cut at %zu", cut);
		cr_expect(slice_eq(sink_slice(&sent),
		                   SLICE("4;x=y\r\nab\r\n\r\n0\r\nX-A: b\r\n\r\n")),
		          "cut at %zu", cut);
	}
}

Test(body, chunked_over_the_limit_is_refused)
{
	const struct framing f = { .kind = BODY_CHUNKED };
	struct sink tail = { 0 };
	struct body_taken t;
	struct body b;

	body_begin(&b, &f, 4);
	cr_expect_eq(body_take(&b, SLICE("5\r\nabcde\r\n"), NULL, &tail, &t),
	             REFUSAL_BODY_TOO_LARGE);
}

static const struct framing of_length = { .kind = BODY_LENGTH, .length = 26 };
static const struct framing in_chunks = { .kind = BODY_CHUNKED };
static const struct framing until_close = { .kind = BODY_UNTIL_CLOSE };

static const struct {
	const char *why;
	const struct framing *framing;
	const char *bytes;
	uint64_t max;
	enum refusal want;
} skipped[] = {
	{ "of known length", &of_length, "abcdefghijklmnopqrstuvwxyzGET /", UINT64_MAX,
	  REFUSAL_NONE },
	{ "cut short", &of_length, "abcdefghijklm", UINT64_MAX, REFUSAL_NONE },
	{ "one chunk", &in_chunks, "1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\nGET", UINT64_MAX,
	  REFUSAL_NONE },
	{ "many chunks, extensions, trailer", &in_chunks,
	  "3;x=y\r\nabc\r\n1\r\n\n\r\n8\r\n\r\n0\r\n\r\nz\r\n0;e\r\nA: b\r\n\r\nmore", UINT64_MAX,
	  REFUSAL_NONE },
	{ "as much as is allowed", &in_chunks, "6\r\nabcdef\r\n4\r\nghij\r\n0\r\n\r\n", 10,
	  REFUSAL_NONE },
	{ "more than is allowed", &in_chunks, "6\r\nabcdef\r\n5\r\nghijk\r\n0\r\n\r\n", 10,
	  REFUSAL_BODY_TOO_LARGE },
	{ "data that does not end where it said", &in_chunks, "6\r\nabcdefg\n0\r\n\r\n", UINT64_MAX,
	  REFUSAL_CHUNK_END },
	{ "until the end of the connection", &until_close, "0\r\n\r\nanything", UINT64_MAX,
	  REFUSAL_NONE },
};

struct followed {
	enum refusal why;
	size_t consumed;
	bool is_done;
	struct sink sent;
	uint8_t bytes[256];
};

/* Follows @in in random pieces; of the bytes that need not be looked at some are skipped. */
static void follow(size_t row, bool skips, uint32_t seed, struct followed *f)
{
	struct slice in = slice_of(skipped[row].bytes, strlen(skipped[row].bytes));
	struct body b;
	size_t end = 0;

	*f = (struct followed){ .sent = sink_of(f->bytes, sizeof(f->bytes)) };
	body_begin(&b, skipped[row].framing, skipped[row].max);
	while (f->why == REFUSAL_NONE && !b.is_done && end < in.len) {
		struct body_taken t = { 0 };
		uint64_t opaque = body_opaque(&b);
		uint8_t tail[256];
		struct sink trailer = sink_of(tail, sizeof(tail));

		seed = seed * 1664525U + 1013904223U;
		if (skips && opaque > 0 && seed >> 31 == 0 && end == f->consumed) {
			size_t n = 1 + (seed >> 8) % (in.len - end);

			n = n > opaque ? (size_t)opaque : n;
			body_skip(&b, n);
			sink_put(&f->sent, slice_sub(in, end, n));
			end = f->consumed = end + n;
			continue;
		}
		end += 1 + (seed >> 8) % (in.len - end);
		f->why = body_take(&b, slice_sub(in, f->consumed, end - f->consumed), NULL,
		                   &trailer, &t);
		sink_put(&f->sent, slice_sub(in, f->consumed, t.forward));
		sink_put(&f->sent, sink_slice(&trailer));
		f->consumed += t.consumed;
	}
	f->is_done = b.is_done;
	if (b.is_done)
		cr_assert_eq(body_opaque(&b), 0);
}

Test(body, skipped_in_part_is_the_same_body)
{
	for (size_t i = 0; i < ARRAY_LEN(skipped); i++) {
		struct followed whole;

		follow(i, false, 1, &whole);
		cr_expect_eq(whole.why, skipped[i].want, "%s", skipped[i].why);
		for (uint32_t seed = 0; seed < 2000; seed++) {
			struct followed part;

			follow(i, true, seed, &part);
			cr_assert_eq(part.why, whole.why, "%s, seed %u", skipped[i].why, seed);
			if (part.why != REFUSAL_NONE)
				continue;
			cr_assert_eq(part.consumed, whole.consumed, "%s, seed %u", skipped[i].why,
			             seed);
			cr_assert_eq(part.is_done, whole.is_done, "%s, seed %u", skipped[i].why,
			             seed);
			cr_assert(slice_eq(sink_slice(&part.sent), sink_slice(&whole.sent)),
			          "%s, seed %u", skipped[i].why, seed);
		}
	}
}

/* What may go past unseen: nothing that frames. */
Test(body, is_opaque_only_where_no_byte_of_it_means_anything)
{
	static const struct {
		const char *seen;
		uint64_t want;
	} rows[] = { { "", 0 },
		     { "1", 0 },
		     { "10", 0 },
		     { "10\r", 0 },
		     { "10\r\n", 16 },
		     { "10\r\nabc", 13 },
		     { "1\r\na", 0 },
		     { "1\r\na\r", 0 },
		     { "1\r\na\r\n2", 0 },
		     { "1\r\na\r\n0\r\n", 0 } };
	const struct framing none = { .kind = BODY_NONE };
	const struct framing tunnel = { .kind = BODY_TUNNEL };
	struct sink tail = { 0 };
	struct body b;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		body_begin(&b, &in_chunks, UINT64_MAX);
		(void)take(&b, rows[i].seen, &tail);
		cr_expect_eq(body_opaque(&b), rows[i].want, "%s", rows[i].seen);
	}
	body_begin(&b, &none, UINT64_MAX);
	cr_expect_eq(body_opaque(&b), 0);
	body_begin(&b, &tunnel, UINT64_MAX);
	cr_expect_eq(body_opaque(&b), 0);
	body_begin(&b, &of_length, UINT64_MAX);
	cr_expect_eq(body_opaque(&b), 26);
	body_skip(&b, 26);
	cr_expect(b.is_done);
	body_begin(&b, &until_close, UINT64_MAX);
	cr_expect_eq(body_opaque(&b), UINT64_MAX);
	body_skip(&b, 1000);
	cr_expect_not(b.is_done);
	cr_expect(body_end(&b));
}
