/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * watch_priv.h - private to watch*.c: a file, and a host made of some.
 */
#pragma once

#include "conf/file.h"
#include "control/watch.h"

struct watched {
	struct watched *next;
	const char *path;         /* its own bytes, behind it */
	struct source_stamp read; /* when its contents were last read */
	struct source_stamp seen; /* in the last round */
	int error;                /* of the last round; 0: none */
	bool is_changed;          /* since it was read, and it rests */
	char bytes[];
};

struct watched_host {
	size_t index; /* in the snapshot */
	bool is_changed;
	uint32_t stale; /* bits, 1 << enum part: what is in force is older than the files */
	size_t len;
	struct {
		enum part part;
		const struct watched *file;
	} rows[PART_CRL + CONF_CRLS_MAX];
};

/**
 * watched_ticket_keys - read the file that has changed and put its keys into the snapshot
 *
 * Return: 1 there are others; 0 not, or they are no good, which is logged; -EPIPE.
 */
MUST_USE int watched_ticket_keys(const struct watched *f, const struct watch_job *job);

/**
 * watched_apply - read the stale files of a host and put them into the snapshot, if all is good
 * @h: of its stale parts those stay that are not in force now
 *
 * CRLs do not wait for certificates: where not all is good they are tried by themselves.
 *
 * Return: 1 there is something new; 0 not; -EPIPE the source is gone.
 */
MUST_USE int watched_apply(struct watched_host *h, const struct watch_job *job);
