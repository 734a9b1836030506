/* SPDX-License-Identifier: GPL-2.0-only */
#include <criterion/criterion.h>

#include "base/text.h"
#include "proto/known.h"

static const struct {
	struct slice name;
	enum known field;
	char first, last;
} rows[] = {
#define X(constant, name, first, last, kind) { SLICE(name), KNOWN_##constant, first, last },
	KNOWN_FIELDS(X)
#undef X
};

Test(known, every_name_is_found_in_any_case)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t upper[64];

		cr_assert_leq(rows[i].name.len, sizeof(upper));
		for (size_t j = 0; j < rows[i].name.len; j++) {
			uint8_t c = rows[i].name.ptr[j];

			cr_expect_eq(c, text_lower(c), "%s: the list is lower case",
			             rows[i].name.ptr);
			upper[j] = c >= 'a' && c <= 'z' ? c & 0xDFU : c;
		}
		cr_expect_eq(rows[i].first, rows[i].name.ptr[0], "%s", rows[i].name.ptr);
		cr_expect_eq(rows[i].last, rows[i].name.ptr[rows[i].name.len - 1], "%s",
		             rows[i].name.ptr);
		cr_expect_eq(known_field(rows[i].name), rows[i].field, "%s", rows[i].name.ptr);
		cr_expect_eq(known_field(slice_of(upper, rows[i].name.len)), rows[i].field, "%s",
		             rows[i].name.ptr);
	}
}

Test(known, a_name_that_only_resembles_one_is_not_it)
{
	cr_expect_eq(known_field(SLICE("")), KNOWN_NONE);
	cr_expect_eq(known_field(SLICE("hast")), KNOWN_NONE, "same length and ends");
	cr_expect_eq(known_field(SLICE("hos")), KNOWN_NONE);
	cr_expect_eq(known_field(SLICE("content_length")), KNOWN_NONE);
	cr_expect_eq(known_field(SLICE("x-custom")), KNOWN_NONE);
}

Test(known, hop_by_hop_fields_and_ours_are_not_end_to_end)
{
	cr_expect_eq(known_kind(KNOWN_NONE), KIND_END);
	cr_expect_eq(known_kind(KNOWN_CONNECTION), KIND_HOP);
	cr_expect_eq(known_kind(KNOWN_TE), KIND_HOP);
	cr_expect_eq(known_kind(KNOWN_TRANSFER_ENCODING), KIND_OWN);
	cr_expect_eq(known_kind(KNOWN_HOST), KIND_OWN);
	cr_expect_eq(known_kind(KNOWN_COOKIE), KIND_END);
}
