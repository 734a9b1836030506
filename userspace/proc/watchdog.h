/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * watchdog.h - does a worker still turn?
 *
 * A worker that is stopped, or caught in an endless loop, keeps its listeners: the kernel goes on giving
 * it connections that nobody serves. Its loop turns once a second at least and counts that in
 * memory that the master sees (worker_stats.turns), so nobody has to ask it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	WATCHDOG_LOOK_MS = 1000, /* from one look to the next, at least */
	WATCHDOG_LOOKS_MAX = 10, /* in a row that found the same number: it is stuck */
};

struct watchdog {
	uint64_t turns;   /* as seen last */
	uint64_t look_ms; /* when to look next; 0: not begun */
	uint32_t same;    /* looks in a row that found no turn */
};

/**
 * watchdog_look - one look, if it is time for one
 *
 * Counts looks and not time: a machine that slept as a whole, the master with it, is nobody's fault.
 * Return: is it stuck?
 */
bool watchdog_look(struct watchdog *d, uint64_t turns, uint64_t now_ms);
