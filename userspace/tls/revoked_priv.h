/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * revoked_priv.h - the list of revoked certificates inside of this room.
 */
#pragma once

#include <openssl/x509.h>

#include "proto/identity.h"
#include "tls/revoked.h"

struct identity_cache;

struct revoked_list {
	struct slice keys;
	uint64_t generation; /* what an identity found out under another one is asked again */
};

struct revoked_list *identity_cache_revoked(struct identity_cache *c);

/** revoked_serial_key - the key by which an entry of serial number and issuer would mean it */
void revoked_serial_key(const struct identity_meta *m, uint8_t out[REVOKED_KEY_BYTES]);

/** revoked_lists - does the list in force have this certificate? */
bool revoked_lists(struct tls_worker *w, X509 *leaf);
