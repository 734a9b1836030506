/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ticket_data.h - what a ticket says of its client beside what OpenSSL puts into it.
 * Private to this room.
 *
 * Leaf and chain as they were verified, when all of it is valid, the verdict, and when the
 * session ends: what a stateful session has in struct session_bond.
 */
#pragma once

#include "base/sink.h"

enum {
	TICKET_DATA_VERSION = 1,
	TICKET_DATA_HEAD = 1 + 1 + 4 * 8 + 32,
	TICKET_CERTS_MAX = 8192, /* bytes of DER, leaf and chain; a client sends them each time */
};

struct ticket_data {
	int64_t expires;    /* s since 1970; counted from the full handshake */
	int64_t good_from;  /* the same: leaf and chain are all valid from .. */
	int64_t good_until; /* .. until then */
	int64_t verdict;    /* X509_V_* */
	bool has_identity;  /* false: the client sent no certificate, and what follows is nothing */
	uint8_t identity_key[32]; /* of the identity cache */
	struct slice certs; /* DER, one behind the other: the leaf, and what was told of its chain */
};

/** ticket_data_put - as bytes; overflow is the sink's */
void ticket_data_put(const struct ticket_data *d, struct sink *out);

/**
 * ticket_data_get - and back
 * @out: certs points into @in
 *
 * Return: 0; -EBADMSG not ours, or of another version.
 */
MUST_USE int ticket_data_get(struct slice in, struct ticket_data *out);
