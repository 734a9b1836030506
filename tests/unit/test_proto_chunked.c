/* SPDX-License-Identifier: GPL-2.0-only */
#include "heads.h"
#include "proto/chunked.h"

#define X16  "xxxxxxxxxxxxxxxx"
#define X64  X16 X16 X16 X16
#define X252 X64 X64 X64 X16 X16 X16 "xxxxxxxxxxxx"

static const struct {
	const char *why;
	struct slice in;
	enum refusal want;
	uint32_t len;
	uint32_t last;
	uint32_t total;
} rows[] = {
	{ "one chunk", SLICE("5\r\nhello\r\n0\r\n\r\n"), REFUSAL_NONE, 13, true, 5 },
	{ "no data", SLICE("0\r\n\r\n"), REFUSAL_NONE, 3, true, 0 },
	{ "zeros", SLICE("0000000000000000\r\n"), REFUSAL_NONE, 18, true, 0 },
	{ "two chunks, both cases", SLICE("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n"),
	  REFUSAL_NONE, 33, true, 20 },
	{ "data that looks like chunks", SLICE("5\r\n0\r\n\r\n\r\n0\r\n"), REFUSAL_NONE, 13, true,
	  5 },
	{ "in the middle of data", SLICE("5\r\nhe"), REFUSAL_NONE, 5, false, 2 },
	{ "in the middle of a size", SLICE("5"), REFUSAL_NONE, 1, false, 0 },
	{ "trailers are another's", SLICE("0\r\nA: b\r\n\r\n"), REFUSAL_NONE, 3, true, 0 },
	{ "largest size", SLICE("7fffffffffffffff\r\nx"), REFUSAL_NONE, 19, false, 1 },
	{ "extension", SLICE("1;a\r\nx\r\n0\r\n"), REFUSAL_NONE, 11, true, 1 },
	{ "extension with a value", SLICE("1;a=b;c=d\r\nx\r\n0\r\n"), REFUSAL_NONE, 17, true, 1 },
	{ "white space where BWS may be", SLICE("1 ; a = b\t;c\r\nx\r\n0\r\n"), REFUSAL_NONE, 20,
	  true, 1 },
	{ "quoted value", SLICE("1;a=\";,\\\"\\\\ \xe9=\"\r\nx\r\n0\r\n"), REFUSAL_NONE, 23, true,
	  1 },
	{ "quoted value, then more", SLICE("1;a=\"b\" ;c\r\nx\r\n0\r\n"), REFUSAL_NONE, 18, true,
	  1 },
	{ "extension of the last chunk", SLICE("0;a=b\r\n"), REFUSAL_NONE, 7, true, 0 },
	{ "a line as long as it may be", SLICE("1;aa" X252 "\r\nx\r\n0\r\n"), REFUSAL_NONE, 264,
	  true, 1 },
	{ "one byte longer", SLICE("1;aaa" X252 "\r\nx\r\n0\r\n"), REFUSAL_CHUNK_EXTENSION, 0, 0,
	  0 },
	{ "no digit", SLICE("\r\n"), REFUSAL_CHUNK_SIZE, 0, 0, 0 },
	{ "extension without a size", SLICE(";a\r\n"), REFUSAL_CHUNK_SIZE, 0, 0, 0 },
	{ "0x", SLICE("0x5\r\nhello\r\n"), REFUSAL_CHUNK_SIZE, 0, 0, 0 },
	{ "plus", SLICE("+5\r\n"), REFUSAL_CHUNK_SIZE, 0, 0, 0 },
	{ "minus", SLICE("-5\r\n"), REFUSAL_CHUNK_SIZE, 0, 0, 0 },
	{ "space first", SLICE(" 5\r\n"), REFUSAL_CHUNK_SIZE, 0, 0, 0 },
	{ "junk behind", SLICE("5g\r\n"), REFUSAL_CHUNK_SIZE, 0, 0, 0 },
	{ "comma", SLICE("5,5\r\n"), REFUSAL_CHUNK_SIZE, 0, 0, 0 },
	{ "NUL behind", SLICE("5\0\r\n"), REFUSAL_CHUNK_SIZE, 0, 0, 0 },
	{ "17 digits", SLICE("00000000000000005\r\n"), REFUSAL_CHUNK_SIZE, 0, 0, 0 },
	{ "2^64 wraps to 0", SLICE("10000000000000000\r\n"), REFUSAL_CHUNK_SIZE, 0, 0, 0 },
	{ "2^63", SLICE("8000000000000000\r\n"), REFUSAL_CHUNK_OVERFLOW, 0, 0, 0 },
	{ "2^64-1", SLICE("ffffffffffffffff\r\n"), REFUSAL_CHUNK_OVERFLOW, 0, 0, 0 },
	{ "space behind the size", SLICE("5 \r\nhello\r\n"), REFUSAL_CHUNK_EXTENSION, 0, 0, 0 },
	{ "two sizes", SLICE("5 5\r\nhello\r\n"), REFUSAL_CHUNK_EXTENSION, 0, 0, 0 },
	{ "extension without a name", SLICE("5;\r\nhello\r\n"), REFUSAL_CHUNK_EXTENSION, 0, 0, 0 },
	{ "value without a name", SLICE("5;=b\r\nhello\r\n"), REFUSAL_CHUNK_EXTENSION, 0, 0, 0 },
	{ "name without a value", SLICE("5;a=\r\nhello\r\n"), REFUSAL_CHUNK_EXTENSION, 0, 0, 0 },
	{ "open quote", SLICE("5;a=\"b\r\nhello\r\n"), REFUSAL_CHUNK_EXTENSION, 0, 0, 0 },
	{ "quote behind a token", SLICE("5;a=b\"c\"\r\nhello\r\n"), REFUSAL_CHUNK_EXTENSION, 0, 0,
	  0 },
	{ "token behind a quote", SLICE("5;a=\"b\"c\r\nhello\r\n"), REFUSAL_CHUNK_EXTENSION, 0, 0,
	  0 },
	{ "8-bit outside quotes", SLICE("5;a\xe9\r\nhello\r\n"), REFUSAL_CHUNK_EXTENSION, 0, 0, 0 },
	{ "NUL in quotes", SLICE("5;a=\"\0\"\r\nhello\r\n"), REFUSAL_CHUNK_EXTENSION, 0, 0, 0 },
	{ "escaped CR", SLICE("5;a=\"\\\r\n\"\r\nhello\r\n"), REFUSAL_CHUNK_EXTENSION, 0, 0, 0 },
	{ "bare LF behind the size", SLICE("5\nhello\r\n"), REFUSAL_BARE_LF, 0, 0, 0 },
	{ "bare LF behind an extension", SLICE("5;a\nhello\r\n"), REFUSAL_BARE_LF, 0, 0, 0 },
	{ "bare LF in quotes", SLICE("5;a=\"\n\"\r\nhello\r\n"), REFUSAL_BARE_LF, 0, 0, 0 },
	{ "bare LF behind the last size", SLICE("0\n\r\n"), REFUSAL_BARE_LF, 0, 0, 0 },
	{ "bare CR", SLICE("5\rhello\r\n"), REFUSAL_BARE_CR, 0, 0, 0 },
	{ "two CRs", SLICE("5\r\r\nhello\r\n"), REFUSAL_BARE_CR, 0, 0, 0 },
	{ "data too long", SLICE("5\r\nhello!\r\n"), REFUSAL_CHUNK_END, 0, 0, 0 },
	{ "bare LF behind data", SLICE("5\r\nhello\n0\r\n"), REFUSAL_CHUNK_END, 0, 0, 0 },
	{ "bare CR behind data", SLICE("5\r\nhello\r0\r\n"), REFUSAL_CHUNK_END, 0, 0, 0 },
	{ "the next size at once", SLICE("5\r\nhello0\r\n"), REFUSAL_CHUNK_END, 0, 0, 0 },
};

Test(chunked, a_body_ends_with_the_last_chunk_line)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct chunked c = { 0 };
		size_t len = 0;
		bool last = false;

		EXPECT_REFUSAL(chunked_walk(&c, rows[i].in, UINT64_MAX, &len, &last), rows[i].want,
		               rows[i].why);
		cr_expect_eq(len, rows[i].len, "%s: %zu", rows[i].why, len);
		cr_expect_eq(last, rows[i].last, "%s", rows[i].why);
		if (rows[i].want == REFUSAL_NONE)
			cr_expect_eq(c.total, rows[i].total, "%s", rows[i].why);
	}
}

Test(chunked, a_body_in_pieces_of_any_size_is_the_same_body)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t step = 1; step < 8; step++) {
			struct chunked c = { 0 };
			enum refusal r = REFUSAL_NONE;
			size_t at = 0;
			bool last = false;

			while (at < rows[i].in.len && r == REFUSAL_NONE && !last) {
				size_t left = rows[i].in.len - at;
				size_t len = 0;

				r = chunked_walk(
					&c, slice_sub(rows[i].in, at, left < step ? left : step),
					UINT64_MAX, &len, &last);
				at += len;
			}
			EXPECT_REFUSAL(r, rows[i].want, rows[i].why);
			cr_expect_eq(last, rows[i].last, "%s by %zu", rows[i].why, step);
			if (rows[i].want == REFUSAL_NONE)
				cr_expect_eq(at, rows[i].len, "%s by %zu", rows[i].why, step);
		}
	}
}

Test(chunked, the_limit_is_on_the_data_of_all_chunks)
{
	const struct slice in = SLICE("5\r\nhello\r\n5\r\nworld\r\n0\r\n");
	struct chunked c = { 0 };
	size_t len = 0;
	bool last = false;

	EXPECT_REFUSAL(chunked_walk(&c, in, 10, &len, &last), REFUSAL_NONE, "just enough");
	cr_expect(last);
	c = (struct chunked){ 0 };
	EXPECT_REFUSAL(chunked_walk(&c, in, 9, &len, &last), REFUSAL_BODY_TOO_LARGE, "one over");
	c = (struct chunked){ 0 };
	EXPECT_REFUSAL(chunked_walk(&c, SLICE("5\r\n"), 4, &len, &last), REFUSAL_BODY_TOO_LARGE,
	               "refused before the data comes");
	c = (struct chunked){ 0 };
	EXPECT_REFUSAL(chunked_walk(&c, SLICE("0\r\n"), 0, &len, &last), REFUSAL_NONE, "nothing");
	c = (struct chunked){ .total = 10 };
	EXPECT_REFUSAL(chunked_walk(&c, SLICE("1\r\n"), 9, &len, &last), REFUSAL_BODY_TOO_LARGE,
	               "a limit that has shrunk meanwhile");
}

Test(chunked, nothing_is_body_behind_the_last_chunk)
{
	struct chunked c = { 0 };
	size_t len = 7;
	bool last = false;

	EXPECT_REFUSAL(chunked_walk(&c, SLICE("0\r\n"), UINT64_MAX, &len, &last), REFUSAL_NONE,
	               "last");
	EXPECT_REFUSAL(chunked_walk(&c, SLICE("5\r\n"), UINT64_MAX, &len, &last), REFUSAL_NONE,
	               "again");
	cr_expect_eq(len, 0);
	cr_expect(last);
}

Test(chunked, a_trailer_section_ends_with_an_empty_line)
{
	static const struct {
		const char *why;
		struct slice in;
		enum refusal want;
		size_t len;
	} ends[] = {
		{ "empty", SLICE("\r\nGET"), REFUSAL_NONE, 2 },
		{ "one field", SLICE("A: b\r\n\r\nGET"), REFUSAL_NONE, 8 },
		{ "unfinished", SLICE("A: b\r\n\r"), REFUSAL_NONE, 0 },
		{ "nothing yet", SLICE(""), REFUSAL_NONE, 0 },
		{ "bare LF", SLICE("\n"), REFUSAL_BARE_LF, 0 },
		{ "bare LF in a line", SLICE("A: b\n\n"), REFUSAL_BARE_LF, 0 },
		{ "bare CR", SLICE("A: b\rC: d\r\n\r\n"), REFUSAL_BARE_CR, 0 },
		{ "NUL", SLICE("A: b\0\r\n\r\n"), REFUSAL_NUL, 0 },
	};
	static uint8_t longest[TRAILER_BYTES_MAX];
	const struct slice end = SLICE("\r\n\r\n");

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		size_t len = 0;

		EXPECT_REFUSAL(trailer_end(ends[i].in, &len), ends[i].want, ends[i].why);
		cr_expect_eq(len, ends[i].len, "%s", ends[i].why);
	}
	for (size_t i = 0; i < 2; i++) {
		size_t len = 0;

		memset(longest, 'a', sizeof(longest));
		if (i == 0)
			memcpy(longest + sizeof(longest) - end.len, end.ptr, end.len);
		EXPECT_REFUSAL(trailer_end(slice_of(longest, sizeof(longest)), &len),
		               i == 0 ? REFUSAL_NONE : REFUSAL_TRAILER, "longest");
		cr_expect_eq(len, i == 0 ? sizeof(longest) : 0);
	}
}
