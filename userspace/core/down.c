/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * down.c - from the origin to the client: the response's head, then its body.
 */
#include <errno.h>
#include <sys/socket.h>

#include "core/client.h"
#include "core/exchange.h"
#include "core/session.h"
#include "core/worker.h"
#include "proto/rewrite.h"

enum { INTERIM_MAX = 32 }; /* 1xx responses before the final one */

/* How much to read: a large turn only with the block for what the client may not take. */
static size_t read_size(struct worker *w, struct conn *c)
{
	const struct exchange *x = c->exchange;

	if (!x->is_answering || body_wants(&x->down) < BULK_FROM)
		return READ_ORIGIN;
	/* The next chunk's line is all that is wanted when chunks are long enough for a pipe. */
	if (x->down_splice.is_used && body_opaque(&x->down) == 0)
		return READ_SMALL;
	if (stash_reserve(&w->stashes, &c->wire_out, BULK_BLOCK_BYTES) < 0)
		return READ_ORIGIN;
	return BULK_BYTES;
}

/* Has the origin been sent all of the request? What still waits for its socket is part
 * of it: a link that is owed a rest would take the next request for that. */
static bool is_sent(const struct conn *c)
{
	const struct exchange *x = c->exchange;

	return x->up.is_done && stash_is_empty(&c->origin_out) && !splice_holds(&x->up_splice);
}

/* The response is complete: what becomes of the link and of the connection. */
static enum step complete(struct worker *w, struct conn *c)
{
	struct exchange *x = c->exchange;
	struct link *l = c->link;
	bool is_shared = x->host->conf->inject == INJECT_EVERY_REQUEST;

	if (!is_sent(c)) {
		conn_finish(w, c, CONN_REASON_DONE);
		return STEP_GONE;
	}
	l->served++;
	if (!x->link_keeps || x->up_broken || l->has_fin || !link_is_quiet(l))
		link_close(w, l);
	else if (is_shared && !l->is_private)
		link_release(w, c);
	if (!c->keep_alive || w->is_draining) {
		conn_finish(w, c, CONN_REASON_DONE);
		return STEP_GONE;
	}
	exchange_end(w, c);
	stash_drop(&w->stashes, &c->origin_out);
	conn_set_state(w, c, CONN_IDLE);
	wheel_set(&w->wheel, &c->timer, w->now_ms + w->options.idle_timeout_ms);
	return STEP_ON;
}

/* Bytes of a body in @in, with @prefix bytes of head right before them. */
static enum step body(struct worker *w, struct conn *c, struct slice in, size_t prefix)
{
	struct exchange *x = c->exchange;
	uint8_t trailer[TRAILER_BYTES_MAX];
	struct sink tail = sink_of(trailer, sizeof(trailer));
	struct body_taken taken = { 0 };
	enum refusal why = body_take(&x->down, in, NULL, &tail, &taken);
	size_t rest = in.len - taken.consumed;

	if (why != REFUSAL_NONE) {
		conn_end(w, c, CONN_REASON_ORIGIN_BROKEN);
		return STEP_GONE;
	}
	x->bytes_out += prefix + taken.forward + tail.len;
	x->down_starved = taken.consumed == 0 && rest > 0;
	if (x->down.is_done) {
		/* What an origin sends behind its response belongs to nobody. */
		x->link_keeps = x->link_keeps && rest == 0;
		rest = 0;
	}
	if (stash_keep(&w->stashes, &c->origin_in, slice_sub(in, taken.consumed, rest)) < 0) {
		w->stats->buffers_exhausted++;
		conn_end(w, c, CONN_REASON_NO_BUFFER);
		return STEP_GONE;
	}
	if (prefix + taken.forward > 0 &&
	    !client_send(w, c, slice_of(in.ptr - prefix, prefix + taken.forward)))
		return STEP_GONE;
	if (tail.len > 0 && !client_send(w, c, sink_slice(&tail)))
		return STEP_GONE;
	return x->down.is_done ? complete(w, c) : STEP_ON;
}

static void begin_tunnel(struct worker *w, struct conn *c)
{
	const struct framing tunnel = { .kind = BODY_TUNNEL };

	body_begin(&c->exchange->up, &tunnel, UINT64_MAX);
	body_begin(&c->exchange->down, &tunnel, UINT64_MAX);
	conn_set_state(w, c, CONN_TUNNEL);
}

/* Writes the head for the client right before the body's first byte. */
static enum step answer(struct worker *w, struct conn *c, const struct head *head,
                        const struct framing *framing, struct slice rest)
{
	static uint8_t bytes[PLAIN_HEADROOM];
	struct exchange *x = c->exchange;
	const bool is_final = head->status >= 200 || framing->kind == BODY_TUNNEL;
	const struct rewrite_response in = {
		.head = head,
		.framing = framing,
		.keep_alive = c->keep_alive,
		.client_is_http10 = x->minor == 0,
	};
	struct sink out = sink_of(bytes, sizeof(bytes));

	if (!is_final && x->minor == 0)
		return STEP_ON; /* HTTP/1.0 knows no interim responses */
	if (rewrite_response(&in, &out) != REFUSAL_NONE)
		return refuse(w, c, REFUSAL_ORIGIN_BROKEN);
	if (!is_final) {
		x->bytes_out += out.len;
		return client_send(w, c, sink_slice(&out)) ? STEP_ON : STEP_GONE;
	}
	x->status = (uint16_t)head->status;
	x->is_answering = true;
	x->link_keeps = framing->keep_alive && framing->kind != BODY_UNTIL_CLOSE;
	must(rest.ptr >= w->plain + out.len);
	memcpy(w->plain + (rest.ptr - w->plain) - out.len, bytes, out.len);
	if (framing->kind == BODY_TUNNEL)
		begin_tunnel(w, c);
	else
		body_begin(&x->down, framing, UINT64_MAX);
	return body(w, c, rest, out.len);
}

static bool keep(struct worker *w, struct conn *c, struct slice rest)
{
	if (stash_keep(&w->stashes, &c->origin_in, rest) == 0)
		return true;
	w->stats->buffers_exhausted++;
	conn_end(w, c, CONN_REASON_NO_BUFFER);
	return false;
}

/* A response head, whole or not, at the start of @in. */
static enum step head(struct worker *w, struct conn *c, struct slice in)
{
	static struct head parsed;
	const struct head_limits lim = {
		.head_bytes = w->options.head_bytes,
		.target_bytes = HEAD_BYTES_MAX,
		.fields = HEAD_FIELDS_MAX,
	};
	struct exchange *x = c->exchange;
	struct framing framing;
	struct slice rest;
	size_t len = 0;
	enum step step;

	x->may_resend = false;
	if (x->answered_us == 0)
		x->answered_us = w->now_us;
	if (head_end(in, 0, lim.head_bytes, &len) != REFUSAL_NONE)
		return refuse(w, c, REFUSAL_ORIGIN_BROKEN);
	if (len == 0) {
		x->down_starved = true;
		return keep(w, c, in) ? STEP_ON : STEP_GONE;
	}
	if (head_parse_response(slice_sub(in, 0, len), &lim, &parsed) != REFUSAL_NONE ||
	    framing_response(&parsed, x->is_head, x->wants_upgrade, &framing) != REFUSAL_NONE ||
	    (parsed.status < 200 && ++x->interims > INTERIM_MAX))
		return refuse(w, c, REFUSAL_ORIGIN_BROKEN);
	origin_answered(x->origin);
	x->down_starved = false;
	rest = slice_sub(in, len, in.len - len);
	/* The end of the connection is the end of that body; and a body of the request that
	 * was not all taken leaves nothing to go on with. */
	if (framing.kind == BODY_UNTIL_CLOSE || (parsed.status >= 200 && !is_sent(c)) ||
	    w->is_draining)
		c->keep_alive = false;
	step = answer(w, c, &parsed, &framing, rest);
	if (step != STEP_ON || x->is_answering || c->exchange != x)
		return step;
	return keep(w, c, rest) ? STEP_ON : STEP_GONE;
}

/* A kept link may have been closed by the origin just as the request was sent:
 * that request, if it is idempotent, has no body and nothing of an answer came, goes again. */
static enum step resend(struct worker *w, struct conn *c)
{
	struct exchange *x = c->exchange;

	x->wants_fresh = true;
	x->up_broken = false;
	link_close(w, c->link);
	stash_drop(&w->stashes, &c->origin_in);
	c->origin_out.at = 0;
	return dial_step(w, c);
}

/* The origin ended its direction (@err 0) or its socket failed. */
static enum step left(struct worker *w, struct conn *c, int err)
{
	struct exchange *x = c->exchange;

	c->link->has_fin = true;
	if (c->state == CONN_TUNNEL) {
		x->down_ended = true;
		if (err != 0) {
			conn_end(w, c, CONN_REASON_ORIGIN_ENDED);
			return STEP_GONE;
		}
		if (x->up_ended) {
			conn_finish(w, c, CONN_REASON_TUNNEL_DONE);
			return STEP_GONE;
		}
		return client_end(w, c) ? STEP_WAIT : STEP_GONE;
	}
	if (x->may_resend && c->link->served > 0)
		return resend(w, c);
	if (!x->is_answering) {
		origin_failed(w, x->origin);
		return refuse(w, c, REFUSAL_ORIGIN_BROKEN);
	}
	if (err == 0 && body_end(&x->down))
		return complete(w, c);
	conn_end(w, c, CONN_REASON_ORIGIN_ENDED);
	return STEP_GONE;
}

/* What was read or spliced and not sent goes first. STEP_ON: all of it is gone. */
static enum step flush(struct worker *w, struct conn *c)
{
	struct splice *s = &c->exchange->down_splice;

	if (!stash_is_empty(&c->wire_out) || client_owes(c)) {
		if (!client_flush(w, c))
			return STEP_GONE;
		if (!stash_is_empty(&c->wire_out))
			return STEP_WAIT;
	}
	if (splice_holds(s)) {
		if (!splice_flush_down(w, c))
			return STEP_GONE;
		if (splice_holds(s))
			return STEP_WAIT;
	}
	return STEP_ON;
}

/* More of the body through a pipe. */
static enum step splice_on(struct worker *w, struct conn *c)
{
	struct exchange *x = c->exchange;
	int err = 0;

	switch (splice_down(w, c, &err)) {
	case SPLICE_MOVED:
		if (splice_holds(&x->down_splice))
			return STEP_WAIT;
		return x->down.is_done ? complete(w, c) : STEP_ON;
	case SPLICE_AGAIN:
	case SPLICE_ASK:
		return STEP_WAIT;
	case SPLICE_ENDED:
		return left(w, c, err);
	case SPLICE_GONE:
		break;
	}
	return STEP_GONE;
}

/* More from the origin's socket, behind @held. */
static enum step read_on(struct worker *w, struct conn *c, struct slice held)
{
	uint8_t *to = w->plain + PLAIN_HEADROOM;
	ssize_t n = 0;

	slice_copy(to, held);
	if (held.len == 0 || c->exchange->down_starved) {
		size_t want = read_size(w, c);

		if (!c->link->may_read)
			return STEP_WAIT;
		n = recv(c->link->fd, to + held.len, want, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			c->link->may_read = errno == EINTR;
			return errno == EINTR ? STEP_ON : STEP_WAIT;
		}
		if (n <= 0)
			return left(w, c, n < 0 ? errno : 0);
		if ((size_t)n < want && !c->link->has_fin)
			c->link->may_read = false;
	}
	held = slice_of(to, held.len + (size_t)n);
	return c->exchange->is_answering ? body(w, c, held, 0) : head(w, c, held);
}

enum step down_step(struct worker *w, struct conn *c)
{
	struct exchange *x = c->exchange;
	struct slice held = stash_left(&c->origin_in);
	enum step step = flush(w, c);

	if (step != STEP_ON)
		return step;
	if (c->link == NULL || x->down_ended)
		return STEP_WAIT;
	/* The last of it had to wait in a pipe. */
	if (x->is_answering && x->down.is_done)
		return complete(w, c);
	if (held.len == 0 && splice_wants_down(w, c))
		return splice_on(w, c);
	return read_on(w, c, held);
}
