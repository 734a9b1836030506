/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One connection of bench/load: connect, handshake, request, response, and again.
 * Every body is compared byte by byte with what the origin must have sent.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/must.h"
#include "base/text.h"
#include "load.h"

enum { CHURN_REQUESTS = 100 }; /* on one connection */

/* What became of one step. */
enum outcome {
	GO_ON,
	WAIT,  /* for the socket */
	ENDED, /* the other side ended or failed */
};

uint64_t now_ns(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

void conn_close(struct conn *c)
{
	if (c->state == CONN_CLOSED)
		return;
	if (c->state == CONN_IDLE)
		(void)SSL_shutdown(c->ssl);
	SSL_free(c->ssl);
	(void)close(c->fd);
	c->ssl = NULL;
	c->fd = -1;
	c->state = CONN_CLOSED;
}

static int dial(const struct job *j)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		                    .sin_port = htons(j->port),
		                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0 && errno != EINPROGRESS) {
		(void)close(fd);
		return -ECONNREFUSED;
	}
	return fd;
}

void conn_open(struct job *j, struct conn *c)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };
	BIO *bio;

	must(c->state == CONN_CLOSED);
	c->fd = dial(j);
	if (c->fd < 0) {
		j->refused++;
		c->wake_ns = now_ns() + j->think_ns;
		return;
	}
	c->ssl = SSL_new(j->ctx);
	bio = BIO_new_socket(c->fd, BIO_NOCLOSE);
	must(c->ssl != NULL && bio != NULL);
	SSL_set_bio(c->ssl, bio, bio);
	SSL_set_connect_state(c->ssl);
	must(SSL_set_app_data(c->ssl, c) == 1);
	must(SSL_set_tlsext_host_name(c->ssl, j->sni) == 1);
	if (c->session != NULL)
		must(SSL_set_session(c->ssl, c->session) == 1);
	c->left = j->mode == MODE_CHURN       ? CHURN_REQUESTS
	          : j->mode == MODE_KEEPALIVE ? UINT32_MAX
	                                      : 1;
	c->state = CONN_HANDSHAKE;
	c->sent = 0;
	event.data.ptr = c;
	must(epoll_ctl(j->epoll, EPOLL_CTL_ADD, c->fd, &event) == 0);
}

static enum outcome ssl_outcome(const struct conn *c, int r)
{
	int e = SSL_get_error(c->ssl, r);

	ERR_clear_error();
	return e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE ? WAIT : ENDED;
}

static enum outcome step_handshake(struct job *j, struct conn *c)
{
	int r = SSL_do_handshake(c->ssl);

	if (r != 1)
		return ssl_outcome(c, r);
	j->handshakes++;
	j->reused += SSL_session_reused(c->ssl) == 1;
	c->state = CONN_SEND;
	return GO_ON;
}

static enum outcome step_send(struct job *j, struct conn *c)
{
	const bool is_head = c->sent < j->request_len;
	const size_t at = is_head ? c->sent : c->sent - j->request_len;
	const void *from = is_head ? (const void *)(j->request + at) : j->pattern + at;
	int r = SSL_write(c->ssl, from, (int)((is_head ? j->request_len : j->upload) - at));

	if (r <= 0)
		return ssl_outcome(c, r);
	c->sent += (size_t)r;
	if (c->sent < j->request_len + j->upload)
		return GO_ON;
	c->sent = 0;
	c->have = 0;
	c->need = 0;
	c->state = CONN_READ;
	return GO_ON;
}

/* Bytes of the whole response, 0 while that is not known, SIZE_MAX when it is no response. */
static size_t response_size(const struct conn *c)
{
	static const char name[] = "\r\ncontent-length:";
	char head[RESPONSE_HEAD_MAX + 1];
	const char *end = memmem(c->in, c->have, "\r\n\r\n", 4);
	const char *field;
	uint64_t len = 0;
	size_t n;

	if (end == NULL)
		return c->have < RESPONSE_HEAD_MAX ? 0 : SIZE_MAX;
	n = (size_t)(end - (const char *)c->in) + 4;
	if (n > RESPONSE_HEAD_MAX)
		return SIZE_MAX;
	memcpy(head, c->in, n);
	head[n] = '\0';
	field = strcasestr(head, name);
	if (field == NULL || strncmp(head, "HTTP/1.1 200", 12) != 0)
		return SIZE_MAX;
	field += sizeof(name) - 1;
	field += strspn(field, " ");
	if (text_parse_u64(slice_of(field, strspn(field, "0123456789")), &len) < 0)
		return SIZE_MAX;
	return len <= PATTERN_BYTES_MAX ? n + (size_t)len : SIZE_MAX;
}

static void response_done(struct job *j, struct conn *c, bool is_right)
{
	j->done++;
	unit_done(j);
	if (!is_right)
		j->wrong++;
	c->state = CONN_IDLE;
	if (j->mode == MODE_IDLE || j->mode == MODE_HELD) {
		j->idle++;
		return;
	}
	if (--c->left > 0 && is_right) {
		if (j->think_ns > 0)
			c->wake_ns = now_ns() + j->think_ns;
		else if (j->mode != MODE_KEEPALIVE || j->done < j->warm + j->units)
			c->state = CONN_SEND;
		return;
	}
	conn_close(c);
	if (j->done + j->conns_len <= j->warm + j->units + 1 || j->mode == MODE_CHURN)
		conn_open(j, c);
}

static enum outcome step_read(struct job *j, struct conn *c)
{
	size_t cap = RESPONSE_HEAD_MAX + j->body;
	bool is_right;
	int r;

	if (c->have == cap) {
		response_done(j, c, false);
		return GO_ON;
	}
	r = SSL_read(c->ssl, c->in + c->have, (int)(cap - c->have));
	if (r <= 0)
		return ssl_outcome(c, r);
	c->have += (size_t)r;
	if (c->need == 0)
		c->need = response_size(c);
	if (c->need == 0 || (c->need != SIZE_MAX && c->have < c->need))
		return GO_ON;
	is_right = c->need == c->have && c->need > j->body &&
	           memcmp(c->in + c->have - j->body, j->pattern, j->body) == 0 &&
	           memcmp(c->in + c->have - j->body - 4, "\r\n\r\n", 4) == 0;
	response_done(j, c, is_right);
	return GO_ON;
}

/* Nothing is under way: whatever comes is a ticket or the end. */
static enum outcome step_idle(struct conn *c)
{
	uint8_t byte;
	int r = SSL_read(c->ssl, &byte, 1);

	return r > 0 ? ENDED : ssl_outcome(c, r);
}

void conn_step(struct job *j, struct conn *c)
{
	enum outcome o = GO_ON;

	while (o == GO_ON) {
		switch (c->state) {
		case CONN_HANDSHAKE:
			o = step_handshake(j, c);
			break;
		case CONN_SEND:
			o = step_send(j, c);
			break;
		case CONN_READ:
			o = step_read(j, c);
			break;
		case CONN_IDLE:
			o = step_idle(c);
			break;
		default:
			return;
		}
	}
	if (o == WAIT)
		return;
	if (j->mode == MODE_HELD && c->state == CONN_IDLE) {
		held_ended(j, c);
		return;
	}
	j->refused += c->state == CONN_HANDSHAKE;
	j->lost += c->state == CONN_SEND || c->state == CONN_READ;
	j->idle -= c->state == CONN_IDLE && j->mode == MODE_IDLE;
	conn_close(c);
	c->wake_ns = now_ns() + j->think_ns;
	if (j->think_ns == 0)
		conn_open(j, c);
}
