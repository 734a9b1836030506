/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "sys/ktls.h"

enum {
	WAIT_MS = 1000,     /* longest wait for one thing on the loopback, which is there at once */
	PATIENCE_MS = 2000, /* and for all that never come, together */
	TRIES_MAX = 8,      /* wake-ups without the thing, strangers at the listener */
};

struct probe {
	const struct ktls_sys *sys;
	struct ktls_support *out;
	int patience_ms;
};

/* Two ends of a connection. */
struct pair {
	int a, b;
};

static void pair_close(struct pair *p)
{
	fd_closep(&p->a);
	fd_closep(&p->b);
}

/* Return: 0; -ETIMEDOUT. */
static int wait_for(struct probe *p, int fd, short events)
{
	int ms = p->patience_ms < WAIT_MS ? p->patience_ms : WAIT_MS;
	struct pollfd f = { .fd = fd, .events = events };

	if (poll(&f, 1, ms) > 0)
		return 0;
	p->patience_ms -= ms;
	return -ETIMEDOUT;
}

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* Without IPv4, or without ::1, the other is there. */
static int listen_anywhere(union address *out_at, socklen_t *out_len)
{
	const union address at[] = {
		{ .in = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } } },
		{ .in6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT } },
	};
	const socklen_t lens[] = { sizeof(struct sockaddr_in), sizeof(struct sockaddr_in6) };
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(at); i++) {
		CLEAN_FD int fd =
			socket(at[i].any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		socklen_t len = lens[i];

		if (fd >= 0 && bind(fd, &at[i].any, len) == 0 && listen(fd, 1) == 0 &&
		    getsockname(fd, &out_at->any, &len) == 0) {
			*out_len = len;
			return fd_take(&fd);
		}
		r = -errno;
	}
	return r;
}

static bool is_same(const union address *x, const union address *y)
{
	if (x->any.sa_family != y->any.sa_family)
		return false;
	if (x->any.sa_family == AF_INET)
		return x->in.sin_port == y->in.sin_port &&
		       x->in.sin_addr.s_addr == y->in.sin_addr.s_addr;
	return x->in6.sin6_port == y->in6.sin6_port &&
	       IN6_ARE_ADDR_EQUAL(&x->in6.sin6_addr, &y->in6.sin6_addr);
}

/* The connection that comes from @from; anyone on this machine may have been faster. */
static int accept_ours(struct probe *p, int listener, const union address *from)
{
	for (int i = 0; i < TRIES_MAX; i++) {
		union address peer = { 0 };
		socklen_t len = sizeof(peer);
		CLEAN_FD int fd = -1;
		int r = wait_for(p, listener, POLLIN);

		if (r < 0)
			return r;
		fd = accept4(listener, &peer.any, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			return -errno;
		if (is_same(&peer, from))
			return fd_take(&fd);
	}
	return -ECONNREFUSED;
}

static int pair_open(struct probe *p, struct pair *out)
{
	union address at = { 0 };
	socklen_t len = sizeof(at);
	CLEAN_FD int listener = listen_anywhere(&at, &len);
	CLEAN_FD int a = -1;
	int b;
	int r;

	if (listener < 0)
		return listener;
	a = socket(at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (a < 0 || (connect(a, &at.any, len) < 0 && errno != EINPROGRESS))
		return -errno;
	r = wait_for(p, a, POLLOUT);
	if (r < 0)
		return r;
	len = sizeof(at);
	if (getsockname(a, &at.any, &len) < 0)
		return -errno;
	b = accept_ours(p, listener, &at);
	if (b < 0)
		return b;
	*out = (struct pair){ .a = fd_take(&a), .b = b };
	return 0;
}

/* Only the first thing that failed is told. */
static void failed(struct probe *p, int error, const char *what)
{
	if (p->out->error != 0)
		return;
	p->out->error = error;
	(void)snprintf(p->out->what, sizeof(p->out->what), "%s", what);
}

static void cell_failed(struct probe *p, int error, const struct ktls_key *key, const char *what)
{
	char text[sizeof(p->out->what)];

	(void)snprintf(text, sizeof(text), "TLS 1.%d %s %s",
	               key->version == TLS_1_3_VERSION ? 3 : 2, ktls_cipher_label(key->cipher),
	               what);
	failed(p, error, text);
}

/* One data record from end to end: keys may be taken for a cipher that then does not work. */
static int send_through(struct probe *p, const struct pair *pair)
{
	static const char content[] = "kernel TLS";
	char got[sizeof(content)] = { 0 };
	struct iovec iov = { .iov_base = got, .iov_len = sizeof(got) };
	const struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	uint8_t type = 0;
	ssize_t n;

	memcpy(got, content, sizeof(got));
	n = p->sys->sendmsg(pair->a, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n != (ssize_t)sizeof(content))
		return n < 0 ? -errno : -EIO;
	memset(got, 0, sizeof(got));
	for (int i = 0; i < TRIES_MAX; i++) {
		int r = wait_for(p, pair->b, POLLIN);

		if (r < 0)
			return r;
		n = ktls_recv(p->sys, pair->b, got, sizeof(got), &type);
		if (n != -EAGAIN)
			break;
	}
	if (n < 0)
		return (int)n;
	return n == (ssize_t)sizeof(content) && memcmp(got, content, sizeof(content)) == 0 ? 0
	                                                                                   : -EIO;
}

/* @pair has the ULP at both ends. */
static void probe_cell(struct probe *p, const struct pair *pair, const struct ktls_key *key)
{
	uint8_t bit = (uint8_t)(1U << key->cipher);
	bool is_13 = key->version == TLS_1_3_VERSION;
	int tx = ktls_set(p->sys, pair->a, KTLS_TX, key);
	int rx = ktls_set(p->sys, pair->b, KTLS_RX, key);

	if (tx < 0)
		cell_failed(p, tx, key, "TX");
	if (rx < 0)
		cell_failed(p, rx, key, "RX");
	if (tx == 0 && rx == 0) {
		int r = send_through(p, pair);

		if (r < 0) {
			cell_failed(p, r, key, "record");
			return;
		}
		if (is_13 && !p->out->rekey)
			p->out->rekey = ktls_set(p->sys, pair->a, KTLS_TX, key) == 0;
	}
	if (tx == 0)
		p->out->tx[is_13] |= bit;
	if (rx == 0)
		p->out->rx[is_13] |= bit;
}

/* Return: 0: go on; -errno: this one was no use and the others will not be. */
static int probe_pair(struct probe *p, const struct ktls_key *key)
{
	struct pair pair = { .a = -1, .b = -1 };
	int r = pair_open(p, &pair);

	if (r < 0) {
		failed(p, r, "a connection over the loopback");
		return r;
	}
	r = ktls_ulp(p->sys, pair.a);
	if (r == 0)
		r = ktls_ulp(p->sys, pair.b);
	if (r < 0)
		failed(p, r, "TCP_ULP");
	else
		probe_cell(p, &pair, key);
	pair_close(&pair);
	return r;
}

void ktls_probe(const struct ktls_sys *sys, struct ktls_support *out)
{
	struct probe p = { .sys = sys, .out = out, .patience_ms = PATIENCE_MS };
	int r = 0;

	*out = (struct ktls_support){ 0 };
	for (unsigned int i = 0; i < 2 * KTLS_CIPHER_MAX && r == 0; i++) {
		/* Any key will do: nothing but "kernel TLS" is ever sealed with it. */
		const struct ktls_key key = {
			.version = i < KTLS_CIPHER_MAX ? TLS_1_2_VERSION : TLS_1_3_VERSION,
			.cipher = (uint8_t)(i % KTLS_CIPHER_MAX),
			.key = { 1 },
			.nonce = { 2 },
		};

		r = probe_pair(&p, &key);
	}
}

int ktls_load(const struct ktls_sys *sys)
{
	CLEAN_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	r = ktls_ulp(sys, fd);
	return r == -ENOTCONN ? 0 : r; /* looked for first, refused then */
}
