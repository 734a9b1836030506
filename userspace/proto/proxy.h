/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * proxy.h - the PROXY protocol's numbers, and what a header says. Source: HAProxy's
 * doc/proxy-protocol.txt, sections 2.1 (version 1), 2.2 (version 2), 2.2.1 to 2.2.6 (TLVs);
 * 0x26 to 0x28 are of its revision 3.4.
 */
#pragma once

#include "proto/ip.h"

#define PROXY_V2_SIGNATURE SLICE("\r\n\r\n\0\r\nQUIT\n")

enum {
	PROXY_V2_FIXED_BYTES = 16, /* signature, version and command, family, length */
	PROXY_TLV_BYTES = 3,       /* type and length */
	PROXY_SSL_BYTES = 5,       /* client bits and verify, before the sub-TLVs */
	PROXY_CRC32C_BYTES = 4,

	PROXY_V2_LOCAL = 0x20, /* version and command */
	PROXY_V2_PROXY = 0x21,

	PROXY_UNSPEC = 0x00, /* family and transport */
	PROXY_TCP4 = 0x11,
	PROXY_UDP4 = 0x12,
	PROXY_TCP6 = 0x21,
	PROXY_UDP6 = 0x22,
	PROXY_UNIX = 0x31,
	PROXY_UNIX_DGRAM = 0x32,

	PROXY_TYPE_ALPN = 0x01,
	PROXY_TYPE_AUTHORITY = 0x02,
	PROXY_TYPE_CRC32C = 0x03,
	PROXY_TYPE_SSL = 0x20,
	PROXY_TYPE_SSL_VERSION = 0x21, /* from here on inside of PROXY_TYPE_SSL */
	PROXY_TYPE_SSL_CN = 0x22,
	PROXY_TYPE_SSL_CIPHER = 0x23,
	PROXY_TYPE_SSL_SIG_ALG = 0x24,
	PROXY_TYPE_SSL_KEY_ALG = 0x25,
	PROXY_TYPE_SSL_GROUP = 0x26,
	PROXY_TYPE_SSL_SIG_SCHEME = 0x27,
	PROXY_TYPE_SSL_CLIENT_CERT = 0x28,

	PROXY_CLIENT_SSL = 0x01,       /* client bits: came over TLS */
	PROXY_CLIENT_CERT_CONN = 0x02, /* with a certificate shown on this connection */
	PROXY_CLIENT_CERT_SESS = 0x04, /* or on one of the same TLS session */
};

/* One end of a TCP connection. */
struct proxy_end {
	uint8_t ip[IP_BYTES];
	uint16_t port;
};
