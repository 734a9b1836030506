/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * aead.h - one record's encryption, behind a table of calls. Private to this room.
 *
 * A backend knows keys, nonces and bytes; it knows no TLS. EVP is always there;
 * another one is another table. The cache keeps the expanded keys of the busiest
 * directions, so that a hot connection does not expand its key for each record
 * and an idle one owns nothing but struct record_state.
 */
#pragma once

#include "tls/suite.h"

/* An expanded key of one direction; what it is, the backend knows. */
struct aead_key;

struct aead_ops {
	const char *name;
	struct aead_key *(*key_new)(void);
	void (*key_free)(struct aead_key *k); /* NULL is fine; forgets the key */

	/* Load another key. Return: 0 or -EIO. */
	int (*key_set)(struct aead_key *k, enum record_suite suite, bool seal, const uint8_t *key);

	/* @out gets @plain and @tail encrypted, then the tag. Return: 0 or -EIO. */
	int (*seal)(struct aead_key *k, const uint8_t *nonce, struct slice aad, struct slice plain,
	            struct slice tail, uint8_t *out);

	/* @in: ciphertext and tag; @out gets the rest. Return: 0; -EBADMSG: not what was sealed. */
	int (*open)(struct aead_key *k, const uint8_t *nonce, struct slice aad, struct slice in,
	            uint8_t *out);
};

/** aead_evp - the backend over EVP. Return: NULL when this OpenSSL lacks a cipher. */
const struct aead_ops *aead_evp(void);

/* Which direction a key is for stands in its id, and so in its place in the cache:
 * a slot never turns from sealing to opening, which EVP would have to be set up anew for. */
uint64_t aead_key_id(bool seal);

/**
 * aead_cache_get - the expanded key of one direction
 * @out_ops: what to call with it
 *
 * Return: borrowed until the next call; NULL: no memory or EVP failed.
 */
struct aead_key *aead_cache_get(struct aead_cache *c, enum record_suite suite,
                                const struct record_dir *d, const struct aead_ops **out_ops);

/** aead_cache_forget - write over the expanded key of one direction, if it is there */
void aead_cache_forget(struct aead_cache *c, enum record_suite suite, const struct record_dir *d);
