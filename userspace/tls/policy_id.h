/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * policy_id.h - a host's demands on clients, as digests. Private to this room.
 */
#pragma once

#include <openssl/x509.h>

#include "conf/policy.h"
#include "tls/host.h"

/* In CAs and CRLs order and repetition do not matter. */
struct policy_demand {
	enum verify_mode verify; /* with VERIFY_NONE nothing else is looked at */
	uint32_t depth;
	bool crl_soft_fail;
	STACK_OF(X509) * cas;
	STACK_OF(X509_CRL) * crls; /* NULL: none */
	enum ocsp_mode ocsp;
	const uint8_t *ocsp_id;  /* TLS_ID_BYTES */
	const uint8_t *allow_id; /* TLS_ID_BYTES; NULL: everybody */
};

/** policy_client_auth_id - digest of all of it. Return: 0; -EIO; -ENOMEM. */
MUST_USE int policy_client_auth_id(const struct policy_demand *d, uint8_t out[TLS_ID_BYTES]);

/** policy_session_context - what a session is bound to. Return: 0 or -EIO. */
MUST_USE int policy_session_context(struct slice name, const uint8_t client_auth_id[TLS_ID_BYTES],
                                    uint8_t out[TLS_ID_BYTES]);
