/* SPDX-License-Identifier: GPL-2.0-only */
#include "sys/stats.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <unistd.h>

Test(stats, each_worker_has_its_own_part_and_it_outlives_the_mapping)
{
	struct worker_stats *a;
	struct worker_stats *b;
	struct worker_stats *again;
	int fd = -1;

	cr_assert_eq(stats_create(2, &fd), 0);
	cr_assert_eq(stats_map(fd, 0, &a), 0);
	cr_assert_eq(stats_map(fd, 1, &b), 0);
	a->requests = 3;
	b->requests = 4;
	b->refused[STATS_REASONS_MAX - 1] = 5;
	cr_assert_eq(stats_map(fd, 1, &again), 0);
	cr_expect_eq(a->requests, 3);
	cr_expect_eq(again->requests, 4);
	cr_expect_eq(again->refused[STATS_REASONS_MAX - 1], 5);
	cr_expect_eq(a->ended[0], 0);
	(void)close(fd);
}

Test(stats, a_worker_outside_the_page_is_refused)
{
	struct worker_stats *s;
	int fd = -1;

	cr_assert_eq(stats_create(2, &fd), 0);
	cr_expect_eq(stats_map(fd, 2, &s), -ERANGE);
	cr_expect_lt(ftruncate(fd, 0), 0, "nobody can cut it under a mapping");
	(void)close(fd);
}
