/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * head.h - the head of an HTTP/1 message: strict, pure, resumable.
 *
 * Everything here is slices into the caller's bytes. What RFC 9112 lets a
 * recipient repair, this refuses: two readings of one message are how requests
 * are smuggled.
 */
#pragma once

#include "base/slice.h"
#include "proto/refusal.h"

enum {
	HEAD_BYTES_MAX = 32768,
	HEAD_FIELDS_MAX = 128,
};

/* What the operator allows; each within the maximum above. */
struct head_limits {
	uint32_t head_bytes;
	uint32_t target_bytes;
	uint32_t fields;
};

struct field {
	struct slice name;  /* a token, case as received */
	struct slice value; /* without surrounding white space; may be empty */
};

struct head {
	/* request */
	struct slice method;
	struct slice target;
	/* response */
	unsigned int status; /* 100..999 */
	struct slice reason; /* may be empty */
	/* both */
	unsigned int minor; /* HTTP/1.minor: 0 or 1 */
	size_t fields_len;
	struct field fields[HEAD_FIELDS_MAX];
};

/**
 * head_end - length of a complete message head
 * @in:    bytes received so far; borrowed for the call
 * @seen:  bytes of @in already searched by an earlier call with the same prefix,
 *         0 at first: a head that trickles in costs O(n) in all
 * @limit: longest head allowed, bytes, 1..HEAD_BYTES_MAX
 * @out_len: written when the head is complete: its bytes with the final empty line
 *
 * Line ends are CRLF and nothing else. Empty lines before a request line are the
 * caller's to skip (head_skip_blank()).
 *
 * Return: REFUSAL_NONE with *@out_len > 0 complete, or 0 when more is needed;
 *         REFUSAL_BARE_LF, _BARE_CR, _NUL, or _HEAD_TOO_LARGE.
 * Source: RFC 9112 sections 2.1 and 2.2.
 */
MUST_USE enum refusal head_end(struct slice in, size_t seen, size_t limit, size_t *out_len);

/**
 * head_skip_blank - bytes of leading CRLFs that a server ignores before a request
 *
 * Return: 0, 2 or 4: no more than two are forgiven.
 * Source: RFC 9112 section 2.2.
 */
size_t head_skip_blank(struct slice in);

/**
 * head_parse_request - take a complete request head apart
 * @in:  exactly the bytes that head_end() measured
 * @out: written on success only
 *
 * Checked here: method is a token; target is one of origin, absolute, authority
 * (CONNECT) or asterisk form without white space or control bytes, no fragment;
 * version is HTTP/1.0 or 1.1; field names are tokens directly followed by ':';
 * values hold no control byte but HTAB; no obs-fold; the limits of @limits.
 * Not checked here: what the fields mean (framing.h, authority.h).
 *
 * Return: REFUSAL_NONE or the reason.
 * Source: RFC 9112 sections 3 and 5.
 */
MUST_USE enum refusal head_parse_request(struct slice in, const struct head_limits *limits,
                                         struct head *out);

/**
 * head_parse_response - the same for a response head
 *
 * Return: REFUSAL_NONE, REFUSAL_STATUS_LINE, or a reason about the fields.
 * Source: RFC 9112 section 4.
 */
MUST_USE enum refusal head_parse_response(struct slice in, const struct head_limits *limits,
                                          struct head *out);

/**
 * head_find - first field of that name, any case
 *
 * Return: the field, or NULL.
 */
const struct field *head_find(const struct head *head, struct slice name);

/**
 * list_has - does a comma-separated field value hold this token, any case?
 * Source: RFC 9110 section 5.6.1.
 */
bool list_has(struct slice value, struct slice token);
