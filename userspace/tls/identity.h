/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * identity.h - client certificates, taken apart once and kept.
 *
 * An entry is found by the SHA-256 of the leaf's DER, qualified by the verified
 * chain and the verdict, which the same leaf may meet differently. It is counted:
 * connections and sessions refer to it; the cache drops what was used least
 * recently and nobody refers to, when there are more than it has room for or they
 * are larger together than IDENTITY_BYTES_EACH times that: a stranger may show
 * certificates of any size to a host that only requests them. While all are referred to
 * it grows past both; identity_cache_is_heavy() tells who else holds on to give way.
 */
#pragma once

#include "proto/identity.h"
#include "sys/stats.h"

/* OpenSSL's, by their tags: this header is read in rooms that do not include OpenSSL. */
struct x509_st;       /* X509 */
struct stack_st_X509; /* STACK_OF(X509) */

struct identity_cache;

enum { IDENTITY_BYTES_EACH = 32768 }; /* with header lines, on average; most have 4 KiB */

struct identity {
	struct identity_meta meta; /* plain data; lives as long as the entry */
	/* private below */
	struct identity_cache *cache;
	struct identity *hash_next;
	struct identity *lru_next, *lru_prev;
	struct identity_block *blocks;
	int64_t good_from; /* s since 1970: leaf and chain are all valid from .. */
	int64_t good_until;
	size_t bytes; /* with its blocks */
	uint32_t refs;
	uint8_t key[32];
	/* tls/revoked.h */
	uint8_t serial_key[32];
	uint8_t listed_under[32]; /* client_auth_id of the host whose CRLs were asked last */
	uint64_t revoked_seen;    /* generation of the list that was asked last */
	bool is_revoked;
	bool is_listed;
};

/**
 * identity_cache_new - room for @entries certificates
 * @stats: identities_hit, _miss, _evicted are counted there
 */
MUST_USE int identity_cache_new(size_t entries, struct worker_stats *stats,
                                struct identity_cache **out);
void identity_cache_free(struct identity_cache *c);

/**
 * identity_intern - the entry for this client, made if it is new
 * @leaf:    borrowed
 * @chain:   verified issuers, nearest first, without the leaf; NULL for none
 * @verify_result: X509_V_*; X509_V_OK is "SUCCESS"
 * @out:     one reference
 *
 * Return: 0; -ENOMEM; -EMSGSIZE a certificate too large to be put into a header.
 */
MUST_USE int identity_intern(struct identity_cache *c, struct x509_st *leaf,
                             struct stack_st_X509 *chain, long verify_result,
                             struct identity **out);

/** identity_known - the entry of that key, made before. Return: one reference, or NULL. */
struct identity *identity_known(struct identity_cache *c, const uint8_t key[32]);

/** identity_cache_is_heavy - do entries together have more bytes than there is room for? */
bool identity_cache_is_heavy(const struct identity_cache *c);

struct identity *identity_ref(struct identity *i);
void identity_unref(struct identity *i); /* NULL is fine */

/**
 * identity_block - the header lines for this client under these headers
 * @i:       NULL: the block for a client without a certificate
 * @headers: with their key; compared by that, rendered at first use
 * @out:     good until the next call for this entry
 *
 * Return: 0; -EMSGSIZE the block is over IDENTITY_BLOCK_MAX; -ENOMEM.
 */
MUST_USE int identity_block(struct identity_cache *c, struct identity *i,
                            const struct identity_headers *headers, struct slice *out);
