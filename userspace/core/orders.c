/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/orders.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "core/access_log.h"
#include "core/loop.h"
#include "core/session.h"
#include "core/status.h"
#include "sys/cage.h"
#include "sys/clock.h"
#include "sys/memfd.h"

enum {
	SNAPSHOT_BYTES_MAX = 256 << 20,
	FIRST_WAIT_MS = 60000,
	LOG_GRACE_MS = 500, /* for the last lines, if somebody reads them; then the master kills */
	BUILD_MS_PER_TURN = 2, /* what connections wait, at most one host longer */
};

static int read_snapshot(int fd, struct snapshot **out, char *err)
{
	char *json = NULL;
	size_t len = 0;
	int r = memfd_read(fd, SNAPSHOT_BYTES_MAX, &json, &len);

	if (r < 0) {
		(void)snprintf(err, SNAPSHOT_ERROR_MAX, "snapshot cannot be read: %s",
		               strerror(-r));
		return r;
	}
	r = snapshot_decode(slice_of(json, len), out, err);
	explicit_bzero(json, len);
	free(json);
	return r;
}

static void answer(const struct worker *w, uint64_t version, int error, const char *text)
{
	struct msg_result result = { .version = version, .worker = w->id, .error = error };

	(void)snprintf(result.text, sizeof(result.text), "%s", text);
	if (channel_send(CHANNEL_FD, MSG_APPLIED, &result, sizeof(result), -1) < 0)
		log_error("the master does not take our answer about snapshot %lu",
		          (unsigned long)version);
}

static int refused(const struct worker *w, uint64_t version, int error, struct slice why)
{
	char text[MSG_TEXT_MAX];

	(void)snprintf(text, sizeof(text), "%.*s", (int)why.len, (const char *)why.ptr);
	if (why.len == 0)
		(void)snprintf(text, sizeof(text), "%s", strerror(-error));
	log_error("snapshot %lu refused: %s", (unsigned long)version, text);
	answer(w, version, error, text);
	return error;
}

static void put_in_force(struct worker *w, struct policy *made)
{
	const struct snapshot *s = made->snapshot;

	policy_unref(w, w->policy);
	w->policy = made;
	w->options = s->options;
	tls_worker_ticket_keys(w->tls, &s->ticket_keys);
	w->stats->snapshot_version = s->version;
	standing_changed(w);
	log_debug("snapshot %lu in force", (unsigned long)s->version);
	answer(w, s->version, 0, "");
}

/* The first one: nobody waits for this worker yet. */
static int apply(struct worker *w, struct snapshot *snapshot)
{
	uint64_t version = snapshot->version;
	struct policy *made = NULL;
	char text[MSG_TEXT_MAX];
	struct sink err = sink_of(text, sizeof(text));
	int r = policy_new(w, snapshot, &made, &err);

	if (r < 0)
		return refused(w, version, r, sink_slice(&err));
	put_in_force(w, made);
	return 0;
}

static void forget_next(struct worker *w)
{
	policy_unref(w, w->next);
	w->next = NULL;
}

void orders_build(struct worker *w)
{
	uint64_t until_ms = clock_mono_ns() / 1000000 + BUILD_MS_PER_TURN;
	char text[MSG_TEXT_MAX];
	struct sink err = sink_of(text, sizeof(text));
	struct policy *p = w->next;
	int r = 0;

	if (p == NULL)
		return;
	while (r == 0 && clock_mono_ns() / 1000000 < until_ms)
		r = policy_step(w, p, &err);
	if (r == 0)
		return;
	if (r < 0) {
		(void)refused(w, p->snapshot->version, r, sink_slice(&err));
		forget_next(w);
		return;
	}
	w->next = NULL;
	put_in_force(w, p);
}

static void on_snapshot(struct worker *w, int fd)
{
	char err[SNAPSHOT_ERROR_MAX] = "";
	struct snapshot *snapshot = NULL;
	uint64_t version;
	int r = read_snapshot(fd, &snapshot, err);

	if (r < 0) {
		log_error("%s", err);
		answer(w, 0, r, err);
		return;
	}
	forget_next(w); /* this one is newer */
	version = snapshot->version;
	r = policy_begin(snapshot, &w->next);
	if (r < 0)
		(void)refused(w, version, r, slice_of(NULL, 0));
}

static void on_listener(struct worker *w, const struct msg *m, int *fd)
{
	struct msg_listener conf;
	struct listener *l;

	if (msg_body(m, &conf, sizeof(conf)) < 0 || conf.id >= LISTENERS_MAX || *fd < 0) {
		log_error("a listener that is none was passed to this worker");
		return;
	}
	l = &w->listeners[conf.id];
	if (l->fd >= 0)
		return;
	l->fd = fd_take(fd);
	l->gen++;
}

/* Who does not know who is revoked does not serve; its successor is told. */
static int on_revoked(struct worker *w, const struct msg *m, int fd)
{
	struct msg_version v;
	int r = msg_body(m, &v, sizeof(v));

	return r < 0 ? r : standing_receive(w, v.version, fd);
}

static void handle(struct worker *w, const struct msg *m, int fd)
{
	CLEAN_FD int owned = fd;

	switch (m->type) {
	case MSG_SNAPSHOT:
		on_snapshot(w, owned);
		break;
	case MSG_LISTENER:
		on_listener(w, m, &owned);
		for (uint32_t i = 0; i < LISTENERS_MAX; i++)
			loop_accept(w, i);
		break;
	case MSG_REVOKED:
		w->is_done = on_revoked(w, m, owned) < 0;
		break;
	case MSG_OCSP_ANSWER:
		status_receive(w, m);
		break;
	case MSG_DRAIN:
		orders_drain(w);
		break;
	default:
		log_error("message %u is not for a worker", m->type);
	}
}

/* A snapshot comes as a descriptor. When connections have taken them all, the kernel drops
 * it from its message for good: one is kept back. */
static void keep_spare(struct worker *w)
{
	if (w->spare_fd < 0)
		w->spare_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

void orders_listen(struct worker *w)
{
	const struct token t = { .op = OP_CHANNEL };

	keep_spare(w);

	ring_poll(&w->ring, CHANNEL_FD, POLLIN | POLLHUP, t);
}

void orders_receive(struct worker *w)
{
	static struct msg m;
	int fd = -1;
	int r;

	fd_closep(&w->spare_fd);
	while ((r = channel_recv(CHANNEL_FD, &m, &fd)) == 1)
		handle(w, &m, fd);
	keep_spare(w);
	if (r == -EAGAIN)
		return;
	/* Without a master nobody would restart or stop us; a message in pieces never comes
	 * again, and a successor is told everything. */
	log_error("%s", r == 0 ? "the master is gone" : "the master cannot be understood");
	w->is_done = true;
}

/* The tables are made by the first snapshot's options. */
static int begin(struct worker *w, int fd)
{
	char err[SNAPSHOT_ERROR_MAX] = "";
	struct snapshot *snapshot = NULL;
	int r = read_snapshot(fd, &snapshot, err);

	if (r < 0) {
		log_error("%s", err);
		answer(w, 0, r, err);
		return r;
	}
	r = worker_init(w, &snapshot->options);
	if (r == 0) {
		standing_put_in_force(w);
		/* From here on nothing is opened any more; the answer says that it is so. */
		r = cage_filter_worker();
	}
	if (r < 0) {
		answer(w, snapshot->version, r, strerror(-r));
		snapshot_free(snapshot);
		return r;
	}
	return apply(w, snapshot);
}

int orders_first(struct worker *w)
{
	static struct msg m;

	for (;;) {
		struct pollfd p = { .fd = CHANNEL_FD, .events = POLLIN };
		CLEAN_FD int fd = -1;
		int r;

		if (poll(&p, 1, FIRST_WAIT_MS) == 0)
			return -ETIMEDOUT;
		r = channel_recv(CHANNEL_FD, &m, &fd);
		if (r == -EAGAIN || r == -EINTR)
			continue;
		if (r <= 0)
			return r < 0 ? r : -EPIPE;
		if (m.type == MSG_SNAPSHOT)
			return begin(w, fd);
		if (m.type == MSG_LISTENER)
			on_listener(w, &m, &fd);
		r = m.type == MSG_REVOKED ? on_revoked(w, &m, fd) : 0;
		if (r < 0)
			return r;
		if (m.type == MSG_DRAIN) {
			w->is_done = true;
			return 0;
		}
	}
}

/* What has come into the accept queue is served: closing over it would reset it. */
static void empty_accept_queue(struct worker *w, struct listener *l)
{
	int fd;

	/* cppcheck-suppress nullPointer ; cppcheck 2.10: accept4(2) takes NULL for an address */
	while ((fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		loop_cqe(w,
		         token_pack(
				 (struct token){ OP_ACCEPT, (uint32_t)(l - w->listeners), l->gen }),
		         fd, true);
}

/* Between requests a connection may end; before its first one it was made for nothing. */
static void drain_idle(struct worker *w, struct conn *c)
{
	if (c->state != CONN_IDLE)
		return;
	if (c->requests > 0)
		conn_finish(w, c, CONN_REASON_DRAIN);
	else
		wheel_set(&w->wheel, &c->timer, w->now_ms + DRAIN_FIRST_REQUEST_MS);
}

void orders_drain(struct worker *w)
{
	if (w->is_draining)
		return;
	w->is_draining = true;
	forget_next(w);
	w->drain_at_ms = w->now_ms + w->options.drain_timeout_ms;
	log_info("draining: %lu connections", (unsigned long)w->stats->conns_open);
	for (uint32_t i = 0; i < LISTENERS_MAX; i++) {
		struct listener *l = &w->listeners[i];

		if (l->fd < 0)
			continue;
		if (l->is_armed)
			ring_cancel(&w->ring, (struct token){ OP_ACCEPT, i, l->gen });
		empty_accept_queue(w, l);
		/* The pending accept holds the socket a little longer than we do: refuse at once. */
		(void)shutdown(l->fd, SHUT_RDWR);
		fd_closep(&l->fd);
	}
	for (uint32_t i = 0; i < w->conns_len; i++)
		drain_idle(w, &w->conns[i]);
}

void orders_check_drain(struct worker *w)
{
	if (!w->is_draining)
		return;
	if (w->now_ms >= w->drain_at_ms)
		for (uint32_t i = 0; i < w->conns_len; i++)
			if (w->conns[i].state > CONN_FREE && w->conns[i].state < CONN_CLOSING)
				conn_end(w, &w->conns[i], CONN_REASON_DRAIN);
	if (w->stats->conns_open == 0 &&
	    (log_is_empty(w) || w->now_ms >= w->drain_at_ms + LOG_GRACE_MS))
		w->is_done = true;
}
