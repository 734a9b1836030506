/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * loop.h - turns of the worker: wait, handle what is done, then what was put off.
 */
#pragma once

#include "core/worker.h"

/** loop_cqe - hand one completion to its handler, or drop what it brings */
void loop_cqe(struct worker *w, uint64_t user_data, int res, bool more);

/**
 * loop_turn - one turn
 *
 * Return: 0; -errno the ring is broken.
 */
MUST_USE int loop_turn(struct worker *w);

/** loop_accept - accept on listener @index again, unless the worker drains */
void loop_accept(struct worker *w, uint32_t index);
