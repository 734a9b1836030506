/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ocsp.h - what a CA's responder says of a client certificate: RFC 6960, asked as in RFC 5019.
 *
 * Of the client's certificate alone, not of those above it. Without a nonce: answers are kept
 * and may be as old as they say of themselves.
 */
#pragma once

#include "base/sink.h"
#include "conf/policy.h"

struct x509_st; /* X509: this header is read in rooms that do not include OpenSSL */

enum {
	OCSP_ID_BYTES = 32,
	OCSP_RESPONSE_MAX = 65536, /* bytes */
	OCSP_SKEW_S = 60,          /* their clock and ours */
	OCSP_AGE_MAX_S = 86400,    /* of an answer that does not say how long it holds */
	OCSP_WHY_MAX = 160,
};

enum ocsp_status {
	OCSP_FAILED, /* nobody said anything that can be believed */
	OCSP_GOOD,
	OCSP_REVOKED,
	OCSP_UNKNOWN, /* the responder does not know the certificate */
	OCSP_STATUS_MAX
};

struct ocsp_verdict {
	enum ocsp_status status;
	int64_t from;           /* s since 1970: when that was so */
	int64_t until;          /* s since 1970; 0: the answer does not say, or none came */
	char why[OCSP_WHY_MAX]; /* of OCSP_FAILED; printable, NUL-terminated */
};

/**
 * ocsp_id - among which statuses a host looks: those asked for with these CAs at this responder
 * @responder: URL; empty: whichever a certificate names
 *
 * Return: 0 or -EIO. After digest_init().
 */
MUST_USE int ocsp_id(struct slice ca_pem, struct slice responder, uint8_t out[OCSP_ID_BYTES]);

/** ocsp_key - one certificate's status among those: @sha256 is of its DER. Return: 0 or -EIO. */
MUST_USE int ocsp_key(const uint8_t id[OCSP_ID_BYTES], const uint8_t sha256[32],
                      uint8_t out[OCSP_ID_BYTES]);

/**
 * ocsp_leaf_key - the same of a certificate's DER, which is not looked into
 *
 * Return: 0 or -EIO.
 */
MUST_USE int ocsp_leaf_key(const uint8_t id[OCSP_ID_BYTES], struct slice leaf,
                           uint8_t out[OCSP_ID_BYTES]);

/**
 * ocsp_check - believe an answer or not
 * @response: the whole body, OCSPResponse
 * @leaf:     whom it is to be about
 * @issuer:   whose key signed that; it signed the answer, or who did is certified by it for that
 * @now:      s since 1970; the validity of a delegated signer too
 * @out:      always written; without OCSP_FAILED it is what is stated for the leaf
 */
void ocsp_check(struct slice response, struct x509_st *leaf, struct x509_st *issuer, int64_t now,
                struct ocsp_verdict *out);

/** ocsp_is_url - can a responder be asked there? "http://host[:port][/path]", printable, no user */
bool ocsp_is_url(struct slice url);

struct ocsp_question {
	struct slice certificates; /* DER: the client's, then issuers in any order */
	struct slice ca_pem;       /* whom they must lead to */
	struct slice responder;    /* URL; empty: the one that the certificate names */
	uint32_t depth;            /* intermediates */
	uint32_t timeout_ms;
};

/**
 * ocsp_ask - verify the certificates, ask the responder, check the answer
 * @out: always written
 *
 * Blocks, and may take a little longer than it has: only for a process that is killed in time.
 * Whatever the environment says of proxies is not heeded, and no answer sends us elsewhere.
 */
void ocsp_ask(const struct ocsp_question *q, struct ocsp_verdict *out);
