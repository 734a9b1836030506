/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * up.c - from the client to the origin: the rewritten head, then the body.
 */
#include <errno.h>
#include <sys/socket.h>

#include "core/client.h"
#include "core/exchange.h"
#include "core/session.h"
#include "core/worker.h"

/* How much of @bytes the origin's socket takes now. A socket that fails takes
 * everything and is read for an answer: an origin may refuse a body and close. */
static size_t to_origin(struct conn *c, struct slice bytes)
{
	size_t sent = 0;

	while (sent < bytes.len && !c->exchange->up_broken) {
		ssize_t n = send(c->link->fd, bytes.ptr + sent, bytes.len - sent,
		                 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n >= 0)
			sent += (size_t)n;
		else if (errno == EAGAIN)
			return sent;
		else if (errno != EINTR)
			c->exchange->up_broken = true;
	}
	if (c->exchange->up_broken)
		c->link->may_read = true;
	return bytes.len;
}

/* What waits for the origin. A request that may be sent again stays in its block. */
static void flush(struct worker *w, struct conn *c)
{
	c->origin_out.at += (uint32_t)to_origin(c, stash_left(&c->origin_out));
	if (stash_is_empty(&c->origin_out) && !c->exchange->may_resend)
		stash_drop(&w->stashes, &c->origin_out);
}

/* How much ciphertext to read for the body: large turns only with the blocks for
 * what the origin may not take and for what may come behind the body. */
static size_t read_size(struct worker *w, struct conn *c)
{
	struct body *b = &c->exchange->up;
	uint64_t wants = body_wants(b);

	/* The next chunk's line is all that is wanted when chunks are long enough for a pipe. */
	if (c->exchange->up_splice.is_used && body_opaque(b) == 0)
		return READ_SMALL;
	if (wants < BULK_FROM || stash_reserve(&w->stashes, &c->origin_out, BULK_BLOCK_BYTES) < 0)
		return READ_SMALL;
	if (b->kind == BODY_LENGTH && wants < BULK_BYTES)
		return (size_t)wants;
	if (b->kind == BODY_CHUNKED && stash_reserve(&w->stashes, &c->plain_in, BULK_BYTES) < 0)
		return READ_SMALL;
	return BULK_BYTES;
}

/* Sends @bytes, holds what the socket does not take. */
static bool pass(struct worker *w, struct conn *c, struct slice bytes)
{
	struct sink out;
	size_t sent = 0;

	if (stash_is_empty(&c->origin_out))
		sent = to_origin(c, bytes);
	if (sent == bytes.len)
		return true;
	bytes = slice_sub(bytes, sent, bytes.len - sent);
	if (stash_reserve(&w->stashes, &c->origin_out, bytes.len) < 0) {
		w->stats->buffers_exhausted++;
		conn_end(w, c, CONN_REASON_NO_BUFFER);
		return false;
	}
	out = stash_sink(&w->stashes, &c->origin_out);
	sink_put(&out, bytes);
	stash_commit(&c->origin_out, &out);
	return true;
}

/* The client has ended its direction and nothing of it is left to pass on. */
static enum step ended(struct worker *w, struct conn *c)
{
	struct exchange *x = c->exchange;

	if (c->state != CONN_TUNNEL) {
		conn_end(w, c, CONN_REASON_CLIENT_ABORTED);
		return STEP_GONE;
	}
	x->up_ended = true;
	if (x->down_ended) {
		conn_finish(w, c, CONN_REASON_TUNNEL_DONE);
		return STEP_GONE;
	}
	(void)shutdown(c->link->fd, SHUT_WR);
	return STEP_WAIT;
}

static enum step take(struct worker *w, struct conn *c, struct slice in)
{
	struct exchange *x = c->exchange;
	uint8_t trailer[TRAILER_BYTES_MAX];
	struct sink tail = sink_of(trailer, sizeof(trailer));
	struct body_taken taken = { 0 };
	enum refusal why = body_take(&x->up, in, &x->host->reserved, &tail, &taken);

	if (why != REFUSAL_NONE)
		return refuse(w, c, why);
	x->bytes_in += taken.forward;
	if (!pass(w, c, slice_sub(in, 0, taken.forward)) ||
	    (tail.len > 0 && !pass(w, c, sink_slice(&tail))))
		return STEP_GONE;
	x->up_starved = taken.consumed == 0 && in.len > 0;
	if (!client_keep(w, c, slice_sub(in, taken.consumed, in.len - taken.consumed)))
		return STEP_GONE;
	return STEP_ON;
}

/* What was read or spliced and not sent goes first. False: the origin must take some of it. */
static bool flush_all(struct worker *w, struct conn *c)
{
	struct splice *s = &c->exchange->up_splice;

	if (!stash_is_empty(&c->origin_out))
		flush(w, c);
	if (!stash_is_empty(&c->origin_out))
		return false;
	if (splice_holds(s))
		splice_flush_up(w, c);
	return !splice_holds(s);
}

/* More from the client's socket. */
static enum step read_on(struct worker *w, struct conn *c)
{
	struct slice in = stash_left(&c->plain_in);

	switch (client_read(w, c, read_size(w, c), &in)) {
	case CLIENT_DATA:
		return take(w, c, in);
	case CLIENT_AGAIN:
		return c->may_read ? STEP_ON : STEP_WAIT;
	case CLIENT_ENDED:
		/* Once more with what came before the end; then nothing is new. */
		if (in.len > stash_left(&c->plain_in).len)
			return take(w, c, in);
		return ended(w, c);
	case CLIENT_GONE:
		break;
	}
	return STEP_GONE;
}

enum step up_step(struct worker *w, struct conn *c)
{
	struct exchange *x = c->exchange;
	struct slice in = stash_left(&c->plain_in);

	if (c->link == NULL || x->up_ended || !flush_all(w, c) || x->up.is_done)
		return STEP_WAIT;
	if (in.len > 0 && !x->up_starved)
		return take(w, c, in);
	if (!c->may_read && !c->has_ended && !c->has_records)
		return STEP_WAIT;
	if (in.len == 0 && splice_wants_up(w, c)) {
		enum splice_got got = splice_up(w, c);

		if (got == SPLICE_GONE)
			return STEP_GONE;
		if (got != SPLICE_ASK)
			return got == SPLICE_MOVED && !splice_holds(&x->up_splice) ? STEP_ON
			                                                           : STEP_WAIT;
	}
	return read_on(w, c);
}
