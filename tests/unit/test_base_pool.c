/* SPDX-License-Identifier: GPL-2.0-only */
#include <criterion/criterion.h>
#include <string.h>

#include "base/pool.h"

Test(pool, lends_each_block_once_and_the_last_returned_first)
{
	struct pool p;
	uint8_t *a;
	uint8_t *b;

	cr_assert_eq(pool_init(&p, 100, 2), 0);
	cr_expect_eq(p.block, 128);
	a = pool_get(&p);
	b = pool_get(&p);
	cr_assert(a != NULL && b != NULL && a != b);
	memset(a, 1, 128);
	memset(b, 2, 128);
	cr_expect_eq(a[127], 1);
	cr_expect_null(pool_get(&p));
	pool_put(&p, b);
	cr_expect_eq((void *)pool_get(&p), (void *)b);
	pool_fini(&p);
}

Test(pool, of_nothing_lends_nothing)
{
	struct pool p;

	cr_assert_eq(pool_init(&p, 64, 0), 0);
	cr_expect_null(pool_get(&p));
	cr_expect_not(pool_owns(&p, &p));
	pool_fini(&p);
}

Test(pool, knows_its_own)
{
	struct pool p;
	uint8_t *a;

	cr_assert_eq(pool_init(&p, 64, 2), 0);
	a = pool_get(&p);
	cr_expect(pool_owns(&p, a));
	cr_expect(pool_owns(&p, a + 127) || pool_owns(&p, a + 63));
	cr_expect_not(pool_owns(&p, p.base + 128));
	pool_fini(&p);
}
