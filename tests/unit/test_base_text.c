/* SPDX-License-Identifier: GPL-2.0-only */
#include <criterion/criterion.h>
#include <errno.h>

#include "base/text.h"

#define EXPECT_TEXT(s, want, why)                                                                  \
	cr_expect(slice_eq(sink_slice(s), (want)), "%s: got \"%.*s\"", (why), (int)(s)->len,       \
	          (const char *)(s)->ptr)

Test(text, base64_as_in_rfc_4648_section_10)
{
	static const struct {
		struct slice in, want;
	} rows[] = {
		{ SLICE(""), SLICE("") },
		{ SLICE("f"), SLICE("Zg==") },
		{ SLICE("fo"), SLICE("Zm8=") },
		{ SLICE("foo"), SLICE("Zm9v") },
		{ SLICE("foob"), SLICE("Zm9vYg==") },
		{ SLICE("fooba"), SLICE("Zm9vYmE=") },
		{ SLICE("foobar"), SLICE("Zm9vYmFy") },
		{ SLICE("\xfb\xff\xbf"), SLICE("+/+/") },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t room[16];
		struct sink s = sink_of(room, sizeof(room));

		text_base64(&s, rows[i].in);
		EXPECT_TEXT(&s, rows[i].want, "base64");
	}
}

Test(text, hex_has_two_digits_for_each_byte)
{
	uint8_t room[16];
	struct sink s = sink_of(room, sizeof(room));

	text_hex(&s, SLICE("\x00\x0f\xa5\xff"));
	EXPECT_TEXT(&s, SLICE("000fa5ff"), "lower");
	text_hex_upper(&s, SLICE("\x00\x0f\xa5\xff"));
	EXPECT_TEXT(&s, SLICE("000fa5ff000FA5FF"), "upper");
	cr_expect(!s.overflow);
	text_hex(&s, SLICE("\x01"));
	cr_expect(s.overflow);
	cr_expect_eq(s.len, 16);
}

Test(text, decimal_both_ways_over_the_whole_range)
{
	static const struct {
		uint64_t value;
		struct slice text;
	} rows[] = {
		{ 0, SLICE("0") },
		{ 9, SLICE("9") },
		{ 10, SLICE("10") },
		{ INT64_MAX, SLICE("9223372036854775807") },
		{ UINT64_MAX, SLICE("18446744073709551615") },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t room[20];
		struct sink s = sink_of(room, sizeof(room));
		uint64_t v = 1;

		text_u64(&s, rows[i].value);
		EXPECT_TEXT(&s, rows[i].text, "decimal");
		cr_expect_eq(text_parse_u64(rows[i].text, &v), 0);
		cr_expect_eq(v, rows[i].value);
	}
}

Test(text, numbers_with_anything_but_digits_are_refused_and_write_nothing)
{
	static const struct {
		const char *why;
		struct slice in;
		int want;
	} rows[] = {
		{ "empty", SLICE(""), -EINVAL },
		{ "sign", SLICE("+1"), -EINVAL },
		{ "minus", SLICE("-1"), -EINVAL },
		{ "space before", SLICE(" 1"), -EINVAL },
		{ "space behind", SLICE("1 "), -EINVAL },
		{ "hexadecimal", SLICE("0x1"), -EINVAL },
		{ "list", SLICE("1,1"), -EINVAL },
		{ "NUL", SLICE("1\0"), -EINVAL },
		{ "8-bit digit", SLICE("\xb1"), -EINVAL },
		{ "one over", SLICE("18446744073709551616"), -ERANGE },
		{ "21 digits", SLICE("100000000000000000000"), -ERANGE },
		{ "wraps to a small one", SLICE("36893488147419103233"), -ERANGE },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t v = 42;

		cr_expect_eq(text_parse_u64(rows[i].in, &v), rows[i].want, "%s", rows[i].why);
		cr_expect_eq(v, 42, "%s: written", rows[i].why);
	}
}

Test(text, json_stays_valid_whatever_comes)
{
	static const struct {
		const char *why;
		struct slice in, want;
	} rows[] = {
		{ "plain", SLICE("plain"), SLICE("plain") },
		{ "quote and backslash", SLICE("a\"b\\c"), SLICE("a\\\"b\\\\c") },
		{ "line ends", SLICE("a\r\nb"), SLICE("a\\u000d\\u000ab") },
		{ "NUL and DEL", SLICE("\0\x7f"), SLICE("\\u0000\\u007f") },
		{ "two bytes", SLICE("\xc3\xa9"), SLICE("\xc3\xa9") },
		{ "three bytes", SLICE("\xe2\x82\xac"), SLICE("\xe2\x82\xac") },
		{ "four bytes", SLICE("\xf0\x9f\x98\x80"), SLICE("\xf0\x9f\x98\x80") },
		{ "overlong", SLICE("\xc0\xaf"), SLICE("\\ufffd\\ufffd") },
		{ "overlong of three", SLICE("\xe0\x80\xaf"), SLICE("\\ufffd\\ufffd\\ufffd") },
		{ "surrogate", SLICE("\xed\xa0\x80"), SLICE("\\ufffd\\ufffd\\ufffd") },
		{ "over U+10FFFF", SLICE("\xf4\x90\x80\x80"),
		  SLICE("\\ufffd\\ufffd\\ufffd\\ufffd") },
		{ "cut short", SLICE("a\xe2\x82"), SLICE("a\\ufffd\\ufffd") },
		{ "lone continuation", SLICE("\x80z"), SLICE("\\ufffdz") },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t room[64];
		struct sink s = sink_of(room, sizeof(room));

		text_json(&s, rows[i].in);
		EXPECT_TEXT(&s, rows[i].want, rows[i].why);
	}
}

Test(text, case_is_ignored_for_ascii_letters_only)
{
	cr_expect(text_eq_nocase(SLICE("Host"), SLICE("hOST")));
	cr_expect(text_eq_nocase(SLICE(""), SLICE("")));
	cr_expect(!text_eq_nocase(SLICE("Host"), SLICE("Hos")));
	cr_expect(!text_eq_nocase(SLICE("@"), SLICE("`")), "0x40 and 0x60 differ in the same bit");
	cr_expect(!text_eq_nocase(SLICE("["), SLICE("{")));
	cr_expect(!text_eq_nocase(SLICE("-"), SLICE("\r")));
	cr_expect(!text_eq_nocase(SLICE("\xc1"), SLICE("\xe1")));
	cr_expect_eq(text_lower('Z'), 'z');
	cr_expect_eq(text_lower('['), '[');
}

Test(text, unhex_takes_exactly_so_many_digits)
{
	static const struct {
		struct slice in;
		int want;
	} rows[] = { { SLICE("00fF7e"), 0 },        { SLICE("00fF7"), -EINVAL },
		     { SLICE("00fF7e0"), -EINVAL }, { SLICE("00fF7g"), -EINVAL },
		     { SLICE("00:F7e"), -EINVAL },  { SLICE("00fF7\0"), -EINVAL },
		     { SLICE(""), -EINVAL } };
	static const uint8_t want[] = { 0x00, 0xFF, 0x7E };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t got[3] = { 1, 2, 3 };

		cr_expect_eq(text_unhex(rows[i].in, got, sizeof(got)), rows[i].want, "row %zu", i);
		if (rows[i].want == 0)
			cr_expect_arr_eq(got, want, sizeof(want));
		else
			cr_expect_eq(got[0], 1, "untouched");
	}
}

Test(text, is_utf8_without_controls)
{
	static const struct {
		const char *why;
		struct slice in;
		bool want;
	} rows[] = {
		{ "empty", SLICE(""), true },
		{ "ASCII", SLICE("a ~"), true },
		{ "two bytes", SLICE("\xC3\xA4"), true },
		{ "three bytes", SLICE("\xE2\x82\xAC"), true },
		{ "four bytes", SLICE("\xF0\x9F\x98\x80"), true },
		{ "first behind the C1 controls", SLICE("\xC2\xA0"), true },
		{ "last of the C1 controls", SLICE("\xC2\x9F"), false },
		{ "NUL", SLICE("a\0"), false },
		{ "unit separator", SLICE("\x1F"), false },
		{ "DEL", SLICE("\x7F"), false },
		{ "cut", SLICE("a\xE2\x82"), false },
		{ "overlong", SLICE("\xC0\x80"), false },
		{ "surrogate", SLICE("\xED\xA0\x80"), false },
		{ "beyond Unicode", SLICE("\xF4\x90\x80\x80"), false },
		{ "Latin-1", SLICE("\xE4"), false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		cr_expect_eq(text_is_utf8(rows[i].in), rows[i].want, "%s", rows[i].why);
}
