/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/dn.h"

#include <criterion/criterion.h>

#include "heads.h"
#include "somebody.h"

Test(dn, gives_each_attribute_in_order)
{
	struct dn_walk w = dn_begin(SLICE(SOMEBODY_NAME_DER));
	struct dn_attribute a;

	cr_assert(dn_next(&w, &a));
	EXPECT_SLICE(a.oid, SLICE("\x55\x04\x06"), "C");
	EXPECT_SLICE(a.value, SLICE("US"), "C");
	cr_assert(dn_next(&w, &a));
	cr_assert(dn_next(&w, &a));
	cr_assert(dn_next(&w, &a));
	EXPECT_SLICE(a.value, SLICE("James Roya"), "CN");
	cr_expect_eq(a.type, 0x0C, "UTF8String");
	cr_expect_not(dn_next(&w, &a));
}

Test(dn, gives_both_of_a_multi_valued_rdn)
{
	struct dn_walk w = dn_begin(SLICE(ODD_NAME_DER));
	struct dn_attribute a;

	cr_assert(dn_next(&w, &a));
	EXPECT_SLICE(a.value, SLICE("\xF0\x9F\x90\x99"), "O");
	cr_assert(dn_next(&w, &a));
	EXPECT_SLICE(a.oid, SLICE("\x55\x04\x03"), "CN");
	cr_expect_not(dn_next(&w, &a));
}

static const struct {
	const char *why;
	struct slice der;
} broken[] = {
	{ "nothing", SLICE("") },
	{ "one byte", SLICE("\x30") },
	{ "empty", SLICE("\x30\x00") },
	{ "not a sequence", SLICE("\x31\x02\x31\x00") },
	{ "longer than it is", SLICE("\x30\x03\x31\x00") },
	{ "indefinite", SLICE("\x30\x80\x31\x00") },
	{ "length in four bytes", SLICE("\x30\x84\x00\x00\x00\x02\x31\x00") },
	{ "length cut short", SLICE("\x30\x82\x01") },
	{ "an empty set", SLICE("\x30\x02\x31\x00") },
	{ "no attribute in the set", SLICE("\x30\x04\x31\x02\x05\x00") },
	{ "no type", SLICE("\x30\x06\x31\x04\x30\x02\x05\x00") },
	{ "no value", SLICE("\x30\x09\x31\x07\x30\x05\x06\x03\x55\x04\x03") },
	{ "a tag of more bytes", SLICE("\x3F\x02\x31\x00") },
};

Test(dn, of_what_is_no_name_there_is_nothing)
{
	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		struct dn_walk w = dn_begin(broken[i].der);
		struct dn_attribute a;

		cr_expect_not(dn_next(&w, &a), "%s", broken[i].why);
	}
}
