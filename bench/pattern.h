/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pattern.h - the bytes of every body, either way: who gets one compares it.
 *
 * Byte i depends on i in a way that a lost, doubled or shifted piece shows.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { PATTERN_BYTES_MAX = 16 * 1024 * 1024 };

static inline void pattern_fill(uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)((i * 131) ^ (i >> 8) ^ (i >> 16));
}
