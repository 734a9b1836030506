/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/verified.h"

#include <criterion/criterion.h>

enum { MAX = 4, NOW = 1000000 };

static struct worker_stats stats;
static struct verified *v;

static void setup(void)
{
	cr_assert_eq(verified_new(MAX, &stats, &v), 0);
}

static void teardown(void)
{
	verified_free(v);
}

TestSuite(tls_verified, .init = setup, .fini = teardown);

/* Keys of equal first bytes: they share a bucket. */
static const uint8_t *key(int number)
{
	static uint8_t bytes[VERIFIED_KEY_BYTES];

	bytes[VERIFIED_KEY_BYTES - 1] = (uint8_t)number;
	return bytes;
}

static void put(int number, int64_t from, int64_t until)
{
	struct verified_chain c = { .good_from = from, .good_until = until, .len = 2 };

	c.link[0] = VERIFIED_AS_SENT;
	c.link[1] = (uint16_t)number;
	verified_put(v, key(number), &c);
}

static bool has(int number, int64_t now)
{
	const struct verified_chain *c = verified_find(v, key(number), now);

	if (c)
		cr_expect(c->len == 2 && c->link[1] == number, "another one's");
	return c != NULL;
}

Test(tls_verified, gives_back_what_was_put)
{
	cr_expect_not(has(1, NOW));
	for (int n = 1; n <= MAX; n++)
		put(n, NOW - n, NOW + n);
	for (int n = 1; n <= MAX; n++)
		cr_expect(has(n, NOW), "%d", n);
	cr_expect_not(has(MAX + 1, NOW));
	cr_expect_eq(stats.verified_hit, MAX);
	cr_expect_eq(stats.verified_miss, 2);
}

Test(tls_verified, the_one_used_longest_ago_makes_room)
{
	for (int n = 1; n <= MAX; n++)
		put(n, 0, NOW + 1);
	cr_expect(has(1, NOW));
	put(MAX + 1, 0, NOW + 1);
	cr_expect(has(1, NOW));
	cr_expect_not(has(2, NOW));
	cr_expect_eq(stats.verified_evicted, 1);
	for (int n = 0; n < 100; n++)
		put(n, 0, NOW + 1);
	for (int n = 0; n < 100; n++)
		cr_expect_eq(has(n, NOW), n >= 100 - MAX, "%d", n);
}

Test(tls_verified, a_second_time_replaces_the_first)
{
	put(1, 0, NOW);
	put(1, 0, NOW + 10);
	cr_expect(has(1, NOW + 5));
	for (int n = 2; n <= MAX; n++)
		put(n, 0, NOW + 10);
	cr_expect(has(1, NOW + 5));
	cr_expect_eq(stats.verified_evicted, 0);
}

Test(tls_verified, is_good_from_the_first_second_and_not_at_the_last)
{
	static const struct {
		const char *why;
		int64_t now;
		bool is_good;
	} rows[] = {
		{ "long before", INT64_MIN, false },  { "just before", NOW - 1, false },
		{ "the first second", NOW, true },    { "within", NOW + 5, true },
		{ "the last second", NOW + 9, true }, { "just after", NOW + 10, false },
		{ "long after", INT64_MAX, false },
	};

	for (size_t n = 0; n < ARRAY_LEN(rows); n++) {
		put(1, NOW, NOW + 10);
		cr_expect_eq(has(1, rows[n].now), rows[n].is_good, "%s", rows[n].why);
		cr_expect_eq(has(1, NOW), rows[n].is_good, "%s: dropped for good", rows[n].why);
	}
}

Test(tls_verified, of_all_dates_the_two_next_to_now_stay)
{
	static const struct {
		const char *why;
		int64_t dates[4];
		int64_t from, until;
	} rows[] = {
		{ "none but one", { NOW - 5, NOW - 5, NOW - 5, NOW - 5 }, NOW - 5, INT64_MAX },
		{ "two certificates", { NOW - 9, NOW + 9, NOW - 5, NOW + 5 }, NOW - 5, NOW + 5 },
		{ "tightest first", { NOW - 5, NOW + 5, NOW - 9, NOW + 9 }, NOW - 5, NOW + 5 },
		{ "this very second", { NOW, NOW + 1, NOW - 1, NOW + 2 }, NOW, NOW + 1 },
		{ "all to come", { NOW + 4, NOW + 3, NOW + 2, NOW + 9 }, INT64_MIN, NOW + 2 },
	};

	for (size_t n = 0; n < ARRAY_LEN(rows); n++) {
		struct verified_chain c = { .good_from = INT64_MIN, .good_until = INT64_MAX };

		for (size_t i = 0; i < ARRAY_LEN(rows[n].dates); i++)
			verified_narrow(&c, rows[n].dates[i], NOW);
		cr_expect_eq(c.good_from, rows[n].from, "%s", rows[n].why);
		cr_expect_eq(c.good_until, rows[n].until, "%s", rows[n].why);
	}
}
