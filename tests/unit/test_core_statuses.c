/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/statuses.h"

#include <criterion/criterion.h>
#include <string.h>

static struct statuses s;

static const uint8_t *key_of(uint8_t set, int n)
{
	static uint8_t key[4][OCSP_ID_BYTES];
	static size_t next;
	uint8_t *k = key[next++ % 4];

	memset(k, 0, OCSP_ID_BYTES);
	k[0] = set;
	k[OCSP_ID_BYTES - 1] = (uint8_t)n;
	return k;
}

static void start(void)
{
	cr_assert_eq(statuses_init(&s, 2 * STATUSES_WAYS), 0);
}

static void stop(void)
{
	statuses_fini(&s);
}

TestSuite(statuses, .init = start, .fini = stop);

Test(statuses, a_new_one_says_nothing)
{
	struct status *one;

	cr_expect_null(statuses_find(&s, key_of(0, 1)));
	cr_expect_null(statuses_find(&s, key_of(0, 0)),
	               "nor does a free entry mean a key of zeroes");
	one = statuses_at(&s, key_of(0, 1));
	cr_expect_eq(one->what, OCSP_FAILED);
	cr_expect(!status_holds(one, 0));
	cr_expect_eq(one->ask_ms, 0);
	cr_expect_eq(statuses_find(&s, key_of(0, 1)), one);
	cr_expect_eq(statuses_at(&s, key_of(0, 1)), one);
	cr_expect_null(statuses_find(&s, key_of(0, 2)));
}

Test(statuses, what_was_used_longest_ago_makes_room)
{
	for (int n = 0; n < STATUSES_WAYS; n++)
		(void)statuses_at(&s, key_of(0, n));
	cr_expect_not_null(statuses_find(&s, key_of(0, 0)));
	(void)statuses_at(&s, key_of(1, 9)); /* another set */
	cr_expect_not_null(statuses_find(&s, key_of(0, 1)));
	(void)statuses_at(&s, key_of(0, 9));
	cr_expect_null(statuses_find(&s, key_of(0, 2)));
	cr_expect_not_null(statuses_find(&s, key_of(0, 0)));
	cr_expect_not_null(statuses_find(&s, key_of(0, 1)));
}

Test(statuses, revoked_goes_last)
{
	statuses_at(&s, key_of(0, 0))->what = OCSP_REVOKED;
	for (int n = 1; n < 3 * STATUSES_WAYS; n++)
		statuses_at(&s, key_of(0, n))->what = OCSP_GOOD;
	cr_expect_not_null(statuses_find(&s, key_of(0, 0)));
	for (int n = 0; n < STATUSES_WAYS; n++)
		statuses_at(&s, key_of(0, 100 + n))->what = OCSP_REVOKED;
	cr_expect_null(statuses_find(&s, key_of(0, 0)), "there are others");
}

Test(statuses, revoked_has_no_end)
{
	struct status *one = statuses_at(&s, key_of(0, 1));

	one->until_ms = 100;
	one->what = OCSP_GOOD;
	cr_expect(status_holds(one, 99));
	cr_expect(!status_holds(one, 100));
	one->what = OCSP_REVOKED;
	cr_expect(status_holds(one, 100));
}
