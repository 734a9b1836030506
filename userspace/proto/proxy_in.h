/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * proxy_in.h - a PROXY header at the start of a connection, version 1 or 2.
 *
 * Only for sources that are trusted: whoever may send one says who the client is.
 */
#pragma once

#include "proto/proxy.h"

enum {
	PROXY_V1_BYTES_MAX = 107, /* with CR LF: section 2.1 */
	/* Of version 2; the protocol's own bound is 64 KiB. No gateway that leaves TLS to us
	 * has more to say. */
	PROXY_V2_BYTES_MAX = 4096,
};

struct proxy_told {
	bool has_ends; /* else the connection's own addresses are meant */
	uint8_t version;
	struct proxy_end client; /* source */
	struct proxy_end door;   /* destination */
};

/**
 * proxy_in_parse - read a header
 * @in:  what came from the connection's first byte on; any length
 * @out: written when the whole header is there
 *
 * LOCAL, UNSPEC, "UNKNOWN" and the families that are not TCP say nothing of ends. TLVs are
 * checked for their lengths, and a CRC32C for its value; nothing else of them is used.
 * What no header can become is refused at the first byte that shows it.
 *
 * Return: > 0  bytes of the header; what follows is the client's;
 *           0  incomplete, call again with more;
 *         < 0  -ENOMSG it is no PROXY header, -EBADMSG it is a bad one, -EMSGSIZE over
 *              PROXY_V2_BYTES_MAX.
 * Source: proxy-protocol.txt sections 2.1, 2.2.
 */
MUST_USE int proxy_in_parse(struct slice in, struct proxy_told *out);
