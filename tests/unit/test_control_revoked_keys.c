/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/revoked_keys.h"

#include <criterion/criterion.h>
#include <stdlib.h>

/* Keys that begin with the characters of @first, in that order. */
static struct revoked_keys keys_of(const char *first)
{
	struct revoked_keys k = { .bytes = calloc(strlen(first) + 1, REVOKED_KEY_BYTES),
		                  .len = strlen(first) };

	for (size_t n = 0; n < k.len; n++)
		k.bytes[n * REVOKED_KEY_BYTES] = (uint8_t)first[n];
	return k;
}

static void expect(struct revoked_keys got, const char *first, const char *why)
{
	struct revoked_keys want = keys_of(first);

	cr_expect(revoked_check(revoked_keys_bytes(&got)), "%s", why);
	cr_expect(slice_eq(revoked_keys_bytes(&got), revoked_keys_bytes(&want)), "%s", why);
	revoked_keys_fini(&got);
	revoked_keys_fini(&want);
}

Test(revoked_keys, a_set_is_sorted_and_has_each_once)
{
	static const struct {
		const char *in, *want;
	} rows[] = {
		{ "", "" }, { "a", "a" }, { "cabac", "abc" }, { "aaaa", "a" }, { "dcba", "abcd" }
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct revoked_keys k = keys_of(rows[i].in);

		revoked_keys_settle(&k);
		expect(k, rows[i].want, rows[i].in);
	}
}

static const struct {
	const char *a, *b, *both, *less;
} rows[] = {
	{ "", "", "", "" },
	{ "a", "", "a", "a" },
	{ "", "b", "b", "" },
	{ "abc", "abc", "abc", "" },
	{ "ace", "bdf", "abcdef", "ace" },
	{ "abc", "b", "abc", "ac" },
	{ "b", "abc", "abc", "" },
	{ "abxyz", "cz", "abcxyz", "abxy" },
	{ "a", "z", "az", "a" },
};

Test(revoked_keys, two_sets_are_united_and_subtracted)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct revoked_keys a = keys_of(rows[i].a);
		struct revoked_keys b = keys_of(rows[i].b);
		struct revoked_keys out = { 0 };

		cr_assert_eq(revoked_keys_unite(&a, &b, &out), 0);
		expect(out, rows[i].both, "united");
		cr_assert_eq(revoked_keys_subtract(&a, &b, &out), 0);
		expect(out, rows[i].less, "subtracted");
		revoked_keys_fini(&a);
		revoked_keys_fini(&b);
	}
}

Test(revoked_keys, who_is_in_it_is_found)
{
	const uint8_t b[REVOKED_KEY_BYTES] = { 'b' };
	const uint8_t x[REVOKED_KEY_BYTES] = { 'x' };
	struct revoked_keys k = keys_of("abc");
	struct revoked_keys none = { 0 };

	cr_expect(revoked_keys_have(&k, b));
	cr_expect_not(revoked_keys_have(&k, x));
	cr_expect_not(revoked_keys_have(&none, b));
	revoked_keys_fini(&k);
}
