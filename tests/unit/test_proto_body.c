/* SPDX-License-Identifier: GPL-2.0-only */
#include <criterion/criterion.h>

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
