/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * verified.h - client chains that were verified already, kept by the worker. Private to
 * this room.
 *
 * A fixed table of small entries, found by a digest of the certificates as they were sent
 * and of what the host demands of clients: another CA set or policy never finds an entry.
 * Only success is kept. An entry holds no certificate: it says where each one of the
 * verified chain is to be had again, and between which two dates nothing changes.
 */
#pragma once

#include "base/slice.h"
#include "conf/policy.h"
#include "sys/stats.h"

enum {
	VERIFIED_KEY_BYTES = 32,
	VERIFIED_CHAIN_MAX = VERIFY_DEPTH_MAX + 2, /* leaf, intermediates, root */
	VERIFIED_AS_SENT = UINT16_MAX,
};

struct verified;

struct verified_chain {
	int64_t good_from;  /* s since 1970, inclusive */
	int64_t good_until; /* exclusive: OpenSSL's notAfter is not valid any more */
	uint8_t len;
	/* From the leaf on: the certificate sent in this place, or an index in the host's CAs. */
	uint16_t link[VERIFIED_CHAIN_MAX];
};

/**
 * verified_new - room for @max chains, at least 1
 * @stats: verified_hit, _miss, _evicted are counted there
 *
 * Return: 0 or -ENOMEM.
 */
MUST_USE int verified_new(uint32_t max, struct worker_stats *stats, struct verified **out);
void verified_free(struct verified *v); /* NULL is fine */

/**
 * verified_find - was this chain verified, and is what was found still so?
 * @key: VERIFIED_KEY_BYTES
 * @now: s since 1970
 *
 * Return: borrowed until the next call; NULL: verify it. What @now is outside of is dropped.
 */
const struct verified_chain *verified_find(struct verified *v, const uint8_t *key, int64_t now);

/** verified_put - keep one; the one used longest ago makes room */
void verified_put(struct verified *v, const uint8_t *key, const struct verified_chain *chain);

/**
 * verified_narrow - what is found at @now changes at @date: not before, not after, an update
 *
 * Of all dates told, the two next to @now stay.
 */
void verified_narrow(struct verified_chain *c, int64_t date, int64_t now);
