/* SPDX-License-Identifier: GPL-2.0-only */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/wheel.h"

static struct wheel wheel;
static struct timer timers[4];
static unsigned int fired[4];
static struct timer *clear_too;

static void count(void *arg, struct timer *t)
{
	(void)arg;
	fired[t - timers]++;
	if (clear_too != NULL)
		wheel_clear(&wheel, clear_too);
}

static void advance(uint64_t now_ms)
{
	wheel_advance(&wheel, now_ms, count, NULL);
}

Test(wheel, fires_once_and_never_early)
{
	wheel_init(&wheel, 1000);
	wheel_set(&wheel, &timers[0], 1100);
	for (uint64_t now = 1000; now < 1100; now++) {
		advance(now);
		cr_assert_eq(fired[0], 0, "fired at %lu", (unsigned long)now);
	}
	advance(1100 + WHEEL_TICK_MS);
	cr_expect_eq(fired[0], 1);
	advance(9000);
	cr_expect_eq(fired[0], 1);
	cr_expect_eq(wheel.set, 0);
}

Test(wheel, a_deadline_put_off_is_met_at_the_later_time)
{
	wheel_init(&wheel, 0);
	wheel_set(&wheel, &timers[0], 100);
	wheel_set(&wheel, &timers[0], 500);
	advance(300);
	cr_expect_eq(fired[0], 0);
	advance(500 + WHEEL_TICK_MS);
	cr_expect_eq(fired[0], 1);
}

Test(wheel, a_deadline_brought_forward_is_met_at_the_earlier_time)
{
	wheel_init(&wheel, 0);
	wheel_set(&wheel, &timers[0], 60000);
	wheel_set(&wheel, &timers[0], 100);
	advance(100 + WHEEL_TICK_MS);
	cr_expect_eq(fired[0], 1);
}

Test(wheel, a_deadline_more_than_a_round_away_waits_for_its_round)
{
	const uint64_t far = (uint64_t)WHEEL_SLOTS * WHEEL_TICK_MS * 3 + 500;

	wheel_init(&wheel, 0);
	wheel_set(&wheel, &timers[0], far);
	for (uint64_t now = 0; now < far; now += 1000)
		advance(now);
	cr_expect_eq(fired[0], 0);
	advance(far + WHEEL_TICK_MS);
	cr_expect_eq(fired[0], 1);
}

Test(wheel, a_long_pause_fires_everything_due)
{
	wheel_init(&wheel, 0);
	wheel_set(&wheel, &timers[0], 40);
	wheel_set(&wheel, &timers[1], 30000);
	wheel_set(&wheel, &timers[2], 100000000);
	advance(50000000);
	cr_expect_eq(fired[0], 1);
	cr_expect_eq(fired[1], 1);
	cr_expect_eq(fired[2], 0);
}

Test(wheel, a_callback_may_clear_a_timer_of_the_same_tick)
{
	wheel_init(&wheel, 0);
	clear_too = &timers[1];
	wheel_set(&wheel, &timers[0], 100);
	wheel_set(&wheel, &timers[1], 100);
	advance(200);
	cr_expect_eq(fired[0], 1);
	cr_expect_eq(fired[1], 0);
	cr_expect_eq(wheel.set, 0);
}

Test(wheel, waits_no_longer_than_to_the_next_timer)
{
	wheel_init(&wheel, 1000);
	cr_expect_eq(wheel_wait_ms(&wheel, 1000, 700), 700);
	wheel_set(&wheel, &timers[0], 1300);
	cr_expect_leq(wheel_wait_ms(&wheel, 1000, 700), 300 + WHEEL_TICK_MS);
	cr_expect_geq(wheel_wait_ms(&wheel, 1000, 700), 300 - WHEEL_TICK_MS);
}

/* Against a plain list of deadlines: what is set, moved and cleared at random fires
 * within one tick of its deadline, each time once. */
Test(wheel, agrees_with_a_list_over_random_moves)
{
	uint64_t deadline[4] = { 0 };
	unsigned int seed = 7;

	wheel_init(&wheel, 0);
	for (uint64_t now = 0; now < 200000; now += WHEEL_TICK_MS) {
		int i = rand_r(&seed) % 4;

		advance(now);
		for (int t = 0; t < 4; t++) {
			if (deadline[t] > 0 && deadline[t] + 2UL * WHEEL_TICK_MS <= now)
				cr_assert_eq(fired[t], 1, "%d late at %lu", t, (unsigned long)now);
			if (deadline[t] > now)
				cr_assert_eq(fired[t], 0, "%d early at %lu", t, (unsigned long)now);
		}
		if (rand_r(&seed) % 8 != 0)
			continue;
		fired[i] = 0;
		deadline[i] = now + 1 + (uint64_t)(rand_r(&seed) % 50000);
		wheel_set(&wheel, &timers[i], deadline[i]);
	}
}
