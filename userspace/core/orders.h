/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * orders.h - what the master tells a worker: snapshots, listeners, the end.
 */
#pragma once

#include "core/worker.h"

/** orders_listen - watch the channel */
void orders_listen(struct worker *w);

/** orders_receive - do what has been told since */
void orders_receive(struct worker *w);

/**
 * orders_first - wait for the first snapshot; listeners that come before it are kept
 *
 * Sets up the worker's tables by its options and puts it in force.
 * Return: 0; -errno: the worker cannot begin.
 */
MUST_USE int orders_first(struct worker *w);

/** orders_build - go on with the policy that is to be in force next, for a moment */
void orders_build(struct worker *w);

/** orders_drain - no new connections; what is idle ends now, the rest when it is done */
void orders_drain(struct worker *w);

/** orders_check_drain - has a draining worker no more to do, or no more time? */
void orders_check_drain(struct worker *w);
