/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * refresh.h - origins' names looked up again, in a process of their own: a resolver that
 * does not answer holds nobody up.
 */
#pragma once

#include <sys/types.h>

#include "control/resolve.h"
#include "store/snapshot.h"

/* Begins as REFRESH_NONE. */
struct refresh {
	pid_t pid; /* 0: none runs */
	uint64_t begun_ms;
	int fd; /* what it found comes here; -1: none runs */
	char **labels;
	size_t labels_len;
	uint8_t *in; /* received so far */
	size_t in_len, in_cap;
};

#define REFRESH_NONE ((struct refresh){ .fd = -1 })

/* One that runs is given this long: a few names without an answer take a minute. */
enum { REFRESH_PATIENCE_MS = 300000 };

/** refresh_is_busy - does one run that is not to be given up yet? */
bool refresh_is_busy(const struct refresh *r, uint64_t now_ms);

/**
 * refresh_begin - look up all names of @s
 *
 * Return: 1 begun: poll fd; 0 there are no names in it; -errno.
 */
MUST_USE int refresh_begin(struct refresh *r, const struct snapshot *s);

/**
 * refresh_read - take what has come
 * @out: filled when it is complete; the caller's, resolver_fini()
 *
 * Return: 1 complete; 0 more is to come; -errno it failed. After 1 and < 0 none runs.
 */
MUST_USE int refresh_read(struct refresh *r, struct resolver *out);

/** refresh_stop - end it if it runs */
void refresh_stop(struct refresh *r);

/**
 * refresh_apply - put new addresses into a snapshot
 * @found: a name that could not be found keeps the addresses it has
 * @out_changed: written on success: did anything change?
 *
 * Return: 0; -ENOMEM: @s is as it was.
 */
MUST_USE int refresh_apply(struct snapshot *s, const struct resolver *found, bool *out_changed);
