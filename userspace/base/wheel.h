/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * wheel.h - many timers that are set often and seldom fire.
 *
 * A hashed wheel of WHEEL_SLOTS lists, one for each tick. Putting a deadline off
 * only writes it down: the timer is found at its old place when that comes up,
 * and moved on then. So a request that pushes its connection's deadline costs
 * one store.
 *
 * A timer fires in the tick after its deadline: never early, at most one tick late.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"

enum { WHEEL_SLOTS = 1024, WHEEL_TICK_MS = 32 };

struct timer {
	struct timer *next, *prev; /* in its slot's ring; NULL: not set */
	uint64_t deadline_ms;
	uint64_t place; /* tick under which it is linked */
};

struct wheel {
	struct timer slots[WHEEL_SLOTS]; /* ring heads */
	uint64_t tick;                   /* all ticks before this one were looked at */
	uint64_t set;                    /* timers that are set */
};

typedef void wheel_fire(void *arg, struct timer *t);

/** wheel_init - @now_ms: CLOCK_MONOTONIC */
void wheel_init(struct wheel *w, uint64_t now_ms);

/** wheel_set - fire at @deadline_ms; sets a timer, moves it forth or back */
void wheel_set(struct wheel *w, struct timer *t, uint64_t deadline_ms);

/** wheel_clear - do not fire; fine for a timer that is not set */
void wheel_clear(struct wheel *w, struct timer *t);

/**
 * wheel_advance - fire what is due at @now_ms
 * @fire: gets each timer after it was cleared; may set and clear any timer
 */
void wheel_advance(struct wheel *w, uint64_t now_ms, wheel_fire *fire, void *arg);

/**
 * wheel_wait_ms - how long nothing can be due
 *
 * Return: milliseconds to the next tick that has a timer in its slot, at most
 *         @most; @most when no timer is set.
 */
uint64_t wheel_wait_ms(const struct wheel *w, uint64_t now_ms, uint64_t most);
