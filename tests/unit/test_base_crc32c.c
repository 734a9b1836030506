/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/crc32c.h"

#include <criterion/criterion.h>

/* RFC 3720 appendix B.4, as numbers. */
Test(crc32c, known_checksums)
{
	uint8_t bytes[32];
	static const struct {
		const char *why;
		uint8_t first;
		int step;
		uint32_t want;
	} rows[] = {
		{ "zeroes", 0, 0, 0x8A9136AA },
		{ "ones", 0xFF, 0, 0x62A8AB43 },
		{ "rising", 0, 1, 0x46DD794E },
		{ "falling", 31, -1, 0x113FDB5C },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t n = 0; n < sizeof(bytes); n++)
			bytes[n] = (uint8_t)(rows[i].first + rows[i].step * (int)n);
		cr_expect_eq(crc32c(0, slice_of(bytes, sizeof(bytes))), rows[i].want, "%s",
		             rows[i].why);
	}
	cr_expect_eq(crc32c(0, SLICE("")), 0);
	cr_expect_eq(crc32c(0, SLICE("123456789")), 0xE3069283);
}

Test(crc32c, parts_give_what_the_whole_gives)
{
	const struct slice all = SLICE("123456789");

	for (size_t n = 0; n <= all.len; n++) {
		uint32_t crc = crc32c(0, slice_sub(all, 0, n));

		cr_expect_eq(crc32c(crc, slice_sub(all, n, all.len - n)), 0xE3069283, "%zu", n);
	}
}
