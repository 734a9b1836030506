/* SPDX-License-Identifier: GPL-2.0-only */
#include "proc/watchdog.h"

#include <criterion/criterion.h>

Test(watchdog, who_turns_is_left_alone)
{
	struct watchdog d = { 0 };

	for (uint64_t n = 0; n < 1000; n++)
		cr_assert_not(watchdog_look(&d, n, 5000 + n * WATCHDOG_LOOK_MS));
}

Test(watchdog, who_does_not_is_stuck_after_so_many_looks)
{
	struct watchdog d = { 0 };
	uint64_t now = 5000;

	for (int n = 0; n < WATCHDOG_LOOKS_MAX; n++, now += WATCHDOG_LOOK_MS)
		cr_assert_not(watchdog_look(&d, 7, now), "look %d", n);
	cr_expect(watchdog_look(&d, 7, now));
}

Test(watchdog, one_turn_is_enough)
{
	struct watchdog d = { 0 };
	uint64_t now = 5000;

	for (int n = 0; n < 100; n++, now += WATCHDOG_LOOK_MS)
		cr_assert_not(watchdog_look(&d, (uint64_t)(n / WATCHDOG_LOOKS_MAX), now));
}

Test(watchdog, looks_count_and_not_the_time_between_them)
{
	struct watchdog d = { 0 };

	cr_expect_not(watchdog_look(&d, 7, 5000));
	cr_expect_not(watchdog_look(&d, 7, 5000 + 3600000), "all of us slept for an hour");
	for (uint64_t n = 1; n < WATCHDOG_LOOK_MS; n++)
		cr_assert_not(watchdog_look(&d, 7, 3605000 + n), "too soon to be a look");
	cr_expect_eq(d.same, 1);
}
