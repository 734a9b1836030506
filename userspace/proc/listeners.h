/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * listeners.h - one socket for each worker and address, all held by the master.
 *
 * A worker that dies leaves its accept queue to its successor: the master has the same
 * socket open and passes it on.
 */
#pragma once

#include "base/sink.h"
#include "sys/channel.h"

enum { LISTEN_BACKLOG = 4096 };

struct listeners {
	uint32_t workers, len;
	int (*fds)[LISTENERS_MAX]; /* [worker][address] */
};

/**
 * listeners_open - open them all, or none
 * @start:   workers is 1..WORKERS_MAX here
 * @out_err: MSG_TEXT_MAX bytes: which address and why, on failure
 *
 * Return: 0 or -errno.
 */
MUST_USE int listeners_open(const struct msg_start *start, struct listeners *out, char *out_err);

/** listeners_close - let go of ours; what workers hold stays open */
void listeners_close(struct listeners *l);

/** listeners_text - "0.0.0.0:8443, [::]:8443" */
void listeners_text(const struct msg_start *start, struct sink *out);
