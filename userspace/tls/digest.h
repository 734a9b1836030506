/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * digest.h - SHA-256 over pieces. Private to this room.
 *
 * One context for the process: begin, add, end, and not two at a time.
 */
#pragma once

#include "base/slice.h"

enum { DIGEST_BYTES = 32 };

/** digest_init - fetch the algorithm; later calls do nothing. Return: 0; -ENOTSUP; -ENOMEM. */
MUST_USE int digest_init(void);

void digest_begin(void);
void digest_add(struct slice piece);

/** digest_end - Return: 0; -EIO one of the calls failed; @out is then unchanged. */
MUST_USE int digest_end(uint8_t out[DIGEST_BYTES]);
