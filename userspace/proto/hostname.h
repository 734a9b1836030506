/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hostname.h - one reading of hostnames for SNI, Host and the configuration.
 */
#pragma once

#include "base/slice.h"
#include "conf/policy.h"
#include "proto/head.h"

struct hostname {
	uint8_t bytes[HOST_NAME_MAX_BYTES]; /* lower case, no trailing dot */
	uint8_t len;                        /* 0: none */
};

/**
 * hostname_normal - bring a name into the form names are compared in
 * @in:  1..255 bytes: labels of letters, digits, '-' and '_', or an IP address;
 *       upper case and one trailing dot allowed
 * @out: written on success only
 *
 * Return: 0; -EINVAL empty, an empty label, a byte that no hostname has;
 *         -ENAMETOOLONG.
 * Source: RFC 6066 section 3, RFC 1035 section 2.3.
 */
MUST_USE int hostname_normal(struct slice in, struct hostname *out);

/**
 * hostname_pattern - the same for a configured name, which may start with "*."
 *
 * The wildcard stands for exactly one label and needs two labels behind it.
 */
MUST_USE int hostname_pattern(struct slice in, struct hostname *out);

/**
 * hostname_parent - the wildcard pattern that would cover @name
 *
 * "a.example.com" gives "*.example.com".
 *
 * Return: 0; -ENOENT fewer than three labels, or @name is an IP address.
 */
MUST_USE int hostname_parent(const struct hostname *name, struct hostname *out);

static inline struct slice hostname_slice(const struct hostname *h)
{
	return slice_of(h->bytes, h->len);
}

/**
 * authority_of - the host a request is for
 * @head:     a parsed request
 * @out_host: without port, normalised; len 0 when HTTP/1.0 sent none
 * @out_raw:  the authority as it goes to the origin in Host; borrowed from @head
 *
 * An absolute-form target overrides Host (which must still be there and valid in
 * HTTP/1.1). Two Host fields, a list, userinfo, a bad port are refused.
 *
 * Return: REFUSAL_NONE, _HOST_MISSING, _HOST_REPEATED, _HOST_INVALID, _TARGET.
 * Source: RFC 9112 section 3.2, RFC 9110 section 7.2, RFC 3986 section 3.2.
 */
MUST_USE enum refusal authority_of(const struct head *head, struct hostname *out_host,
                                   struct slice *out_raw);
