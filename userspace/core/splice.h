/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * splice.h - bodies that pass from socket to socket without being looked at.
 *
 * Where the kernel has the client's records, the bytes of a body that frame nothing
 * (proto/body.h: body_opaque()) go through a pipe. A pipe is lent for as long as bytes
 * are in it: at the end of a turn it holds what the other side did not take, as
 * c->origin_out and c->wire_out do for bytes that were read, and nothing more is read
 * until it is empty. Moved inline by splice(2) when a poll has said so: a ring's
 * splice always goes to a kernel thread.
 */
#pragma once

#include <stddef.h>

#include "sys/pipe.h"

struct conn;
struct worker;

/* One direction of an exchange. */
struct splice {
	struct pipe *pipe; /* with bytes on their way, or about to be; or NULL */
	bool is_on;        /* the rest of this length or chunk goes this way */
	bool is_used;      /* some of this body did */
	bool has_missed;   /* some was to, and found no pipe */
};

/** splice_holds - are bytes on their way? */
static inline bool splice_holds(const struct splice *s)
{
	return s->pipe != NULL && s->pipe->len > 0;
}

/** splice_len - how many */
static inline uint64_t splice_len(const struct splice *s)
{
	return s->pipe == NULL ? 0 : s->pipe->len;
}

enum splice_got {
	SPLICE_MOVED, /* some bytes came nearer; what was not taken is held */
	SPLICE_AGAIN, /* nothing there now */
	SPLICE_ASK,   /* what comes next, or that nothing does, only client_read() can tell */
	SPLICE_ENDED, /* the origin has ended its direction or failed: left to the caller */
	SPLICE_GONE,  /* the connection was ended */
};

/**
 * splice_wants_up, splice_wants_down - are the body's next bytes to be spliced?
 *
 * For a moment at which nothing is held in front of them and the source may be read.
 * When a pipe is lacking they are not, which is counted once for each body.
 */
bool splice_wants_up(struct worker *w, struct conn *c);
bool splice_wants_down(struct worker *w, struct conn *c);

/** splice_up - after splice_wants_up(): at most PIPE_BYTES from the client towards the origin */
enum splice_got splice_up(struct worker *w, struct conn *c);

/**
 * splice_down - after splice_wants_down(): at most PIPE_BYTES from the origin towards the client
 * @out_err: SPLICE_ENDED: 0 the origin's end; a positive errno
 */
enum splice_got splice_down(struct worker *w, struct conn *c, int *out_err);

/** splice_flush_up - give the origin what it takes of what is held; an origin that fails takes all */
void splice_flush_up(struct worker *w, struct conn *c);

/** splice_flush_down - give the client what it takes of what is held; false: the connection was ended */
MUST_USE bool splice_flush_down(struct worker *w, struct conn *c);

/** splice_end - the exchange is over: what is held is lost, the pipes go back */
void splice_end(struct worker *w, struct conn *c);
