/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * handshake_priv.h - inside of worker, host and handshake. Private to this room.
 */
#pragma once

#include <openssl/ssl.h>

#include "tls/handshake.h"
#include "tls/keys.h"
#include "tls/sessions.h"
#include "tls/verified.h"
#include "tls/wire.h"

enum {
	/* A 12 KiB certificate with its chain; OpenSSL's own default is 100 KiB. */
	CLIENT_CHAIN_MAX = 65536,
};

struct allow;
struct tickets;

struct tls_worker {
	tls_lookup *lookup;
	struct worker_stats *stats;
	struct identity_cache *identities;
	struct sessions *sessions; /* NULL: none are kept */
	struct tickets *tickets;   /* NULL: sessions are stateful */
	struct verified *verified; /* NULL: none are kept */
	SSL_CTX *front;            /* every handshake starts here, before its host is known */
};

struct tls_host {
	SSL_CTX *ctx;
	STACK_OF(X509) * cas;      /* as a set: sorted, each once; equal where client_auth_id is */
	STACK_OF(X509_CRL) * crls; /* NULL: revocation is not looked at */
	struct allow *allow;       /* NULL: everybody whose certificate verifies */
	int64_t *crl_dates;        /* s since 1970: when each is made and when it expires */
	size_t crl_dates_len;
	uint32_t refs;
	uint32_t verify_depth;
	uint32_t session_timeout_s;
	enum verify_mode verify;
	enum ocsp_mode ocsp;
	bool crl_soft_fail;
	uint8_t session_context[TLS_ID_BYTES];
	uint8_t client_auth_id[TLS_ID_BYTES];
	uint8_t demand_id[TLS_ID_BYTES];
	uint8_t ocsp_id[TLS_ID_BYTES];
};

enum { FAILURE_TEXT_MAX = 256 };

struct tls_handshake {
	struct tls_worker *w;
	void *lookup_arg;
	SSL *ssl;
	struct wire wire;
	size_t in_total; /* bytes consumed */
	enum tls_step step;

	/* Chosen in the ClientHello callback, once. */
	struct tls_host *host; /* one reference */
	void *user;
	struct hostname sni;

	struct keylog keylog;

	/* What the session store or a ticket gave last: OpenSSL uses that session or none. */
	bool found;
	struct session_bond bond; /* identity: one reference */

	bool fits_no_ticket; /* what would have to be in it is missing or too much */

	/* Who the client is. */
	bool is_identified;
	int identity_rc;           /* of identity_intern() */
	struct identity *identity; /* one reference */
	int verify_error;          /* X509_V_*: the first one; also where it was let pass */

	enum tls_failure failure;
	char text[FAILURE_TEXT_MAX];
};

/** handshake_of - the handshake an SSL object belongs to */
struct tls_handshake *handshake_of(const SSL *ssl);

/** handshake_fail - remember why; the first reason stands. @text is copied, cut at FAILURE_TEXT_MAX */
void handshake_fail(struct tls_handshake *h, enum tls_failure why, const char *text);

/** handshake_fail_openssl - the same from OpenSSL's error queue */
void handshake_fail_openssl(struct tls_handshake *h);

/**
 * handshake_identify - find out who the client is, once its certificate was looked at
 *
 * Sets identity, NULL without a certificate, and identity_rc. Later calls do nothing.
 */
void handshake_identify(struct tls_handshake *h);

/** handshake_verdict - what became of the client's chain: X509_V_* */
long handshake_verdict(const struct tls_handshake *h);

/**
 * handshake_issuers - the verified chain without the leaf
 *
 * Return: NULL: none, or it did not verify. The stack is the caller's, to be freed; what is
 *         in it lives as long as the SSL object.
 */
STACK_OF(X509) * handshake_issuers(const struct tls_handshake *h);

/** context_new - an SSL_CTX with all that hosts have in common. Return: 0; -ENOMEM; -ENOTSUP. */
MUST_USE int context_new(struct tls_worker *w, SSL_CTX **out);

/** worker_of - the worker a front context belongs to */
struct tls_worker *worker_of(const SSL_CTX *ctx);

/* hello.c: which host this connection is for */
int hello_on_client_hello(SSL *ssl, int *alert, void *arg);
int hello_on_servername(SSL *ssl, int *alert, void *arg);

/** hello_agrees - has OpenSSL read the very name that the host was chosen by? */
bool hello_agrees(const struct tls_handshake *h);

/* verify.c */
int verify_on_certificate(int ok, X509_STORE_CTX *store);

/** verify_allowed - and whom the host lets in of those that verify. Return: as of a callback. */
int verify_allowed(struct tls_handshake *h, X509_STORE_CTX *store);

/** verify_not_revoked - and is it on no list of revoked ones? Return: as of a callback. */
int verify_not_revoked(struct tls_handshake *h, X509_STORE_CTX *store);

/**
 * verify_on_chain - the chain of a client: X509_verify_cert(), or the same from memory
 *
 * On a hit @store has error and chain as X509_verify_cert() left them before.
 */
int verify_on_chain(X509_STORE_CTX *store, void *arg);

/** verify_mode_flags - SSL_VERIFY_* of a host */
int verify_mode_flags(enum verify_mode mode);

/** resume_expiry - when a session of a full handshake with @host now is to end, s since 1970 */
int64_t resume_expiry(const struct tls_host *host);

/** resume_may_keep - may the client that is identified come back without a full handshake? */
bool resume_may_keep(const struct tls_handshake *h);

/**
 * resume_found - is a session good here and now? Then it is what h->found is about.
 * @bond: NULL: there is none. The identity is borrowed.
 */
bool resume_found(struct tls_handshake *h, const SSL_SESSION *session,
                  const struct session_bond *bond);

/* resume.c: the session store as OpenSSL calls it */
int resume_on_new(SSL *ssl, SSL_SESSION *session);
SSL_SESSION *resume_on_get(SSL *ssl, const unsigned char *id, int len, int *out_copy);
void resume_on_remove(SSL_CTX *ctx, SSL_SESSION *session);
