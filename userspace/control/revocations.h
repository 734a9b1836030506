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
#include "proto/revoked.h"

/* Digests as revoked_check() likes them. */
struct revoked_keys {
	uint8_t *bytes; /* malloc'ed; NULL where there are none */
	size_t len;     /* of them */
};

/* Who names them. */
enum revoked_by {
	REVOKED_BY_FILE, /* the configuration's `revoked` */
	REVOKED_BY_MAX,
};

struct revocations {
	struct revoked_keys by[REVOKED_BY_MAX];
	struct revoked_keys sent; /* all of them together */
	uint64_t version;         /* of what was sent; 0: nothing yet */
	uint64_t in_force;        /* newest that every live worker has */
	uint32_t workers, answers;
	bool has_answered[WORKERS_MAX];
};

/** revoked_keys_settle - sort them, each once */
void revoked_keys_settle(struct revoked_keys *k);

void revoked_keys_fini(struct revoked_keys *k);

/**
 * revocations_name - @who names these from now on, and no others
 * @keys: copied
 *
 * Return: 0; -E2BIG over REVOKED_MAX with all the others; -ENOMEM: it is as it was.
 */
MUST_USE int revocations_name(struct revocations *r, enum revoked_by who,
                              const struct revoked_keys *keys);

/**
 * revocations_send - send what is named now, if that is not what was sent last
 *
 * Return: 0; -ENOMEM; -errno.
 */
MUST_USE int revocations_send(struct revocations *r, const struct parent *to);

/** revocations_answer - a worker's MSG_REVOKED_DONE */
void revocations_answer(struct revocations *r, const struct msg_result *result);

/**
 * revocations_adopt - what the workers of a restarted control have
 *
 * It stands as named by the file until that is read. Return: 0; -errno.
 */
MUST_USE int revocations_adopt(struct revocations *r, uint64_t version, int fd);

void revocations_fini(struct revocations *r);
