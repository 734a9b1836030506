/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * origin - a plain HTTP/1.1 origin that costs next to nothing: one process, epoll,
 * keep-alive. /bytes/N is answered with N bytes of pattern.h, anything else with 1 KiB.
 * A request's body must be the pattern too, or the answer is 400.
 *
 * usage: origin PORT
 *
 * At SIGTERM or SIGINT it prints how many requests came and how many of them said
 * who the client is.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/must.h"
#include "base/text.h"
#include "pattern.h"

enum { CONNS_MAX = 16384, REQUEST_BYTES_MAX = 65536, EVENTS_MAX = 256, BODY_DEFAULT = 1024 };

struct conn {
	size_t have;             /* bytes of the request so far */
	size_t upload, uploaded; /* bytes of the request's body, and how many came */
	bool is_wrong;           /* it is not the pattern */
	size_t asked;            /* bytes of the answer's body */
	size_t head_len, body_len;
	size_t sent; /* of head and body */
	char head[96];
	char in[]; /* REQUEST_BYTES_MAX */
};

static struct {
	struct conn *conns[CONNS_MAX]; /* by descriptor */
	uint8_t pattern[PATTERN_BYTES_MAX];
	uint64_t requests, with_identity;
	int epoll;
} o;

static volatile sig_atomic_t stopped;

static void on_stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static void conn_close(int fd)
{
	(void)close(fd);
	free(o.conns[fd]);
	o.conns[fd] = NULL;
}

static void conn_accept(int listener)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET | EPOLLRDHUP };
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		event.data.fd = fd;
		if (fd < CONNS_MAX)
			o.conns[fd] = calloc(1, sizeof(struct conn) + REQUEST_BYTES_MAX);
		if (fd >= CONNS_MAX || o.conns[fd] == NULL ||
		    epoll_ctl(o.epoll, EPOLL_CTL_ADD, fd, &event) < 0)
			(void)close(fd);
	}
}

/* True when all of the answer is out. */
static bool conn_send(int fd, struct conn *c)
{
	while (c->sent < c->head_len + c->body_len) {
		struct iovec iov[2] = { { c->head, c->head_len }, { o.pattern, c->body_len } };
		struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };
		size_t skip = c->sent;
		ssize_t n;

		for (size_t i = 0; i < 2; i++) {
			size_t here = skip < iov[i].iov_len ? skip : iov[i].iov_len;

			iov[i].iov_base = (uint8_t *)iov[i].iov_base + here;
			iov[i].iov_len -= here;
			skip -= here;
		}
		n = sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0)
			return false;
		c->sent += (size_t)n;
	}
	return true;
}

static size_t number_behind(const char *head, const char *word, size_t otherwise)
{
	const char *at = strcasestr(head, word);
	uint64_t n = 0;

	if (at == NULL)
		return otherwise;
	at += strlen(word);
	if (text_parse_u64(slice_of(at, strspn(at, "0123456789")), &n) < 0 || n > PATTERN_BYTES_MAX)
		return otherwise;
	return (size_t)n;
}

static size_t body_asked_for(const char *request)
{
	return number_behind(request, " /bytes/", BODY_DEFAULT);
}

static void drop(struct conn *c, size_t used)
{
	memmove(c->in, c->in + used, c->have - used);
	c->have -= used;
}

/* A head, if it is whole. */
static bool take_head(struct conn *c)
{
	const char *end = memmem(c->in, c->have, "\r\n\r\n", 4);
	size_t used;

	if (end == NULL)
		return false;
	used = (size_t)(end - c->in) + 4;
	c->in[used - 1] = '\0';
	o.requests++;
	if (strcasestr(c->in, "\r\ncf-client-cert-sha256:") != NULL)
		o.with_identity++;
	c->asked = body_asked_for(c->in);
	c->head_len = c->body_len = c->sent = 0;
	c->upload = number_behind(c->in, "\r\ncontent-length: ", 0);
	c->uploaded = 0;
	c->is_wrong = false;
	drop(c, used);
	return true;
}

/* What has come of the request's body; true when that is all of it. */
static bool take_body(struct conn *c)
{
	size_t left = c->upload - c->uploaded;
	size_t n = c->have < left ? c->have : left;

	c->is_wrong |= memcmp(c->in, o.pattern + c->uploaded, n) != 0;
	c->uploaded += n;
	drop(c, n);
	return c->uploaded == c->upload;
}

/* Answer what is whole in c->in; false when the connection is to be closed. */
static bool conn_answer(int fd, struct conn *c)
{
	while (c->uploaded < c->upload || take_head(c)) {
		if (!take_body(c))
			return true;
		c->head_len = (size_t)snprintf(c->head, sizeof(c->head),
		                               "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n",
		                               c->is_wrong ? "400 Bad Request" : "200 OK",
		                               c->asked);
		c->body_len = c->asked;
		if (!conn_send(fd, c))
			return errno == EAGAIN;
	}
	return c->have < REQUEST_BYTES_MAX;
}

static bool conn_step(int fd, struct conn *c)
{
	ssize_t n;

	if (!conn_send(fd, c))
		return errno == EAGAIN;
	while ((n = recv(fd, c->in + c->have, REQUEST_BYTES_MAX - c->have, MSG_DONTWAIT)) > 0) {
		c->have += (size_t)n;
		if (!conn_answer(fd, c))
			return false;
		if (c->sent < c->head_len + c->body_len)
			return true;
	}
	return n < 0 && errno == EAGAIN;
}

static int listen_on(uint16_t port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		                    .sin_port = htons(port),
		                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0 ||
	    bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, 4096) < 0)
		return -errno;
	return fd;
}

int main(int argc, char **argv)
{
	struct sigaction stop = { .sa_handler = on_stop };
	struct epoll_event events[EVENTS_MAX] = { { .events = EPOLLIN } };
	uint64_t port = 0;
	int listener;

	if (argc != 2 || text_parse_u64(slice_of(argv[1], strlen(argv[1])), &port) < 0 ||
	    port > UINT16_MAX) {
		(void)fprintf(stderr, "usage: origin PORT\n");
		return 2;
	}
	pattern_fill(o.pattern, sizeof(o.pattern));
	(void)sigaction(SIGTERM, &stop, NULL);
	(void)sigaction(SIGINT, &stop, NULL);
	listener = listen_on((uint16_t)port);
	o.epoll = epoll_create1(EPOLL_CLOEXEC);
	events[0].data.fd = listener;
	if (listener < 0 || epoll_ctl(o.epoll, EPOLL_CTL_ADD, listener, &events[0]) < 0) {
		(void)fprintf(stderr, "origin: cannot listen on port %s\n", argv[1]);
		return 1;
	}
	while (!stopped) {
		int n = epoll_wait(o.epoll, events, EVENTS_MAX, -1);

		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;

			if (fd == listener)
				conn_accept(listener);
			else if (o.conns[fd] != NULL && !conn_step(fd, o.conns[fd]))
				conn_close(fd);
		}
	}
	(void)printf("requests %llu with_identity %llu\n", (unsigned long long)o.requests,
	             (unsigned long long)o.with_identity);
	return 0;
}
