/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tickets.h - sessions that the client keeps, sealed. Private to this room.
 *
 * A ticket is OpenSSL's session with our ticket_data in it, under AES-256-CBC and then
 * HMAC-SHA-256 with a key of its own (RFC 5077 section 4): OpenSSL's tickets know no AEAD.
 * What it says is believed as far as a session of our own store would be, and asked the
 * same questions.
 *
 * What fits no ticket has a stateful session in TLS 1.3, found by an id that is shorter than
 * any ticket, and none in TLS 1.2, which knows too late.
 */
#pragma once

#include <openssl/ssl.h>

#include "conf/ticket_key.h"

struct tickets;

MUST_USE int tickets_new(struct tickets **out); /* 0, -ENOMEM or -ENOTSUP */
void tickets_free(struct tickets *t);           /* NULL is fine */

void tickets_set_keys(struct tickets *t, const struct ticket_keys *keys);

/** tickets_context - have OpenSSL ask us of a context's tickets. Return: 0 or -ENOTSUP. */
MUST_USE int tickets_context(SSL_CTX *c);

/**
 * tickets_put_under - before OpenSSL reads what the client would resume
 *
 * To be called in the ClientHello callback, where a host's policy is put in force.
 */
void tickets_put_under(SSL *ssl, uint32_t session_timeout_s);
