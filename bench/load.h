/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * load.h - what bench/load is told to do, and what it found.
 */
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "pattern.h"

enum { RESPONSE_HEAD_MAX = 8192 };

enum mode {
	MODE_KEEPALIVE, /* a fixed set of connections, requests one after the other */
	MODE_HANDSHAKE, /* a full handshake for each request */
	MODE_RESUME,    /* a resumed one */
	MODE_IDLE,      /* one request on each, then silence */
	MODE_HELD,      /* the same, and who is ended stays away */
	MODE_CHURN,     /* a mix at a fixed pace, for counting losses */
	MODE_MAX
};

enum conn_state {
	CONN_CLOSED,
	CONN_HANDSHAKE,
	CONN_SEND,
	CONN_READ,
	CONN_IDLE, /* open, nothing under way */
	CONN_GONE, /* MODE_HELD: ended by the server */
};

struct conn {
	int fd;
	enum conn_state state;
	SSL *ssl;
	SSL_SESSION *session; /* MODE_RESUME: for the next connection */
	uint64_t wake_ns;     /* MODE_CHURN: when to go on */
	uint32_t left;        /* requests before it is closed */
	size_t sent;          /* of the request, body included */
	size_t have;          /* bytes of the response */
	size_t need;          /* of all of it; 0 while the head is not whole */
	uint8_t *in;
};

struct job {
	enum mode mode;
	uint16_t port;
	uint32_t conns_len;
	uint64_t units;         /* requests, handshakes or connections */
	uint64_t warm;          /* done before measuring begins */
	uint64_t think_ns;      /* MODE_CHURN: between two requests of a connection */
	char *sni;              /* OpenSSL's macro takes no const */
	const char *cert, *key; /* files; NULL: none */
	const char *target;
	size_t body;   /* bytes each response must have */
	size_t upload; /* bytes of each request's body; 0: a GET */
	pid_t pid;     /* whose CPU time and memory is measured; 0: nobody's */

	SSL_CTX *ctx;
	int epoll;
	struct conn *conns;
	uint8_t *pattern;
	char request[512];
	size_t request_len;

	/* found */
	uint64_t done, wrong, lost, refused, reused, handshakes, idle;
	uint64_t ended;                    /* MODE_HELD: by the server, */
	int64_t first_end_us, last_end_us; /* since 1970 */
	uint64_t cpu_begin_ns, wall_begin_ns;
	int64_t memory_begin;
};

/* load.c's part: j->done units now */
void unit_done(struct job *j);
/* MODE_HELD: the server has ended an idle connection */
void held_ended(struct job *j, struct conn *c);

/* load_conn.c's part */
uint64_t now_ns(void);
void conn_open(struct job *j, struct conn *c);
void conn_step(struct job *j, struct conn *c);
void conn_close(struct conn *c);
