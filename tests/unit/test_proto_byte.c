/* SPDX-License-Identifier: GPL-2.0-only */
#include <criterion/criterion.h>
#include <ctype.h>

#include "proto/byte.h"

Test(byte, classes_are_those_of_the_grammar)
{
	for (int c = 0; c < 256; c++) {
		bool ascii = c < 128;
		bool word = ascii && isalnum(c);
		bool token = word || (c != 0 && ascii && strchr("!#$%&'*+-.^_`|~", c));
		bool quoted = c == '\t' || c == ' ' || c >= 0x80 ||
		              (ascii && isgraph(c) && c != '"' && c != '\\');

		cr_expect_eq(byte_is((uint8_t)c, BYTE_TOKEN), token, "%d", c);
		cr_expect_eq(byte_is((uint8_t)c, BYTE_VISIBLE), ascii && isgraph(c), "%d", c);
		cr_expect_eq(byte_is((uint8_t)c, BYTE_QUOTED), quoted, "%d", c);
		cr_expect_eq(byte_is((uint8_t)c, BYTE_LABEL), word || c == '-' || c == '_', "%d",
		             c);
		cr_expect_eq(byte_is((uint8_t)c, BYTE_ALPHA), ascii && isalpha(c), "%d", c);
		cr_expect_eq(byte_is((uint8_t)c, BYTE_DIGIT), ascii && isdigit(c), "%d", c);
		cr_expect_eq(byte_is((uint8_t)c, BYTE_HEX), ascii && isxdigit(c), "%d", c);
	}
}

Test(byte, the_next_control_byte_is_found_at_every_place_and_value)
{
	for (int c = 0; c < 256; c++) {
		for (size_t at = 0; at < 24; at++) {
			uint8_t text[24];
			const struct slice s = slice_of(text, sizeof(text));

			memset(text, at % 2 == 0 ? 0xFF : ' ', sizeof(text));
			text[at] = (uint8_t)c;
			cr_expect_eq(byte_next_control(s, 0), c < 0x20 || c == 0x7F ? at : 24,
			             "%d at %zu", c, at);
			cr_expect_eq(byte_next_control(s, at + 1), 24, "%d behind %zu", c, at);
		}
	}
}

Test(byte, trim_takes_spaces_and_tabs_and_nothing_else)
{
	cr_expect(slice_eq(byte_trim(SLICE(" \ta b\t ")), SLICE("a b")));
	cr_expect(slice_eq(byte_trim(SLICE("\x0b"
	                                   "a\r")),
	                   SLICE("\x0b"
	                         "a\r")));
	cr_expect(slice_eq(byte_trim(SLICE(" \t ")), SLICE("")));
}
