/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * revoked_keys.h - sets of digests, as revoked_check() likes them: sorted, each once.
 */
#pragma once

#include "proto/revoked.h"

struct revoked_keys {
	uint8_t *bytes; /* malloc'ed; NULL where there are none */
	size_t len;     /* of them */
};

/** revoked_keys_bytes - all of them, borrowed */
struct slice revoked_keys_bytes(const struct revoked_keys *k);

/** revoked_keys_settle - sort them, each once: makes a set of what is none yet */
void revoked_keys_settle(struct revoked_keys *k);

bool revoked_keys_have(const struct revoked_keys *k, const uint8_t key[REVOKED_KEY_BYTES]);

/**
 * revoked_keys_unite - those that are in @a or in @b
 * revoked_keys_subtract - those that are in @a and not in @b
 * @out: revoked_keys_fini(); neither @a nor @b
 *
 * Return: 0; -ENOMEM. One step for each key of both.
 */
MUST_USE int revoked_keys_unite(const struct revoked_keys *a, const struct revoked_keys *b,
                                struct revoked_keys *out);
MUST_USE int revoked_keys_subtract(const struct revoked_keys *a, const struct revoked_keys *b,
                                   struct revoked_keys *out);

void revoked_keys_fini(struct revoked_keys *k);
