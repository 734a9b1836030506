/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * identity_priv.h - inside of the identity cache. Private to this room.
 */
#pragma once

#include "tls/identity.h"
#include "tls/revoked_priv.h"

enum {
	/* Leaf, chain and names of one client while it is taken apart. */
	IDENTITY_SCRATCH_BYTES = 4 * IDENTITY_BLOCK_MAX,
	/* A name in its legacy form, or its DER; a longer one is left out. */
	IDENTITY_NAME_MAX = 8192,
	/* A leaf whose base64 would not leave room for its header's name. */
	IDENTITY_LEAF_MAX = (IDENTITY_BLOCK_MAX - 1024) / 4 * 3,
	/* Header sets rendered for one client and kept, at least 2; more push out the first. */
	IDENTITY_BLOCKS_MAX = 64,
};

struct identity_block {
	struct identity_block *next;
	size_t key_len;  /* bytes: the headers it was rendered for */
	size_t len;      /* bytes: the lines */
	uint8_t bytes[]; /* key, then lines */
};

struct identity_cache {
	struct worker_stats *stats;
	size_t entries; /* above it, whoever is referred to by nobody goes */
	size_t len;
	size_t bytes; /* of all entries with their blocks */
	size_t mask;  /* buckets - 1 */
	struct identity **buckets;
	struct identity *newest, *oldest; /* referred to by nobody, by last use */
	struct identity_block *anonymous; /* of a client without a certificate */
	struct revoked_list revoked;      /* its generations begin with 1: see revoked_seen */
	uint8_t *scratch;
};

/**
 * identity_make - a new entry, without references and in no list
 * @der: leaf and chain as x509_put_der() wrote them, in the cache's scratch;
 *       @der->len goes on from there
 */
MUST_USE int identity_make(struct x509_st *leaf, struct stack_st_X509 *chain, long verify_result,
                           struct sink *der, struct identity **out);

/** identity_free - with its blocks */
void identity_free(struct identity *i);

void identity_blocks_free(struct identity_block *b);

/** identity_chain_len - certificates of @chain that are told: not the self-signed root */
size_t identity_chain_len(struct stack_st_X509 *chain);
