/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/loop.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "core/access_log.h"
#include "core/orders.h"
#include "core/session.h"
#include "sys/clock.h"

enum {
	WAIT_MS_MAX = 1000,
	ACCEPT_PAUSE_MS = 100, /* after descriptors ran out: no busy loop */
};

void queue_push(struct queue *q, struct conn *c)
{
	must(!c->is_queued);
	c->is_queued = true;
	c->queue_next = NULL;
	if (q->last != NULL)
		q->last->queue_next = c;
	else
		q->first = c;
	q->last = c;
}

struct conn *queue_pop(struct queue *q)
{
	struct conn *c = q->first;

	if (c == NULL)
		return NULL;
	q->first = c->queue_next;
	if (q->first == NULL)
		q->last = NULL;
	c->is_queued = false;
	c->queue_next = NULL;
	return c;
}

/* Handlers: @slot is of the op's table, @res and @more are the CQE's. */
typedef void op_handler(struct worker *w, uint32_t slot, int res, bool more);

void loop_accept(struct worker *w, uint32_t index)
{
	struct listener *l = &w->listeners[index];
	const struct token t = { OP_ACCEPT, index, l->gen };

	if (l->fd < 0 || l->is_armed || w->is_draining)
		return;
	l->is_armed = true;
	ring_accept(&w->ring, l->fd, t);
}

static void welcome(struct worker *w, int fd)
{
	struct conn *c = conn_accepted(w, fd);

	if (c == NULL) {
		w->stats->conns_refused++;
		(void)close(fd);
		return;
	}
	c->is_polled = true;
	ring_poll(&w->ring, fd, POLLIN | POLLOUT | POLLRDHUP,
	          (struct token){ OP_CLIENT, (uint32_t)(c - w->conns), c->gen });
	wheel_set(&w->wheel, &c->timer, w->now_ms + w->options.handshake_timeout_ms);
}

static void on_accept(struct worker *w, uint32_t slot, int res, bool more)
{
	struct listener *l = &w->listeners[slot];

	if (res >= 0)
		welcome(w, res);
	if (!more)
		l->is_armed = false;
	if (l->is_armed || w->is_draining)
		return;
	if (res >= 0) {
		loop_accept(w, slot);
		return;
	}
	w->stats->conns_refused++;
	log_warn("accept: %s; trying again in %d ms", strerror(-res), ACCEPT_PAUSE_MS);
	wheel_set(&w->wheel, &w->accept_timer, w->now_ms + ACCEPT_PAUSE_MS);
}

static void on_channel(struct worker *w, uint32_t slot, int res, bool more)
{
	(void)slot, (void)res;
	orders_receive(w);
	if (!more && !w->is_done)
		orders_listen(w);
}

static void on_log(struct worker *w, uint32_t slot, int res, bool more)
{
	(void)slot, (void)more;
	log_written(w, res);
}

/* A cancel that found nothing: what it was to end had just ended. */
static void on_cancel(struct worker *w, uint32_t slot, int res, bool more)
{
	(void)w, (void)slot, (void)res, (void)more;
}

static void on_client(struct worker *w, uint32_t slot, int res, bool more)
{
	struct conn *c = &w->conns[slot];
	uint32_t gen = c->gen;

	if (c->state != CONN_CLOSING && res > 0)
		session_client(w, c, (uint32_t)res);
	if (more || c->gen != gen || c->state == CONN_FREE)
		return;
	conn_poll_done(w, c);
	if (c->state == CONN_FREE)
		return;
	if (res < 0) {
		conn_end(w, c, CONN_REASON_INTERNAL);
		return;
	}
	/* The kernel ended the multishot (a full completion queue): ask again. */
	c->is_polled = true;
	ring_poll(&w->ring, c->fd, POLLIN | POLLOUT | POLLRDHUP,
	          (struct token){ OP_CLIENT, slot, c->gen });
}

static void on_origin(struct worker *w, uint32_t slot, int res, bool more)
{
	struct link *l = &w->links[slot];

	if (l->state != LINK_CLOSING && res > 0)
		session_origin(w, l, (uint32_t)res);
	if (more)
		return;
	if (l->state == LINK_CLOSING || res < 0) {
		link_poll_done(w, l);
		return;
	}
	ring_poll(&w->ring, l->fd, POLLIN | POLLOUT | POLLRDHUP,
	          (struct token){ OP_ORIGIN, slot, l->gen });
}

static void drop_none(int res)
{
	(void)res;
}

static void drop_fd(int res)
{
	if (res >= 0)
		(void)close(res);
}

/* Is this generation the tenant of its slot? */
static bool worker_has(const struct worker *w, struct token t)
{
	if (t.op != OP_ACCEPT)
		return true;
	must(t.slot < LISTENERS_MAX);
	return w->listeners[t.slot].gen == t.gen;
}

static bool conn_has(const struct worker *w, struct token t)
{
	must(t.slot < w->conns_len);
	return w->conns[t.slot].gen == t.gen && w->conns[t.slot].state != CONN_FREE;
}

static bool link_has(const struct worker *w, struct token t)
{
	must(t.slot < w->links_len);
	return w->links[t.slot].gen == t.gen && w->links[t.slot].state != LINK_FREE;
}

#define X(constant, handler, table, brings)                                                        \
	[OP_##constant] = { on_##handler, table##_has, drop_##brings },
static const struct {
	op_handler *handle;
	bool (*has)(const struct worker *w, struct token t);
	void (*drop)(int res);
} ops[OP_MAX] = { OPS(X) };
#undef X

void loop_cqe(struct worker *w, uint64_t user_data, int res, bool more)
{
	struct token t = token_unpack(user_data);

	must(t.op > OP_NONE && t.op < OP_MAX);
	if (ops[t.op].has(w, t)) {
		ops[t.op].handle(w, t.slot, res, more);
		return;
	}
	w->stats->stale_cqes++;
	ops[t.op].drop(res);
}

/* A few handshakes, so that a storm of them leaves every turn time for the rest. */
static void run_handshakes(struct worker *w)
{
	for (int i = 0; i < HANDSHAKES_PER_TURN; i++) {
		struct conn *c = queue_pop(&w->handshakes);
		enum step step;

		if (c == NULL)
			return;
		if (c->state != CONN_HANDSHAKE) {
			if (c->state != CONN_FREE && c->state != CONN_CLOSING)
				session_run(w, c);
			continue;
		}
		step = greet_step(w, c);
		if (step == STEP_GONE)
			continue;
		if (c->state != CONN_HANDSHAKE)
			session_run(w, c);
		else if (step == STEP_ON && c->may_read && !c->is_queued)
			queue_push(&w->handshakes, c);
	}
}

static void run_resumes(struct worker *w)
{
	for (int i = 0; i < RESUMES_PER_TURN; i++) {
		struct conn *c = queue_pop(&w->resumes);

		if (c == NULL)
			return;
		if (c->state == CONN_HANDSHAKE)
			queue_push(&w->handshakes, c);
		else if (c->state != CONN_FREE && c->state != CONN_CLOSING)
			session_run(w, c);
	}
}

static void fire(void *arg, struct timer *t)
{
	struct worker *w = arg;

	if (t == &w->accept_timer) {
		for (uint32_t i = 0; i < LISTENERS_MAX; i++)
			loop_accept(w, i);
		return;
	}
	if ((uintptr_t)t >= (uintptr_t)w->conns &&
	    (uintptr_t)t < (uintptr_t)(w->conns + w->conns_len)) {
		session_timeout(w, (struct conn *)((uint8_t *)t - offsetof(struct conn, timer)));
		return;
	}
	link_close(w, (struct link *)((uint8_t *)t - offsetof(struct link, timer)));
}

int loop_turn(struct worker *w)
{
	struct io_uring_cqe *batch[RING_BATCH_MAX];
	bool is_busy = w->handshakes.first != NULL || w->resumes.first != NULL || w->next != NULL ||
	               standing_is_looking(w);
	uint64_t wait = is_busy ? 0 : wheel_wait_ms(&w->wheel, w->now_ms, WAIT_MS_MAX);
	unsigned int n;
	int err;

	err = ring_wait(&w->ring, wait);
	if (err < 0)
		return err;
	worker_look(w);
	w->stats->turns++;
	n = ring_take(&w->ring, batch);
	for (unsigned int i = 0; i < n; i++) {
		uint64_t data = batch[i]->user_data;
		int res = batch[i]->res;
		bool more = batch[i]->flags & IORING_CQE_F_MORE;

		loop_cqe(w, data, res, more);
	}
	ring_done(&w->ring, n);
	w->stats->cqes += n;
	run_resumes(w);
	run_handshakes(w);
	wheel_advance(&w->wheel, w->now_ms, fire, w);
	log_flush(w);
	return 0;
}
