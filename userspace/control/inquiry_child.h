/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * inquiry_child.h - one question to an OCSP responder, in a process of its own.
 *
 * What it sends is parsed there, and a responder that says nothing holds up nobody else; in
 * the end the process is killed.
 */
#pragma once

#include <sys/types.h>

#include "tls/ocsp.h"

/* Begins as INQUIRY_CHILD_NONE. */
struct inquiry_child {
	pid_t pid; /* 0: none runs */
	int fd;    /* the verdict comes here; -1: none runs */
	uint64_t until_ms;
	struct ocsp_verdict in;
	size_t in_len; /* received so far */
};

#define INQUIRY_CHILD_NONE ((struct inquiry_child){ .fd = -1 })

/** inquiry_child_begin - ask. Return: 0: poll fd, until until_ms; -errno. */
MUST_USE int inquiry_child_begin(struct inquiry_child *c, const struct ocsp_question *q,
                                 uint64_t now_ms);

/**
 * inquiry_child_read - take what has come
 * @out: written when it is done, in whichever way
 *
 * Return: 1 it is done and none runs; 0 not yet.
 */
MUST_USE int inquiry_child_read(struct inquiry_child *c, uint64_t now_ms, struct ocsp_verdict *out);

/** inquiry_child_stop - end it if it runs */
void inquiry_child_stop(struct inquiry_child *c);
