/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/session.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "core/access_log.h"
#include "core/client.h"
#include "core/exchange.h"
#include "core/proxied.h"
#include "core/status.h"
#include "core/worker.h"

/* Then others have their turn. */
enum { SESSION_STEPS_MAX = 32 };

/* What is owed beside the bytes in wire_out: who sends those sees to it. */
static bool pay(struct worker *w, struct conn *c)
{
	return !client_owes(c) || !stash_is_empty(&c->wire_out) || client_flush(w, c);
}

static enum step exchange_step(struct worker *w, struct conn *c)
{
	enum step up = pay(w, c) ? up_step(w, c) : STEP_GONE;
	enum step down;

	if (up == STEP_GONE)
		return STEP_GONE;
	down = down_step(w, c);
	if (down == STEP_GONE)
		return STEP_GONE;
	return up == STEP_ON || down == STEP_ON ? STEP_ON : STEP_WAIT;
}

static enum step last_step(struct worker *w, struct conn *c)
{
	size_t left = stash_left(&c->wire_out).len;

	if (!client_flush(w, c))
		return STEP_GONE;
	if (!c->wants_end) {
		conn_said_end(w, c);
		return STEP_ON;
	}
	if (stash_left(&c->wire_out).len < left)
		c->send_due_ms = w->now_ms + w->options.send_timeout_ms;
	wheel_set(&w->wheel, &c->timer, conn_look_ms(w, c));
	return STEP_WAIT;
}

/* What still comes is read and thrown away: closing over unread bytes would send a
 * reset, and that may overtake what the client has not read yet. */
static enum step linger_step(struct worker *w, struct conn *c)
{
	bool ended = false;

	if (client_discard(w, c, &ended))
		return STEP_ON;
	if (!ended)
		return STEP_WAIT;
	conn_end(w, c, CONN_REASON_DONE);
	return STEP_GONE;
}

static enum step step(struct worker *w, struct conn *c)
{
	switch ((enum conn_state)c->state) {
	case CONN_PROXY:
		return proxied_step(w, c);
	case CONN_IDLE:
	case CONN_HEAD:
		return pay(w, c) ? request_step(w, c) : STEP_GONE;
	case CONN_EXCHANGE:
	case CONN_TUNNEL:
		return exchange_step(w, c);
	case CONN_LAST:
		return last_step(w, c);
	case CONN_LINGER:
		return linger_step(w, c);
	case CONN_HANDSHAKE: /* has its own queue */
	case CONN_DIAL:
	case CONN_FREE:
	case CONN_CLOSING:
	case CONN_STATE_MAX:
		break;
	}
	return STEP_WAIT;
}

/* What an exchange waits for: the client to take, the client to give, or the origin. */
enum waits_for { WAITS_NOTHING, WAITS_SEND, WAITS_BODY, WAITS_ORIGIN };

static enum waits_for waits_for(const struct conn *c)
{
	const struct exchange *x = c->exchange;

	if (!stash_is_empty(&c->wire_out) || c->wants_end || splice_holds(&x->down_splice))
		return WAITS_SEND;
	if (c->state == CONN_EXCHANGE && !x->up.is_done && !x->is_answering &&
	    stash_is_empty(&c->origin_out) && !splice_holds(&x->up_splice))
		return WAITS_BODY;
	return WAITS_ORIGIN;
}

/* A number that changes whenever what is waited for has come a little nearer. */
static uint64_t mark_of(const struct conn *c, enum waits_for what)
{
	const struct exchange *x = c->exchange;
	const uint64_t apart = 1 << 22; /* more than all blocks and the pipe below hold together */

	switch (what) {
	case WAITS_SEND:
		return x->bytes_out * apart + c->wire_out.at;
	case WAITS_BODY:
		return x->bytes_in * apart + c->wire_in.len + c->plain_in.len;
	case WAITS_ORIGIN:
		return (x->bytes_in + x->bytes_out) * apart + c->wire_in.len + c->origin_in.len +
		       c->origin_out.at + splice_len(&x->up_splice);
	case WAITS_NOTHING:
		break;
	}
	return 0;
}

/* The timer starts anew with each bit of progress, not with each event: else who sends
 * us bytes that nobody waits for would put off a time-out as long as they like. */
static void set_timer(struct worker *w, struct conn *c)
{
	static const size_t timeouts[] = {
		[WAITS_SEND] = offsetof(struct options, send_timeout_ms),
		[WAITS_BODY] = offsetof(struct options, body_timeout_ms),
		[WAITS_ORIGIN] = offsetof(struct options, origin_response_timeout_ms),
	};
	struct exchange *x = c->exchange;
	enum waits_for what = waits_for(c);
	uint64_t mark = mark_of(c, what);
	uint32_t ms;

	if (x->waits == what && x->mark == mark)
		return;
	x->waits = (uint8_t)what;
	x->mark = mark;
	memcpy(&ms, (const uint8_t *)&w->options + timeouts[what], sizeof(ms));
	c->send_due_ms = w->now_ms + ms;
	wheel_set(&w->wheel, &c->timer, what == WAITS_SEND ? conn_look_ms(w, c) : w->now_ms + ms);
}

/* A connection that waits holds no block it has no bytes in. */
static void settle(struct worker *w, struct conn *c)
{
	if (stash_is_empty(&c->wire_out))
		stash_drop(&w->stashes, &c->wire_out);
	if (stash_is_empty(&c->plain_in))
		stash_drop(&w->stashes, &c->plain_in);
	if (c->state != CONN_EXCHANGE && c->state != CONN_TUNNEL)
		return;
	if (stash_is_empty(&c->origin_out) && !c->exchange->may_resend)
		stash_drop(&w->stashes, &c->origin_out);
	set_timer(w, c);
}

void session_run(struct worker *w, struct conn *c)
{
	for (int i = 0; i < SESSION_STEPS_MAX; i++) {
		switch (step(w, c)) {
		case STEP_ON:
			continue;
		case STEP_WAIT:
			settle(w, c);
			return;
		case STEP_GONE:
			return;
		}
	}
	settle(w, c);
	if (!c->is_queued)
		queue_push(&w->resumes, c);
}

static uint64_t unsent(const struct conn *c)
{
	uint64_t held = c->exchange == NULL ? 0 : splice_len(&c->exchange->down_splice);

	return stash_left(&c->wire_out).len + held;
}

/* A socket reports that it takes more only when a good part of its buffer is free; a
 * client that reads slowly has made less room than that, but some. */
static void send_timeout(struct worker *w, struct conn *c)
{
	uint64_t left = unsent(c);
	bool wanted_end = c->wants_end;

	if (!client_flush(w, c))
		return;
	if (c->exchange != NULL && stash_is_empty(&c->wire_out) && !splice_flush_down(w, c))
		return;
	if (unsent(c) < left || c->wants_end != wanted_end) {
		c->send_due_ms = w->now_ms + w->options.send_timeout_ms;
	} else if (w->now_ms >= c->send_due_ms) {
		conn_end(w, c, CONN_REASON_SEND_TIMEOUT);
		return;
	}
	wheel_set(&w->wheel, &c->timer, conn_look_ms(w, c));
	session_run(w, c);
}

static void exchange_timeout(struct worker *w, struct conn *c)
{
	struct exchange *x = c->exchange;

	switch (waits_for(c)) {
	case WAITS_SEND:
		send_timeout(w, c);
		return;
	case WAITS_BODY:
		(void)refuse(w, c, REFUSAL_BODY_TIMEOUT);
		return;
	case WAITS_NOTHING:
		return;
	case WAITS_ORIGIN:
		if (c->state == CONN_TUNNEL) {
			conn_end(w, c, CONN_REASON_TUNNEL_TIMEOUT);
		} else if (x->is_answering) {
			conn_end(w, c, CONN_REASON_ORIGIN_TIMEOUT);
		} else {
			origin_failed(w, x->origin);
			(void)refuse(w, c, REFUSAL_ORIGIN_TIMEOUT);
		}
	}
}

void session_timeout(struct worker *w, struct conn *c)
{
	if (c->is_held) {
		status_timeout(w, c);
		return;
	}
	switch ((enum conn_state)c->state) {
	case CONN_PROXY:
		log_handshake(w, c, conn_reason_label(CONN_REASON_PROXY_TIMEOUT), SLICE(""));
		conn_end(w, c, CONN_REASON_PROXY_TIMEOUT);
		break;
	case CONN_HANDSHAKE:
		w->stats->handshakes_failed += c->handshake != NULL;
		log_handshake(w, c, conn_reason_label(CONN_REASON_HANDSHAKE_TIMEOUT), SLICE(""));
		conn_end(w, c, CONN_REASON_HANDSHAKE_TIMEOUT);
		break;
	case CONN_IDLE:
		conn_finish(w, c, w->is_draining ? CONN_REASON_DRAIN : CONN_REASON_IDLE_TIMEOUT);
		break;
	case CONN_HEAD:
		(void)refuse_bytes(w, c, REFUSAL_HEAD_TIMEOUT);
		break;
	case CONN_DIAL:
		/* Another origin's pool may have had a link: then there is no connect(2) to wait for. */
		if (dial_failed(w, c, true) == STEP_ON)
			session_run(w, c);
		break;
	case CONN_EXCHANGE:
	case CONN_TUNNEL:
		exchange_timeout(w, c);
		break;
	case CONN_LAST:
		send_timeout(w, c);
		break;
	case CONN_LINGER:
		conn_end(w, c, CONN_REASON_DONE);
		break;
	case CONN_FREE:
	case CONN_CLOSING:
	case CONN_STATE_MAX:
		break;
	}
}

/* While nothing is read from the client, only the poll tells that it is gone. POLLHUP
 * says that both directions have ended, which is no fault when we ended ours. */
static bool is_gone(const struct conn *c, uint32_t events)
{
	/* The kernel engine may have nothing to send when a reset comes, and yet wait. */
	if (c->state == CONN_LAST && c->engine == ENGINE_KERNEL)
		return events & (POLLERR | POLLHUP);
	if (c->state < CONN_DIAL || c->state > CONN_TUNNEL)
		return false;
	return (events & POLLERR) || ((events & POLLHUP) && !c->has_said_end);
}

void session_client(struct worker *w, struct conn *c, uint32_t events)
{
	const uint32_t news = POLLIN | POLLRDHUP | POLLHUP | POLLERR;

	if (events & news)
		c->may_read = true;
	if (events & (POLLRDHUP | POLLHUP | POLLERR))
		c->has_fin = true;
	if (c->state == CONN_HANDSHAKE) {
		if (!c->is_queued)
			queue_push(&w->handshakes, c);
		return;
	}
	if (is_gone(c, events)) {
		client_failed(w, c);
		return;
	}
	session_run(w, c);
}

static void connected(struct worker *w, struct conn *c)
{
	int err = link_connected(c->link);

	if (err == -EINPROGRESS)
		return;
	if (err < 0) {
		log_warn("origin %s: %s", c->link->origin->label, strerror(-err));
		if (dial_failed(w, c, false) == STEP_GONE)
			return;
	} else if (dial_step(w, c) == STEP_GONE) {
		return;
	}
	session_run(w, c);
}

void session_origin(struct worker *w, struct link *l, uint32_t events)
{
	const uint32_t ends = POLLRDHUP | POLLHUP | POLLERR;

	if (events & (POLLIN | ends))
		l->may_read = true;
	if (events & ends)
		l->has_fin = true;
	if (l->state == LINK_CONNECTING) {
		connected(w, l->conn);
	} else if (l->state == LINK_IDLE || l->conn->exchange == NULL) {
		/* Nobody asked for anything: what comes is the end, or nothing we want. But the event
		 * may be about bytes that were read before it was looked at. */
		if (!link_is_quiet(l))
			link_close(w, l);
	} else {
		session_run(w, l->conn);
	}
}
