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

Test(stats, a_time_falls_into_the_first_bucket_that_reaches_it)
{
	uint64_t words[STATS_TIME_WORDS] = { 0 };

	cr_expect_eq(stats_time_bound(STATS_TIME_BUCKETS - 1), UINT64_MAX);
	for (unsigned int i = 1; i < STATS_TIME_BUCKETS; i++)
		cr_expect_gt(stats_time_bound(i), stats_time_bound(i - 1));
	stats_time(words, 0);
	stats_time(words, 250);
	stats_time(words, 251);
	stats_time(words, 10000000);
	stats_time(words, 10000001);
	cr_expect_eq(words[0], 2);
	cr_expect_eq(words[1], 1);
	cr_expect_eq(words[STATS_TIME_BUCKETS - 2], 1);
	cr_expect_eq(words[STATS_TIME_BUCKETS - 1], 1);
	cr_expect_eq(words[STATS_TIME_BUCKETS], 250 + 251 + 10000000 + 10000001);
}
