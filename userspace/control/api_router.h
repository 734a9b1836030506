/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * api_router.h - which handler answers what. Pure: no I/O, no allocation.
 *
 * To add routes: a file control/api_NAME.c with a table `api_routes_NAME` that ends in
 * API_ROUTES_END, and a line in API_TABLES. To add state for handlers: api_world.h.
 */
#pragma once

#include "base/slice.h"
#include "control/api_call.h"

/* Who may. Over a unix socket whoever can connect may do everything; over the loopback's
 * addresses, which every user of the machine can reach, it takes a token (auth.h). */
enum api_right {
	API_ANYBODY,
	API_READ,  /* any token */
	API_WRITE, /* one that may write; refused while draining */
	API_OWNER, /* the unix socket: tokens make no tokens */
};

struct api_route {
	const char *method; /* "GET" answers HEAD too */
	const char *path;   /* "/sluice/v1/hosts/{name}": a {part} is one segment, not empty */
	enum api_right right;
	uint32_t body_max; /* bytes of JSON, <= API_BODY_BYTES_MAX; 0: a body is refused */
	api_handler *handle;
};

#define API_ROUTES_END                                                                             \
	{                                                                                          \
		NULL, NULL, API_ANYBODY, 0, NULL                                                   \
	}

enum {
	API_BODY_BYTES_MAX = 16 * 1024 * 1024,
	API_BODY_BYTES = 64 * 1024, /* enough for most */
};

#define API_TABLES(X)                                                                              \
	X(audit)                                                                                   \
	X(certificates)                                                                            \
	X(connections)                                                                             \
	X(hosts)                                                                                   \
	X(managed)                                                                                 \
	X(metrics)                                                                                 \
	X(reload)                                                                                  \
	X(revocations)                                                                             \
	X(revoke)                                                                                  \
	X(settings)                                                                                \
	X(status)                                                                                  \
	X(tokens)                                                                                  \
	X(workers)                                                                                 \
	X(xdp)                                                                                     \
	X(zones)

#define X(name) extern const struct api_route api_routes_##name[];
API_TABLES(X)
#undef X

enum { API_ALLOW_BYTES_MAX = 64 };

struct api_match {
	const struct api_route *route;
	struct slice args[API_ARGS_MAX]; /* borrowed from the path */
	char allow[API_ALLOW_BYTES_MAX]; /* "GET, HEAD, POST", when -ENOTSUP */
};

/**
 * api_route_find - the route for a request
 * @method: as sent; case counts
 * @path:   without the query, percent-decoded
 *
 * A literal segment goes before a {part}, whatever the order of the tables.
 *
 * Return: 0; -ENOENT no such path; -ENOTSUP the path has other methods: see allow.
 */
int api_route_find(const char *method, struct slice path, struct api_match *out);

/**
 * api_path_match - does @path look like @pattern?
 * @args: API_ARGS_MAX; written as far as it went
 *
 * Return: how many segments are literally the same; -1 it does not.
 */
int api_path_match(const char *pattern, struct slice path, struct slice *args);
