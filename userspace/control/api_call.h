/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * api_call.h - one request to the settings API, from the point of view of who answers it.
 *
 * A handler looks at the call, changes what it is there to change, and answers by exactly
 * one of api_result(), api_fail() (several times, if there is more than one mistake),
 * api_text() or api_wait() (api_answer.h). It runs in control's one thread, between two
 * turns of its loop: while it works, nothing else does.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct MHD_Connection;
struct api_call;
struct api_route;
struct api_world;

enum {
	API_ARGS_MAX = 4, /* {parts} of a route's path */
	API_ARG_BYTES_MAX = 512,
	API_NOTES = 2,
	API_WHO_BYTES_MAX = 160,
	API_ETAG_BYTES_MAX = 40,
};

typedef void api_handler(struct api_call *call);

struct api_call {
	const struct api_world *world; /* what there is to see and do */
	const struct api_route *route;
	struct MHD_Connection *conn; /* NULL in unit tests */
	/* what the path's {parts} stood for, in their order; never empty */
	char args[API_ARGS_MAX][API_ARG_BYTES_MAX];
	json_t *body;                /* an object or array, the call's; NULL: none was sent */
	char who[API_WHO_BYTES_MAX]; /* asks: for the audit log */

	/* the answer; written by api_answer.c only */
	unsigned int status; /* HTTP's; 0: none yet */
	json_t *result;      /* NULL: null */
	json_t *result_info;
	json_t *errors, *messages; /* arrays; NULL: empty */
	char *text;                /* instead of all that */
	size_t text_len;
	const char *text_type;
	uint32_t retry_after_s;        /* 0: not said */
	char etag[API_ETAG_BYTES_MAX]; /* with its quotes; "": none */

	/* while it waits */
	api_handler *again;
	uint64_t wait_until_ms;
	uint64_t notes[API_NOTES]; /* the handler's own, from one time to the next */
	json_t *kept;              /* likewise; the call's */
};

/**
 * api_query - a parameter of the query, "?page=2"
 *
 * Return: its value, NUL-terminated, percent-decoded, the call's; "" when it has none;
 *         NULL: it is not there.
 */
const char *api_query(const struct api_call *call, const char *name);

/** api_header - a request header field, of any case. Return: its value, the call's; NULL. */
const char *api_header(const struct api_call *call, const char *name);
