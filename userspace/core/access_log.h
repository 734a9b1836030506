/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * access_log.h - the access log: one JSON line for each request and each failed handshake.
 *
 * Lines gather in memory and are written to stdout through the ring, so a slow
 * reader of the log never stops the worker: when both buffers are full, lines
 * are dropped and counted.
 */
#pragma once

#include "base/slice.h"

struct conn;
struct worker;

/** log_request - the exchange of @c, which is over */
void log_request(struct worker *w, struct conn *c);

/** log_handshake - a handshake that failed; @reason: a label; @words: more of it, may be empty */
void log_handshake(struct worker *w, struct conn *c, const char *reason, struct slice words);

/** log_flush - write what has gathered, if nothing is being written */
void log_flush(struct worker *w);

/** log_written - the CQE of a write */
void log_written(struct worker *w, int res);

/** log_is_empty - everything has been written */
bool log_is_empty(const struct worker *w);
