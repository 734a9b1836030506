/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * standing.h - is a client that was let in one that would be let in now?
 *
 * A connection is judged anew when a list of revoked certificates or a policy (with other
 * CRLs) has come into force since, and when its certificate expires: before its next
 * request, and in a round over all connections, a part of it in each turn of the loop.
 */
#pragma once

#include "base/must.h"
#include "base/slice.h"

struct conn;
struct tls_host;
struct worker;

struct standing {
	uint8_t *keys; /* of the list in force; owned */
	size_t keys_len;
	uint64_t version; /* of that list; 0: there is none */
	uint64_t owed; /* of the list that is to be answered for at the end of a round; 0: none */
	uint64_t generation; /* of list and policy together */
	uint32_t at, left;   /* slots that a round has still to look at */
	uint32_t ended;      /* connections that it has ended so far */
	int64_t wall_s;      /* s since 1970, now and then */
	uint64_t wall_at_ms; /* when that is to be read again */
	int64_t expires_s; /* when the first certificate of a live connection expires, or is asked about */
};

/**
 * standing_receive - a list has come: MSG_REVOKED
 * @fd: borrowed
 *
 * In force at once, for handshakes and requests. Return: 0; -errno: this worker must not
 * serve any longer, it does not know who is revoked.
 */
MUST_USE int standing_receive(struct worker *w, uint64_t version, int fd);

/** standing_put_in_force - the tables of @w are there: the list that came before them holds */
void standing_put_in_force(struct worker *w);

/** standing_changed - a list or a policy is new: look at every connection */
void standing_changed(struct worker *w);

/** standing_begin - @c has done its handshake with @host and has its identity: it is due at once */
void standing_begin(struct worker *w, struct conn *c, const struct tls_host *host);

/**
 * standing_admits - may @c go on with a request?
 *
 * Return: false: the connection was ended. Where its host wants it so, true and c->is_forbidden.
 */
MUST_USE bool standing_admits(struct worker *w, struct conn *c);

/** standing_is_looking - is a round under way, and is the next turn not to wait? */
bool standing_is_looking(const struct worker *w);

/** standing_turn - go on with the round, or begin one when a certificate expires */
void standing_turn(struct worker *w);
