/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * revocations.h - who is revoked, from all who say so, on its way to the workers.
 *
 * A list of its own beside the snapshots: it is sent as a whole whenever it changes, counted
 * by itself, and answered by every worker once it is in force and no live connection of what
 * it names is left as it was.
 */
#pragma once

#include "control/parent.h"
#include "control/revoked_keys.h"

/* Who names them. */
enum revoked_by {
	REVOKED_BY_FILE,   /* the configuration's `revoked` */
	REVOKED_BY_STORE,  /* the API, for good */
	REVOKED_BY_MEMORY, /* the API, for as long as it runs */
	/* A control that has died, and nobody else: what it was told for as long as it runs, or what
	 * was taken back while none was there. Shortened by hand alone. */
	REVOKED_BY_FORMER,
	REVOKED_BY_MAX,
};

struct revocations {
	struct revoked_keys by[REVOKED_BY_MAX];
	struct revoked_keys all;   /* of them, each once: what was sent, or is about to be */
	uint64_t version;          /* of that; 0: nothing yet */
	uint64_t in_force;         /* newest that every worker has */
	uint64_t has[WORKERS_MAX]; /* newest that each of them has */
	uint32_t workers;
	int owed_fd;          /* what is still to be sent; 0: nothing */
	bool is_adopted;      /* of REVOKED_BY_FORMER the others' part was not taken off yet */
	bool is_to_be_resent; /* though nothing has changed: the answers went to another control */
};

/* A change made ready: all of it that can fail has not. */
struct revocations_change {
	enum revoked_by who;
	struct revoked_keys mine, all;
	int fd; /* 0: nothing is to be sent */
};

/**
 * revocations_prepare - @who is to name these and no others
 * @keys: copied
 * @out:  revocations_commit(), or revocations_drop()
 *
 * Return: 0; -E2BIG over REVOKED_MAX with all the others; -ENOMEM, -errno: nothing has changed.
 */
MUST_USE int revocations_prepare(const struct revocations *r, enum revoked_by who,
                                 const struct revoked_keys *keys, struct revocations_change *out);

/**
 * revocations_commit - they do; what differs from what was sent last is owed to the master
 * @change: taken
 *
 * Return: the version that has to be in force for it to be.
 */
uint64_t revocations_commit(struct revocations *r, struct revocations_change *change);

void revocations_drop(struct revocations_change *change);

/** revocations_put - both, and the flush. Return: as they do. */
MUST_USE int revocations_put(struct revocations *r, const struct parent *to, enum revoked_by who,
                             const struct revoked_keys *keys);

/**
 * revocations_flush - send what is owed
 *
 * Return: 0 also where there is no room yet: it is still owed; -EPIPE the master is gone;
 *         -errno: it is still owed.
 */
MUST_USE int revocations_flush(struct revocations *r, const struct parent *to);

/** revocations_answer - a worker's MSG_REVOKED_DONE */
void revocations_answer(struct revocations *r, const struct msg_result *result);

/** revocations_is_in_force - has every worker what is named now? */
bool revocations_is_in_force(const struct revocations *r, uint64_t version);

/**
 * revocations_adopt - what the workers of a restarted control have
 *
 * All of it stands as named by REVOKED_BY_FORMER. Return: 0; -errno.
 */
MUST_USE int revocations_adopt(struct revocations *r, uint64_t version, int fd);

/**
 * revocations_disown - file and store are read: of REVOKED_BY_FORMER is left what neither names
 *
 * Once after revocations_adopt(); else it does nothing. Return: 0; -ENOMEM.
 */
MUST_USE int revocations_disown(struct revocations *r);

void revocations_fini(struct revocations *r);
