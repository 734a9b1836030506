/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/link.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include "core/worker.h"

static struct token poll_token(const struct worker *w, const struct link *l)
{
	return (struct token){ OP_ORIGIN, (uint32_t)(l - w->links), l->gen };
}

static void unpool(struct link *l)
{
	struct origin *o = l->origin;

	must(o->idle_len > 0);
	if (l->prev != NULL)
		l->prev->next = l->next;
	else
		o->idle = l->next;
	if (l->next != NULL)
		l->next->prev = l->prev;
	l->next = l->prev = NULL;
	o->idle_len--;
}

struct link *link_take(struct worker *w, struct origin *o, struct conn *c)
{
	struct link *l = o->idle;

	must(c->link == NULL);
	if (l == NULL)
		return NULL;
	must(l->state == LINK_IDLE);
	unpool(l);
	wheel_clear(&w->wheel, &l->timer);
	l->state = LINK_BUSY;
	l->conn = c;
	c->link = l;
	return l;
}

/* A non-blocking socket on its way to @o. */
static int dial(const struct origin *o)
{
	const int on = 1;
	int fd = socket(o->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	if (o->addr.ss_family != AF_UNIX)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (const struct sockaddr *)&o->addr, o->addr_len) == 0)
		return fd;
	err = errno;
	if (err == EINPROGRESS)
		return fd;
	(void)close(fd);
	return -err;
}

int link_dial(struct worker *w, struct origin *o, struct conn *c)
{
	struct link *l;
	int fd;

	must(c->link == NULL);
	if (w->links_free_len == 0)
		return -ENOBUFS;
	fd = dial(o);
	if (fd < 0)
		return fd;
	l = &w->links[w->links_free[--w->links_free_len]];
	must(l->state == LINK_FREE);
	*l = (struct link){
		.gen = l->gen + 1,
		.fd = fd,
		.state = LINK_CONNECTING,
		.is_polled = true,
		.conn = c,
		.origin = o,
	};
	o->links++;
	c->link = l;
	w->stats->origin_dials++;
	ring_poll(&w->ring, fd, POLLIN | POLLOUT | POLLRDHUP, poll_token(w, l));
	return 0;
}

int link_connected(struct link *l)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(int);
	int err = 0;

	if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		return -errno;
	if (err != 0)
		return -err;
	len = sizeof(peer);
	if (getpeername(l->fd, (struct sockaddr *)&peer, &len) < 0)
		return errno == ENOTCONN ? -EINPROGRESS : -errno;
	l->state = LINK_BUSY;
	return 0;
}

bool link_is_quiet(struct link *l)
{
	uint8_t byte;

	if (!l->may_read)
		return true;
	if (recv(l->fd, &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN)
		return false;
	l->may_read = false;
	return true;
}

void link_release(struct worker *w, struct conn *c)
{
	struct link *l = c->link;
	struct origin *o = l->origin;

	must(l->state == LINK_BUSY && l->conn == c);
	/* Origins are many and each has a pool: a slot for each client stays free of them. */
	if (o->idle_len >= w->options.origin_idle_conns || w->links_free_len < w->conns_len ||
	    l->has_fin || w->is_draining) {
		link_close(w, l);
		return;
	}
	c->link = NULL;
	l->conn = NULL;
	l->state = LINK_IDLE;
	l->prev = NULL;
	l->next = o->idle;
	if (o->idle != NULL)
		o->idle->prev = l;
	o->idle = l;
	o->idle_len++;
	wheel_set(&w->wheel, &l->timer, w->now_ms + w->options.origin_idle_timeout_ms);
}

static void link_free(struct worker *w, struct link *l)
{
	(void)close(l->fd);
	l->fd = -1;
	l->state = LINK_FREE;
	w->links_free[w->links_free_len++] = (uint32_t)(l - w->links);
}

void link_close(struct worker *w, struct link *l)
{
	struct origin *o = l->origin;

	must(l->state != LINK_FREE && l->state != LINK_CLOSING);
	if (l->state == LINK_IDLE)
		unpool(l);
	wheel_clear(&w->wheel, &l->timer);
	if (l->conn != NULL)
		l->conn->link = NULL;
	l->conn = NULL;
	l->origin = NULL;
	l->state = LINK_CLOSING;
	/* The poll holds the socket open until its last completion; the origin need not wait. */
	(void)shutdown(l->fd, SHUT_RDWR);
	if (l->is_polled)
		ring_cancel(&w->ring, poll_token(w, l));
	else
		link_free(w, l);
	origin_unlinked(w, o);
}

void link_poll_done(struct worker *w, struct link *l)
{
	l->is_polled = false;
	if (l->state == LINK_CLOSING)
		link_free(w, l);
	else
		link_close(w, l);
}
