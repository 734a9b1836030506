/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * api.h - the settings API's HTTP server: libmicrohttpd, without a thread of its own, as
 * one more descriptor in control's loop.
 *
 * What a client does here can hold up another client of the API, within the limits below,
 * and nothing else.
 */
#pragma once

#include <stdint.h>

#include "base/must.h"

struct api;
struct api_world;

enum {
	API_CONNS_MAX = 64,
	API_CONN_BYTES_MAX = 32 * 1024,          /* head of a request, and what is read at once */
	API_BODIES_BYTES_MAX = 64 * 1024 * 1024, /* of all requests together */
	API_IDLE_S = 10,                         /* neither sent nor read a byte */
	API_REQUEST_MS_MAX = 30000, /* from connecting, or the last answer, to the next one */
};

/**
 * api_new - serve on @listen_fd
 * @listen_fd: a listening socket; taken, whatever is returned
 * @world:     borrowed; whoever has it brings it up to date before api_turn()
 *
 * Return: 0; -ENOMEM; -EIO libmicrohttpd does not want to.
 */
MUST_USE int api_new(int listen_fd, const struct api_world *world, struct api **out);

/** api_fd - readable: api_turn() has something to do */
int api_fd(const struct api *a);

/** api_patience_ms - so long api_turn() may be put off without an event; -1: for ever */
int api_patience_ms(const struct api *a);

/** api_turn - read, answer, and look after those who wait; never blocks */
void api_turn(struct api *a);

/** api_free - hang up; NULL is fine */
void api_free(struct api *a);
