/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * identity.h - what is known of a client, and the headers that say it.
 *
 * A dialect is a table of header name -> renderer over struct identity_meta.
 * A renderer writes one value and knows no OpenSSL; a new dialect is a new
 * table and, where its formats are new, new renderers.
 */
#pragma once

#include "base/sink.h"
#include "conf/policy.h"

enum {
	IDENTITY_CHAIN_MAX = 10,
	IDENTITY_HEADERS_MAX = 160,
	IDENTITY_BLOCK_MAX = 65536, /* all header lines of one identity, bytes */
	IDENTITY_KEY_MAX = 65536,   /* bytes of identity_headers_key() */
};

/* Longest values, bytes; 0: RFC9440_LEAF_MAX and so on. */
struct rfc9440_limits {
	uint32_t leaf, chain;
};

/* Plain data; slices are borrowed from the cache entry that owns them. */
struct identity_meta {
	bool presented;       /* a certificate came */
	bool verified;        /* and was verified under the host's policy */
	bool revoked;         /* and would be, had its issuer not revoked it */
	uint8_t version;      /* 1 to 3 */
	uint8_t sha256[32];   /* of der */
	uint8_t sha1[20];     /* of der */
	struct slice verdict; /* "SUCCESS", "NONE", "FAILED:" and OpenSSL's words */
	struct slice der;     /* the leaf */
	size_t chain_len;
	struct slice chain
		[IDENTITY_CHAIN_MAX]; /* DER, issuer of the leaf first, as verified; the leaf is not in it */
	struct slice subject; /* RFC 2253 text, UTF-8 escaped: printable ASCII */
	struct slice issuer;
	struct slice subject_legacy; /* "/C=../CN=..", as X509_NAME_oneline() */
	struct slice issuer_legacy;
	struct slice subject_der; /* Name */
	struct slice issuer_der;
	struct slice serial;        /* upper-case hexadecimal */
	struct slice issuer_serial; /* of the issuing certificate; empty: not known */
	struct slice ski;           /* subject key identifier, bytes */
	struct slice issuer_ski;
	struct slice sans; /* see identity_text.h, san_next() */
	struct slice key_algorithm;
	struct slice signature_algorithm;
	int64_t not_before; /* s since 1970 */
	int64_t not_after;
	struct rfc9440_limits limits; /* set by identity_render() */
};

/* Writes the value of one header; false: this header is left out. */
typedef bool identity_renderer(const struct identity_meta *meta, struct sink *out);

struct identity_header {
	struct slice name;         /* a token; borrowed */
	identity_renderer *render; /* NULL: what template says */
	struct slice template;     /* see template.h */
};

/* The headers one host asks for. */
struct identity_headers {
	size_t len;
	const struct identity_header *row;
	struct rfc9440_limits limits;
	struct slice key; /* identity_headers_key() */
};

/**
 * identity_headers_key - bytes that are equal when the headers are
 *
 * In this process: a renderer is told by its address.
 */
void identity_headers_key(const struct identity_headers *headers, struct sink *out);

/**
 * identity_render - all header lines for one client
 * @headers: which, in this order
 * @meta:    who
 * @out:     "Name: value" CRLF for each header that applies; overflow is the caller's to see
 *
 * A value holds printable ASCII only, whatever the certificate says. The RFC
 * 9440 headers are left out unless meta->verified.
 *
 * Source: RFC 9440 sections 2.1 to 2.3.
 */
void identity_render(const struct identity_headers *headers, const struct identity_meta *meta,
                     struct sink *out);
