/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * clienthello.h - the host name in the first bytes of a connection, without OpenSSL.
 *
 * A hint to steer by, never the policy: that comes from OpenSSL's own reading
 * (tls/hello.c). bpf/clienthello.bpf.h gives the same answers for the same bytes;
 * tests/bpf holds the two against each other.
 */
#pragma once

#include "base/slice.h"
#include "proto/hostname.h"

enum {
	CLIENTHELLO_WINDOW = 4032,   /* bytes that are looked at */
	CLIENTHELLO_EXTENSIONS = 64, /* extensions that are looked at */
};

enum clienthello {
	CLIENTHELLO_NAME,
	CLIENTHELLO_NO_NAME,
	CLIENTHELLO_BAD_NAME, /* empty, over 255 bytes, with a NUL, or a '*' in front */
	CLIENTHELLO_MORE,     /* right so far; more bytes would tell */
	CLIENTHELLO_BEYOND,   /* right so far; not in the first record, window or extensions */
	CLIENTHELLO_NOT_TLS,  /* no handshake record with a ClientHello; SSL 2 is not either */
	CLIENTHELLO_BAD,      /* a length field is wrong, or server_name comes twice */
};

/**
 * clienthello_name - find server_name
 * @first: what the client sent from its first byte on; any length
 * @out:   with CLIENTHELLO_NAME only: in lower case, one dot at the end removed; its
 *         characters are not checked
 *
 * Source: RFC 8446 sections 4.1.2 and 5.1, RFC 5246 section 7.4.1.2, RFC 6066 section 3.
 */
MUST_USE enum clienthello clienthello_name(struct slice first, struct hostname *out);
