/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * host.h - one host's TLS side: certificate, key, client CAs, verification.
 *
 * Immutable once made and counted: a connection that began under it keeps it.
 */
#pragma once

#include "base/sink.h"
#include "conf/policy.h"
#include "proto/identity.h"

struct tls_worker;
struct tls_host;

enum { TLS_ID_BYTES = 32 };

struct tls_host_conf {
	struct slice name;            /* for error texts */
	struct slice certificate_pem; /* leaf, then intermediates */
	struct slice key_pem;
	struct slice ca_pem;            /* empty only with VERIFY_NONE */
	struct slice crl_pem;           /* empty: revocation is not looked at */
	bool crl_soft_fail;             /* a CRL that is missing or has expired is let pass */
	const struct allow_list *allow; /* NULL: everybody */
	enum ocsp_mode ocsp;            /* asked by others: here it is a demand like the rest */
	struct slice ocsp_responder;    /* empty: the one that a certificate names */
	enum verify_mode verify;
	uint32_t verify_depth;
	uint32_t session_timeout_s;
};

/**
 * tls_host_new - build the OpenSSL objects of one host
 * @w:    the worker it is for
 * @conf: borrowed for the call
 * @out:  written on success; one reference
 * @err:  what is wrong, naming the host and the object, when it fails
 *
 * TLS 1.2 and 1.3, AEAD suites only, no renegotiation, no compression, no early
 * data; one ticket for each full handshake, stateful or sealed. The session id context is a
 * digest of name and client_auth id, so that a session is good under the very
 * policy it was made under and no other.
 *
 * Return: 0; -EINVAL the PEM or the pair is no good; -ENOMEM.
 */
MUST_USE int tls_host_new(struct tls_worker *w, const struct tls_host_conf *conf,
                          struct tls_host **out, struct sink *err);

struct tls_host *tls_host_ref(struct tls_host *h);
void tls_host_unref(struct tls_host *h); /* NULL is fine */

/**
 * tls_host_client_auth_id - what this host demands of a client, as a digest
 *
 * TLS_ID_BYTES over verify mode, depth, CAs and CRLs (as sets: order does not
 * matter), the allow-list and OCSP. Hosts with equal ids may serve each other's connections.
 */
const uint8_t *tls_host_client_auth_id(const struct tls_host *h);

/** tls_host_ocsp - is a client to be asked about, and what if nothing is to be known */
enum ocsp_mode tls_host_ocsp(const struct tls_host *h);

/**
 * tls_host_ocsp_id - among which statuses of certificates this host looks: ocsp_id()
 *
 * All zero where it asks for none.
 */
const uint8_t *tls_host_ocsp_id(const struct tls_host *h);

/** tls_host_demand_id - as client_auth_id over all of it but the CRLs, which change from day to day */
const uint8_t *tls_host_demand_id(const struct tls_host *h);
