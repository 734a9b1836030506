/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * watch.h - certificates, keys, CAs and CRLs read again when their files change.
 *
 * Every so often each file is looked at, a few in each step, through the source it came
 * from. One that has changed is read when it looked the same twice: one that is being
 * written is left alone. A host gets all of its new files or none (but CRLs do not wait for
 * the others): what cannot be read, or does not fit together, is logged, and what was read
 * before stays in force.
 */
#pragma once

#include "control/part.h"
#include "store/snapshot.h"

struct tls_worker;
struct watch;

enum { WATCH_FILES_PER_STEP = 64, WATCH_HOSTS_PER_STEP = 16 };

struct watch_job {
	const struct source *source;
	struct tls_worker *tls;    /* to try certificates with */
	struct snapshot *snapshot; /* in force; the one the files were added for */
};

MUST_USE int watch_new(struct watch **out); /* 0 or -ENOMEM */
void watch_free(struct watch *w);           /* NULL is fine */

/**
 * watch_add - one more file of a host
 * @host:  index in the snapshot; those of one host one behind the other
 * @path:  as the source opens it; copied
 * @stamp: as it was when it was read
 *
 * Return: 0 or -ENOMEM.
 */
MUST_USE int watch_add(struct watch *w, size_t host, enum part part, const char *path,
                       const struct source_stamp *stamp);

/** watch_ticket_keys - and the file with the keys of tickets, the one of all hosts */
MUST_USE int watch_ticket_keys(struct watch *w, const char *path, const struct source_stamp *stamp);

/** watch_is_busy - has a round begun that has not ended? */
bool watch_is_busy(const struct watch *w);

/**
 * watch_step - begin a round, or go on with it
 * @out_changed: written when it is over: are there new texts in the snapshot?
 *
 * Return: 1 the round is over; 0 call again; -EPIPE the source is gone.
 */
MUST_USE int watch_step(struct watch *w, const struct watch_job *job, bool *out_changed);
