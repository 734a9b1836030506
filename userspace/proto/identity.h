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
	IDENTITY_HEADERS_MAX = 16,
	IDENTITY_BLOCK_MAX = 65536, /* all header lines of one identity, bytes */
};

/* Plain data; slices are borrowed from the cache entry that owns them. */
struct identity_meta {
	bool presented;       /* a certificate came */
	bool verified;        /* and was verified under the host's policy */
	struct slice verdict; /* "SUCCESS", "NONE", "FAILED:" and OpenSSL's words */
	struct slice der;     /* the leaf */
	uint8_t sha256[32];   /* of der */
	size_t chain_len;
	struct slice chain
		[IDENTITY_CHAIN_MAX]; /* DER, issuer of the leaf first, as verified; the leaf is not in it */
	struct slice subject; /* RFC 2253 text, UTF-8 escaped: printable ASCII */
	struct slice issuer;
	struct slice serial; /* upper-case hexadecimal */
	int64_t not_before;  /* s since 1970 */
	int64_t not_after;
};

/* Writes the value of one header; false: this header is left out. */
typedef bool identity_renderer(const struct identity_meta *meta, struct sink *out);

/* X(CONSTANT, renderer): what a header can say. Other dialects add rows. */
#define IDENTITY_FIELDS(X)                                                                         \
	X(DER_BASE64, render_der_base64)                                                           \
	X(SHA256_HEX, render_sha256_hex)                                                           \
	X(VERDICT, render_verdict)                                                                 \
	X(RFC9440_LEAF, render_rfc9440_leaf)                                                       \
	X(RFC9440_CHAIN, render_rfc9440_chain)

#define X(name, renderer) IDENTITY_FIELD_##name,
enum identity_field { IDENTITY_FIELDS(X) IDENTITY_FIELD_MAX };
#undef X

/* The headers one host asks for. */
struct identity_headers {
	size_t len;
	struct {
		struct slice name; /* a token; borrowed */
		enum identity_field field;
	} row[IDENTITY_HEADERS_MAX];
};

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
