/* SPDX-License-Identifier: GPL-2.0-only */
#include "proc/backoff.h"

#include <criterion/criterion.h>

#include "base/must.h"

Test(backoff, quick_deaths_in_a_row_wait_longer_and_longer)
{
	static const struct {
		uint64_t lived_ms;
		uint32_t wait_ms;
		const char *why;
	} rows[] = {
		{ 10, 0, "the first time at once" },
		{ 10, 100, "then it begins to look like a habit" },
		{ 999, 200, "just under the bound" },
		{ 0, 400, "" },
		{ 0, 800, "" },
		{ 0, 1600, "" },
		{ 0, 3200, "" },
		{ 0, 5000, "no longer than this" },
		{ 0, 5000, "ever" },
		{ 1000, 0, "it lived: all is forgiven" },
		{ 60000, 0, "and this is the usual case" },
		{ 5, 0, "first quick one again" },
		{ 5, 100, "" },
	};
	unsigned int quick = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		cr_expect_eq(backoff_next_ms(&quick, rows[i].lived_ms, false), rows[i].wait_ms,
		             "row %zu: %s", i, rows[i].why);
}

Test(backoff, years_of_quick_deaths_do_not_overflow)
{
	unsigned int quick = 0;

	for (int i = 0; i < 100000; i++)
		cr_assert_leq(backoff_next_ms(&quick, 0, false), BACKOFF_MAX_MS);
}

Test(backoff, a_child_that_had_served_is_back_within_the_first_step_each_time)
{
	unsigned int quick = 0;

	cr_expect_eq(backoff_next_ms(&quick, 300, true), 0);
	for (int i = 0; i < 20; i++)
		cr_expect_eq(backoff_next_ms(&quick, 300, true), BACKOFF_FIRST_MS, "death %d", i);
	/* And one that then fails to start at all waits longer and longer. */
	cr_expect_eq(backoff_next_ms(&quick, 5, false), 2 * BACKOFF_FIRST_MS);
	cr_expect_eq(backoff_next_ms(&quick, 5, false), 4 * BACKOFF_FIRST_MS);
}
