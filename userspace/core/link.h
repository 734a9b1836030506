/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * link.h - connections to origins, and the origins they lead to.
 *
 * A link has a slot of its own, so that its poll keeps its token while the link
 * wanders between a client connection and its origin's pool. An origin is known
 * by its address: a new snapshot that names it again finds its pool and its
 * failures where they were.
 */
#pragma once

#include <sys/socket.h>

#include "base/wheel.h"
#include "store/snapshot.h"

struct conn;
struct host;
struct worker;

enum link_state {
	LINK_FREE,
	LINK_CONNECTING,
	LINK_BUSY,    /* a client connection has it */
	LINK_IDLE,    /* in its origin's pool */
	LINK_CLOSING, /* waiting for the poll's last CQE */
};

struct link {
	uint32_t gen;
	int fd;
	uint8_t state;          /* enum link_state */
	bool is_polled;         /* a poll is in the ring */
	bool may_read;          /* the socket may have bytes */
	bool has_fin;           /* the kernel saw the origin's FIN or RST */
	bool is_private;        /* tells of one client, once or in front: that client's for good */
	uint64_t known_version; /* the client's identity was told on it by this snapshot .. */
	const struct host *known_host; /* .. and this host of it; compared, never followed */
	uint32_t served;               /* responses completed */
	uint32_t preface;              /* what went before its first request: core/preface.h */
	struct timer timer;            /* LINK_IDLE: when it has been unused for too long */
	struct conn *conn;
	struct origin *origin;
	struct link *next, *prev; /* LINK_IDLE: its origin's pool, newest first */
};

struct origin {
	uint32_t users;         /* policies that name it */
	uint32_t links;         /* connections to it that are not closing, pooled ones too */
	uint32_t fails;         /* in a row */
	uint64_t down_until_ms; /* passed over until then */
	struct link *idle;      /* newest first */
	uint32_t idle_len;
	socklen_t addr_len;
	struct sockaddr_storage addr;
	char *label;
};

/**
 * origin_get - the origin at this address, made if it is new
 *
 * Return: one reference, or NULL: no memory.
 */
struct origin *origin_get(struct worker *w, const struct snapshot_origin *conf);

/** origin_put - give it back; when the last policy has, its pool is closed */
void origin_put(struct worker *w, struct origin *o);

/** origin_unlinked - one connection to it less */
void origin_unlinked(struct worker *w, struct origin *o);

/** origin_failed / origin_answered - passive health: what came of an attempt */
void origin_failed(struct worker *w, struct origin *o);
void origin_answered(struct origin *o);

/** link_take - a pooled link to @o for @c, or NULL */
struct link *link_take(struct worker *w, struct origin *o, struct conn *c);

/**
 * link_dial - begin a connection to @o for @c
 *
 * Return: 0 with c->link set (LINK_CONNECTING); -errno: nothing was begun.
 */
MUST_USE int link_dial(struct worker *w, struct origin *o, struct conn *c);

/** link_connected - 0 the connect(2) succeeded; -EINPROGRESS; -errno it failed */
MUST_USE int link_connected(struct link *l);

/** link_release - c->link goes into its origin's pool, or is closed when that is full */
void link_release(struct worker *w, struct conn *c);

/** link_is_quiet - nothing is there to be read: no byte that nobody asked for, no end */
bool link_is_quiet(struct link *l);

/** link_close - close a link, whoever has it */
void link_close(struct worker *w, struct link *l);

/** link_poll_done - the poll's last CQE has come */
void link_poll_done(struct worker *w, struct link *l);
