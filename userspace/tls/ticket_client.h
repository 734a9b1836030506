/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ticket_client.h - the client in a ticket: put in, and made out of it. Private to this room.
 */
#pragma once

#include "tls/handshake_priv.h"

/**
 * ticket_client_put - into the session, which OpenSSL then seals
 * @h: its client is identified
 *
 * A session that came out of a ticket keeps what it has: resuming prolongs nothing.
 *
 * Return: false: it is more than TICKET_CERTS_MAX, which is counted, or there is no memory.
 */
bool ticket_client_put(struct tls_handshake *h);

/**
 * ticket_client_get - and back
 * @session:  as it came out of a ticket that was ours
 * @out_bond: the identity is one reference, the caller's
 *
 * Return: false: nothing of ours in it, or it has expired, or the certificates in it are not
 *         valid now, or they cannot be read.
 */
bool ticket_client_get(struct identity_cache *c, SSL_SESSION *session,
                       struct session_bond *out_bond);
