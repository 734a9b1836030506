/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * framing.h - where a message's body ends, and whether the connection goes on.
 */
#pragma once

#include "proto/head.h"

enum body_kind {
	BODY_NONE,
	BODY_LENGTH,      /* exactly length bytes */
	BODY_CHUNKED,     /* chunked.h finds the end */
	BODY_UNTIL_CLOSE, /* a response that ends with its connection */
	BODY_TUNNEL,      /* after 101: bytes both ways until both sides end */
};

struct framing {
	enum body_kind kind;
	uint64_t length;       /* BODY_LENGTH only, >= 1 */
	bool keep_alive;       /* the sender lets the connection go on */
	bool expects_continue; /* request: Expect: 100-continue, HTTP/1.1 */
	bool wants_upgrade;    /* request: Upgrade and Connection: upgrade, HTTP/1.1, no body */
};

/**
 * framing_request - decide the body of a request
 * @head:     parsed request head
 * @body_max: longest BODY_LENGTH allowed, bytes; UINT64_MAX for no limit
 * @out:      written on success only
 *
 * Refused: Content-Length that is empty, signed, not decimal, over 2^63-1, or
 * present with two different values (equal repeats are refused too:
 * REFUSAL_LENGTH_DIFFERS); Content-Length with Transfer-Encoding; any
 * Transfer-Encoding but a single final "chunked"; Transfer-Encoding in HTTP/1.0;
 * an Expect other than 100-continue; Upgrade with a body. CONNECT and TRACE are
 * REFUSAL_METHOD_UNSUPPORTED: this is no forward proxy.
 *
 * Return: REFUSAL_NONE or the reason.
 * Source: RFC 9112 sections 6 and 9.3, RFC 9110 sections 7.8 and 10.1.1.
 */
MUST_USE enum refusal framing_request(const struct head *head, uint64_t body_max,
                                      struct framing *out);

/**
 * framing_response - decide the body of a response
 * @head:       parsed response head
 * @is_head:    the request's method was HEAD
 * @may_switch: the request asked for an upgrade; else a 101 is refused
 *
 * 1xx, 204 and 304 and any answer to HEAD have no body whatever the fields say;
 * two Content-Lengths, or Content-Length with Transfer-Encoding, are refused.
 *
 * Return: REFUSAL_NONE or REFUSAL_ORIGIN_BROKEN.
 * Source: RFC 9112 section 6.3.
 */
MUST_USE enum refusal framing_response(const struct head *head, bool is_head, bool may_switch,
                                       struct framing *out);
