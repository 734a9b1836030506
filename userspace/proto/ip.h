/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ip.h - addresses as 16 bytes, IPv4 mapped into IPv6 (RFC 4291 section 2.5.5.2), and ranges of them.
 */
#pragma once

#include "base/sink.h"

enum { IP_BYTES = 16, IP_RANGE_TEXT_MAX = 64 };

struct ip_range {
	uint8_t ip[IP_BYTES]; /* zero behind the prefix */
	uint8_t bits;         /* of the 128 */
};

/**
 * ip_parse - "192.0.2.1" or "2001:db8::1"
 * @out: written on success only
 *
 * No zone, no brackets, no leading zeroes in IPv4.
 *
 * Return: 0; -EINVAL.
 */
MUST_USE int ip_parse(struct slice text, uint8_t out[IP_BYTES]);

/** ip_is_v4 - is it a mapped one? */
bool ip_is_v4(const uint8_t ip[IP_BYTES]);

/** ip_format - as ip_parse() takes it; a mapped one as IPv4 */
void ip_format(const uint8_t ip[IP_BYTES], struct sink *out);

/** ip_map_v4 - four bytes to sixteen */
void ip_map_v4(const uint8_t from[4], uint8_t out[IP_BYTES]);

/**
 * ip_range_parse - "192.0.2.0/24", "2001:db8::/32", or one address
 *
 * Return: NULL, or what is wrong; @out is written on success only.
 */
MUST_USE const char *ip_range_parse(struct slice text, struct ip_range *out);

/** ip_range_format - the same as text, the prefix always there */
void ip_range_format(const struct ip_range *r, struct sink *out);

/** ip_range_has - "::/0" and what else is longer than IPv4's own part of IPv6 has no IPv4 address */
bool ip_range_has(const struct ip_range *r, const uint8_t ip[IP_BYTES]);
