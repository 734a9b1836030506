/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * client.h - one question to a running sluiced, over its socket.
 */
#pragma once

#include "command.h"

enum { CLIENT_ANSWER_BYTES_MAX = 256 * 1024 * 1024, CLIENT_SECONDS_MAX = 60 };

/** client_new - @socket: path of the API's socket. Return: EXIT_DONE or EXIT_FAILED (no memory) */
MUST_USE enum exit_code client_new(const char *socket, struct client **out);
void client_free(struct client *c);

/**
 * client_ask - send a request and wait for its answer
 * @method:     "GET", "POST", ...
 * @path:       percent-encoded where needed (client_escape()), with its query
 * @body:       sent as JSON; NULL: none
 * @out_result: the answer's "result", the caller's; written on EXIT_DONE
 *
 * Anything but success has been said on stderr.
 */
MUST_USE enum exit_code client_ask(struct client *c, const char *method, const char *path,
                                   const json_t *body, json_t **out_result);

/* What one question for a list brought. */
struct page {
	json_t *rows; /* "result", an array */
	json_t *info; /* "result_info" */
};

/** client_ask_page - the same for GET, with what there is to say about the page. Both are the caller's. */
MUST_USE enum exit_code client_ask_page(struct client *c, const char *path, struct page *out);

/**
 * client_ask_all - all pages of a list together
 * @path:     without a query
 * @per_page: as many as the API gives at a time
 * @out:      an array, the caller's; written on EXIT_DONE
 */
MUST_USE enum exit_code client_ask_all(struct client *c, const char *path, unsigned int per_page,
                                       json_t **out);

/** client_escape - one segment of a path, or a value of a query. Return: NULL: no memory; client_escape_free() */
char *client_escape(struct client *c, const char *text);
void client_escape_free(char *text);
