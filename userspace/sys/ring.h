/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ring.h - the worker's one io_uring.
 *
 * Set up with SINGLE_ISSUER and DEFER_TASKRUN (completions are made when the
 * worker asks for them, in batches), restricted to the operations below before
 * it is enabled. Sockets are watched by multishot polls and read and written by
 * recv(2) and send(2); see docs/architecture.md for the figures behind that.
 */
#pragma once

#include <liburing.h>
#include <stdbool.h>

#include "sys/token.h"

struct ring {
	struct io_uring uring;
};

enum { RING_BATCH_MAX = 256 };

/**
 * ring_open - create the ring
 * @entries: submission queue; the completion queue is four times that
 *
 * Return: 0; -EPERM io_uring is forbidden here (sysctl kernel.io_uring_disabled,
 *         seccomp); -ENOSYS; -EINVAL the kernel is older than 6.1; -errno.
 */
MUST_USE int ring_open(struct ring *r, unsigned int entries);
void ring_close(struct ring *r);

/** ring_accept - accept connections on @fd until told otherwise; each CQE brings a descriptor */
void ring_accept(struct ring *r, int fd, struct token t);

/** ring_poll - report each change of readiness of @fd; events: poll(2) bits */
void ring_poll(struct ring *r, int fd, uint32_t events, struct token t);

/** ring_cancel - end what was asked for under @t; its last CQE follows */
void ring_cancel(struct ring *r, struct token t);

/** ring_write - write(2) at the current position; bytes stay the kernel's until the CQE */
void ring_write(struct ring *r, int fd, const void *bytes, size_t len, struct token t);

/**
 * ring_wait - submit, and wait for completions
 * @wait_ms: 0 to only look
 *
 * Return: 0, also after a time-out or a signal; -errno that means the ring is broken.
 */
MUST_USE int ring_wait(struct ring *r, uint64_t wait_ms);

/** ring_take - completions that are there, RING_BATCH_MAX at most; then ring_done(n) */
unsigned int ring_take(struct ring *r, struct io_uring_cqe **batch);

/** ring_library - liburing's version; those before 2.4 cannot tell */
const char *ring_library(void);

static inline void ring_done(struct ring *r, unsigned int n)
{
	io_uring_cq_advance(&r->uring, n);
}
