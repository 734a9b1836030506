/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sessions.h - TLS sessions a client may resume, kept by the worker. Private to this room.
 *
 * A fixed table of small slots. A slot holds the session without the client's
 * certificate (tls/session_der.h) and a reference on the identity that the
 * certificate became: a resumed connection parses no X.509. Slots that were never
 * used are pages that were never touched.
 */
#pragma once

#include <openssl/ssl.h>

#include "sys/stats.h"
#include "tls/identity.h"

enum {
	SESSION_ID_BYTES = 32, /* as OpenSSL makes them */
	SESSION_DER_MAX = 288, /* a host name of up to ~100 bytes fits; longer: not resumable */
	SESSION_TIMEOUT_MAX = 604800, /* s; RFC 8446 section 4.6.1 */
};

struct sessions;

/* What goes with a session and is not in its DER. */
struct session_bond {
	struct identity *identity; /* borrowed; NULL: the client sent no certificate */
	int64_t expires;           /* s since 1970; counted from the full handshake */
};

/** sessions_new - room for @max sessions, at least 1. Return: 0 or -ENOMEM. */
MUST_USE int sessions_new(uint32_t max, struct worker_stats *stats, struct sessions **out);
void sessions_free(struct sessions *s);

/**
 * sessions_put - keep a session; the one used longest ago makes room
 *
 * Return: 0; -EMSGSIZE its DER is over SESSION_DER_MAX; -EINVAL the id is not ours;
 *         -EBADMSG, -ENOMEM. Not kept means not resumable, nothing worse.
 */
int sessions_put(struct sessions *s, SSL_SESSION *session, const struct session_bond *bond);

/**
 * sessions_get - find one
 * @id:       what the client sent
 * @now:      s since 1970
 * @out_bond: identity is borrowed from the store until its next call
 *
 * Return: one reference, the caller's, on a session without a certificate; NULL: there is
 *         none, it has expired, or its certificate is not valid now.
 */
SSL_SESSION *sessions_get(struct sessions *s, struct slice id, int64_t now,
                          struct session_bond *out_bond);

/** sessions_drop_oldest - forget the one used longest ago. Return: false there is none. */
bool sessions_drop_oldest(struct sessions *s);

/** sessions_remove - forget one if it is there */
void sessions_remove(struct sessions *s, struct slice id);
