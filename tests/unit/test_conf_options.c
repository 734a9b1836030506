/* SPDX-License-Identifier: GPL-2.0-only */
#include <criterion/criterion.h>
#include <errno.h>

#include "conf/options.h"

static size_t rows_len(void)
{
	size_t n = 0;

	while (options_info(n))
		n++;
	return n;
}

Test(options, every_row_has_its_default_and_a_name_of_its_own)
{
	struct options s;

	options_default(&s);
	cr_assert_gt(rows_len(), 0);
	for (size_t i = 0; i < rows_len(); i++) {
		const struct option_info *row = options_info(i);

		cr_expect_eq(options_get(&s, i), row->def);
		for (size_t j = 0; j < i; j++)
			cr_expect(!slice_eq(row->name, options_info(j)->name));
	}
	cr_expect_null(options_info(rows_len()));
	cr_expect_eq(s.head_bytes, 32768, "the struct and the walk see the same value");
}

/* Does row @i hold @v, and every other its default? */
static bool only(const struct options *s, size_t i, uint32_t v)
{
	for (size_t j = 0; j < rows_len(); j++)
		if (options_get(s, j) != (j == i ? v : options_info(j)->def))
			return false;
	return true;
}

Test(options, every_row_takes_its_bounds_and_nothing_past_them)
{
	for (size_t i = 0; i < rows_len(); i++) {
		const struct option_info *row = options_info(i);
		struct options s;

		options_default(&s);
		cr_expect_eq(options_set_u64(&s, row->name, (uint64_t)row->max + 1), -ERANGE);
		if (row->min > 0)
			cr_expect_eq(options_set_u64(&s, row->name, row->min - 1ULL), -ERANGE);
		cr_expect(only(&s, i, row->def), "row %zu", i);
		cr_expect_eq(options_set_u64(&s, row->name, row->max), 0);
		cr_expect(only(&s, i, row->max), "row %zu", i);
		cr_expect_eq(options_set_u64(&s, row->name, row->min), 0);
		cr_expect(only(&s, i, row->min), "row %zu", i);
	}
}

Test(options, text_is_a_decimal_number_for_a_known_name)
{
	static const struct {
		const char *why;
		struct slice name, value;
		int want;
	} rows[] = {
		{ "as it should be", SLICE("head_fields"), SLICE("64"), 0 },
		{ "unknown name", SLICE("head_field"), SLICE("64"), -ENOENT },
		{ "names have a case", SLICE("Head_Fields"), SLICE("64"), -ENOENT },
		{ "empty name", SLICE(""), SLICE("64"), -ENOENT },
		{ "unit", SLICE("head_fields"), SLICE("64k"), -EINVAL },
		{ "sign", SLICE("head_fields"), SLICE("-1"), -EINVAL },
		{ "nothing", SLICE("head_fields"), SLICE(""), -EINVAL },
		{ "too much", SLICE("head_fields"), SLICE("129"), -ERANGE },
		{ "2^32 + 64 is not 64", SLICE("head_fields"), SLICE("4294967360"), -ERANGE },
		{ "2^64 + 64 is not 64", SLICE("head_fields"), SLICE("18446744073709551680"),
		  -ERANGE },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct options s;

		options_default(&s);
		cr_expect_eq(options_set(&s, rows[i].name, rows[i].value), rows[i].want, "%s",
		             rows[i].why);
		cr_expect_eq(s.head_fields, rows[i].want == 0 ? 64 : 100, "%s", rows[i].why);
	}
}

Test(options, an_option_of_words_takes_its_words_and_no_numbers)
{
	static const struct {
		struct slice value;
		int want; /* -errno, or the value */
	} rows[] = {
		{ SLICE("off"), OPTION_KTLS_OFF },
		{ SLICE("auto"), OPTION_KTLS_AUTO },
		{ SLICE("require"), OPTION_KTLS_REQUIRE },
		{ SLICE("of"), -EINVAL },
		{ SLICE("offf"), -EINVAL },
		{ SLICE("Off"), -EINVAL },
		{ SLICE("false"), -EINVAL },
		{ SLICE("1"), -EINVAL },
		{ SLICE(""), -EINVAL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct options s;
		int r;

		options_default(&s);
		r = options_set(&s, SLICE("ktls"), rows[i].value);
		cr_expect_eq(r, rows[i].want < 0 ? rows[i].want : 0, "row %zu", i);
		cr_expect_eq((int)s.ktls, rows[i].want < 0 ? OPTION_KTLS_AUTO : rows[i].want,
		             "row %zu", i);
	}
}

Test(options, words_are_the_values_from_0_to_the_most)
{
	size_t lists = 0;

	for (size_t i = 0; i < rows_len(); i++) {
		const struct option_info *row = options_info(i);
		const struct option_word *words = options_words(row->name);
		uint32_t n = 0;

		if (!words)
			continue;
		for (lists++; words[n].word; n++)
			cr_expect_gt(strlen(words[n].help), 0, "%s", words[n].word);
		cr_expect_eq(row->min, 0);
		cr_expect_eq(row->max + 1, n);
	}
	cr_expect_eq(lists, 3);
	cr_expect_null(options_words(SLICE("workers")));
	cr_expect_null(options_words(SLICE("ktl")));
}
