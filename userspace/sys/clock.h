/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * clock.h - time: monotonic for waiting, wall only for certificates and logs.
 */
#pragma once

#include <stdint.h>

/** clock_mono_ns - CLOCK_MONOTONIC in nanoseconds */
uint64_t clock_mono_ns(void);

/** clock_wall_ms - milliseconds since 1970, UTC */
int64_t clock_wall_ms(void);
