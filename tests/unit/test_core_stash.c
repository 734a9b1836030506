/* SPDX-License-Identifier: GPL-2.0-only */
#include <criterion/criterion.h>
#include <errno.h>

#include "core/stash.h"

static struct stashes pools;
static uint8_t pattern[BULK_BLOCK_BYTES];

static void setup(void)
{
	cr_assert_eq(pool_init(&pools.small, SMALL_BLOCK_BYTES, 2), 0);
	cr_assert_eq(pool_init(&pools.bulk, BULK_BLOCK_BYTES, 1), 0);
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 31 + i / 256);
}

TestSuite(stash, .init = setup);

static uint32_t lent(void)
{
	return (2 - pools.small.free_len) + (1 - pools.bulk.free_len);
}

Test(stash, holds_what_is_kept_and_nothing_when_that_is_empty)
{
	struct stash s = { 0 };

	cr_assert_eq(stash_keep(&pools, &s, slice_of(pattern, 1000)), 0);
	cr_expect(slice_eq(stash_left(&s), slice_of(pattern, 1000)));
	cr_expect_eq(lent(), 1);
	s.at += 400;
	cr_assert_eq(stash_keep(&pools, &s, stash_left(&s)), 0);
	cr_expect(slice_eq(stash_left(&s), slice_of(pattern + 400, 600)));
	cr_assert_eq(stash_keep(&pools, &s, slice_of(NULL, 0)), 0);
	cr_expect_eq(lent(), 0);
}

Test(stash, moves_to_a_large_block_with_its_bytes)
{
	struct stash s = { 0 };
	struct sink out;

	cr_assert_eq(stash_keep(&pools, &s, slice_of(pattern, 1000)), 0);
	s.at = 10;
	cr_assert_eq(stash_reserve(&pools, &s, SMALL_BLOCK_BYTES), 0);
	cr_expect_eq(lent(), 1);
	cr_expect_eq(stash_cap(&pools, &s), pools.bulk.block);
	out = stash_sink(&pools, &s);
	sink_put(&out, slice_of(pattern + 1000, SMALL_BLOCK_BYTES));
	cr_expect_not(out.overflow);
	stash_commit(&s, &out);
	cr_expect(slice_eq(stash_left(&s), slice_of(pattern + 10, 990 + SMALL_BLOCK_BYTES)));
	stash_drop(&pools, &s);
	cr_expect_eq(lent(), 0);
}

Test(stash, makes_room_at_the_front_before_it_asks_for_more)
{
	struct stash s = { 0 };

	cr_assert_eq(stash_keep(&pools, &s, slice_of(pattern, SMALL_BLOCK_BYTES)), 0);
	s.at = SMALL_BLOCK_BYTES - 5;
	cr_assert_eq(stash_reserve(&pools, &s, SMALL_BLOCK_BYTES - 5), 0);
	cr_expect_eq(stash_cap(&pools, &s), pools.small.block);
	cr_expect(slice_eq(stash_left(&s), slice_of(pattern + SMALL_BLOCK_BYTES - 5, 5)));
}

Test(stash, is_unchanged_when_there_is_no_block)
{
	struct stash a = { 0 };
	struct stash b = { 0 };
	struct stash c = { 0 };
	struct stash d = { 0 };

	cr_assert_eq(stash_keep(&pools, &a, slice_of(pattern, 10)), 0);
	cr_assert_eq(stash_keep(&pools, &b, slice_of(pattern, 10)), 0);
	cr_assert_eq(stash_keep(&pools, &c, slice_of(pattern, SMALL_BLOCK_BYTES + 1)), 0);
	cr_expect_eq(stash_keep(&pools, &d, slice_of(pattern, 1)), -ENOBUFS);
	cr_expect_null(d.block);
	cr_expect_eq(stash_reserve(&pools, &a, SMALL_BLOCK_BYTES), -ENOBUFS);
	cr_expect(slice_eq(stash_left(&a), slice_of(pattern, 10)));
	cr_expect_eq(stash_reserve(&pools, &c, BULK_BLOCK_BYTES), -ENOBUFS);
}
