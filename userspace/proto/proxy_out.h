/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * proxy_out.h - a PROXY header that tells an origin of a client.
 *
 * It stands before the first byte of an origin connection and speaks for all of it: such a
 * connection serves one client connection and no other.
 */
#pragma once

#include "conf/policy.h"
#include "proto/identity.h"
#include "proto/proxy.h"

enum {
	PROXY_OUT_MAX = PROXY_V2_FIXED_BYTES + 65535, /* the protocol's bound */
	PROXY_OUT_V1_MAX = 107,
};

/* One client connection. Slices are borrowed; an empty one is left out. */
struct proxy_facts {
	uint32_t tlvs; /* which: bits 1 << enum proxy_tlv */
	bool has_ends; /* both below are known */
	bool is_resumed;
	const struct proxy_end *client;
	const struct proxy_end *door;            /* where it came to */
	const struct identity_meta *client_cert; /* NULL: none was shown */
	struct slice alpn;                       /* protocol spoken to the origin */
	struct slice authority;                  /* server name the client asked for */
	struct slice version;                    /* "TLSv1.3" */
	struct slice cipher;                     /* in OpenSSL's words */
	struct slice sig_alg;    /* that our certificate is signed with: "ecdsa-with-SHA256" */
	struct slice key_alg;    /* of its key: "RSA2048", "EC256" */
	struct slice group;      /* of the key exchange: "x25519" */
	struct slice sig_scheme; /* of the handshake: "ed25519" */
};

/**
 * proxy_out_put_v1 - write the line of version 1, of which facts other than the ends are no part
 * @out: not overflown, with room for PROXY_OUT_V1_MAX
 *
 * Ends of two families become TCP6, IPv4 mapped into IPv6. Without ends: UNKNOWN.
 *
 * Source: proxy-protocol.txt section 2.1.
 */
void proxy_out_put_v1(const struct proxy_facts *facts, struct sink *out);

/**
 * proxy_out_put - write the header of version 2
 * @out: not overflown; with room for PROXY_OUT_MAX nothing is too long but the protocol's bound
 *
 * The client's common name is told where it is one that can be: the first of its subject,
 * in UTF-8 without control characters. verify is 0 for a certificate that verified, else 1.
 *
 * Return: 0; -EMSGSIZE it would be over PROXY_OUT_MAX or @out: nothing was written.
 * Source: proxy-protocol.txt section 2.2.
 */
MUST_USE int proxy_out_put(const struct proxy_facts *facts, struct sink *out);
