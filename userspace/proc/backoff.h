/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * backoff.h - when a child that died is started again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	BACKOFF_QUICK_MS = 1000, /* a death this soon after the start counts as quick */
	BACKOFF_FIRST_MS = 100,
	BACKOFF_MAX_MS = 5000,
};

/**
 * backoff_next_ms - how long to wait
 * @quick:    quick deaths in a row so far; brought up to date
 * @lived_ms: from start to death
 * @served:   it had done its work: what killed it is not in how it starts
 *
 * At once after a death that was not quick and after the first quick one; then
 * BACKOFF_FIRST_MS, and for a child that never served doubled each time, up to
 * BACKOFF_MAX_MS: one that somebody keeps killing is back each time.
 */
uint32_t backoff_next_ms(unsigned int *quick, uint64_t lived_ms, bool served);
