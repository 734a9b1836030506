/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rewrite.h - a received head becomes the head we send.
 *
 * Fields are copied but for hop-by-hop fields (RFC 9110 section 7.6.1: those
 * named in Connection too), the reserved names, and what framing decides.
 */
#pragma once

#include "base/sink.h"
#include "proto/framing.h"
#include "proto/hostname.h"
#include "proto/reserved.h"

enum { CONNECTION_NAMES_MAX = 32 };

struct rewrite_request {
	const struct head *head;
	const struct framing *framing;
	const struct reserved *reserved; /* the host's own names, or NULL */
	struct slice authority;          /* Host as sent on; empty: none */
	struct slice identity;           /* header lines, may be empty; last in the head */
	bool keeps_xfcc; /* the client's X-Forwarded-Client-Cert goes on, see below */
};

/**
 * rewrite_request - the head for the origin
 *
 * Sent with the client's minor version, so that an HTTP/1.0 client is never owed a
 * chunked answer; origin-form (an absolute target is cut down); one Host, first.
 * "Connection: upgrade" and Upgrade are kept only when framing->wants_upgrade,
 * otherwise HTTP/1.1 gets no
 * Connection field (it is persistent) and HTTP/1.0 gets "Connection: close". Transfer-Encoding
 * and Content-Length are written from @framing, not copied ("Content-Length: 0" where the
 * client said so); Expect is kept when framing->expects_continue; TE, Trailer, Proxy and
 * Proxy-* are dropped.
 *
 * With @keeps_xfcc the client's X-Forwarded-Client-Cert, spelled so, is sent on as one
 * field; where @identity begins with that field, its value comes behind the client's.
 *
 * @out_stripped: written on success: fields removed because their names are reserved
 *
 * Return: REFUSAL_NONE; REFUSAL_HEAD_TOO_LARGE when @out is too small, or Connection
 *         names more than CONNECTION_NAMES_MAX fields: @out is then as it was, but
 *         for @out->overflow.
 */
MUST_USE enum refusal rewrite_request(const struct rewrite_request *in, struct sink *out,
                                      uint32_t *out_stripped);

struct rewrite_response {
	const struct head *head;
	const struct framing *framing;
	bool keep_alive;       /* to the client; false with BODY_UNTIL_CLOSE */
	bool client_is_http10; /* "Connection: keep-alive" must then be said */
};

/**
 * rewrite_response - the head for the client
 *
 * HTTP/1.1 status line with the origin's status and reason; hop-by-hop fields
 * dropped, "Connection: close" added when !keep_alive; 101 keeps Upgrade. Framing
 * is written as for a request; an answer to HEAD and a 304 keep their
 * Content-Length. Client-Cert and Client-Cert-Chain are dropped; a Vary that names
 * one of the reserved fields becomes "Vary: *": no cache of the client's side sees them.
 *
 * Return: REFUSAL_NONE; REFUSAL_HEAD_TOO_LARGE as for rewrite_request();
 *         REFUSAL_ORIGIN_BROKEN for a chunked answer to HTTP/1.0.
 * Source: RFC 9440 sections 2.2 to 2.4.
 */
MUST_USE enum refusal rewrite_response(const struct rewrite_response *in, struct sink *out);

/**
 * rewrite_trailer - a trailer section for the other side
 * @in: as measured by trailer_end()
 *
 * Field lines are parsed as in a head; reserved names, framing and routing fields
 * (Content-Length, Transfer-Encoding, Host, Trailer, Connection ...) are dropped.
 *
 * Return: REFUSAL_NONE; REFUSAL_TRAILER, also when @out is too small: @out is then as
 *         it was, but for @out->overflow.
 * Source: RFC 9110 section 6.5.1.
 */
MUST_USE enum refusal rewrite_trailer(struct slice in, const struct reserved *reserved,
                                      struct sink *out);
