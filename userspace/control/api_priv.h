/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * api_priv.h - private to api.c and api_request.c.
 */
#pragma once

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

#include "control/api.h"
#include "control/api_call.h"
#include "control/auth.h"

/* A connection. */
struct api_peer {
	struct api *api;
	struct api_peer *next, **at; /* in the list of all */
	int fd;                      /* libmicrohttpd's */
	bool is_waiting;             /* for something of ours */
	uint64_t since_ms;           /* it connected, or got its last answer */
};

/* A request. */
struct api_request {
	struct api *api;
	struct api_peer *peer;
	struct api_call call;
	bool is_begun;
	bool is_odd;      /* a NUL in its path: refused */
	bool is_too_long; /* its body */
	char *body;
	size_t body_len, body_cap;
	struct api_request *next, **at; /* in the list of those who wait */
	bool is_listed;
};

struct api {
	struct MHD_Daemon *daemon;
	int fd;
	bool is_trusted; /* whoever can connect may do everything */
	const struct api_world *world;
	struct api_peer *peers;
	struct api_request *waiting;
	size_t bodies; /* bytes that requests have allocated */
	struct auth_tries tries;
};

/* api_request.c: libmicrohttpd's callbacks */
void *api_on_uri(void *arg, const char *uri, struct MHD_Connection *conn);
enum MHD_Result api_on_request(void *arg, struct MHD_Connection *conn, const char *url,
                               const char *method, const char *version, const char *data,
                               size_t *data_len, void **state);
void api_on_end(void *arg, struct MHD_Connection *conn, void **state,
                enum MHD_RequestTerminationCode why);

/* api_auth.c: may it be answered? Return: false: it may not, and that is the answer.
 * @fd: of a unix socket's peer; -1: it came over an address */
bool api_auth(struct api_call *call, struct auth_tries *tries, int fd);

/* Has the request that waits an answer now? */
bool api_request_again(struct api_request *r);
void api_request_resume(struct api_request *r);
void api_request_give_up(struct api_request *r);
