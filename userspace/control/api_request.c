/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "control/api_answer.h"
#include "control/api_priv.h"
#include "control/api_router.h"
#include "control/api_world.h"

enum { BODY_FIRST_BYTES = 4096 };

const char *api_query(const struct api_call *call, const char *name)
{
	const char *value = NULL;
	size_t len = 0;

	if (!call->conn || MHD_lookup_connection_value_n(call->conn, MHD_GET_ARGUMENT_KIND, name,
	                                                 strlen(name), &value, &len) != MHD_YES)
		return NULL;
	return value ? value : "";
}

const char *api_header(const struct api_call *call, const char *name)
{
	return call->conn ? MHD_lookup_connection_value(call->conn, MHD_HEADER_KIND, name) : NULL;
}

/* --- the list of those who wait ------------------------------------------------------------- */

static void wait_begin(struct api_request *r)
{
	struct api *a = r->api;

	r->next = a->waiting;
	r->at = &a->waiting;
	if (r->next)
		r->next->at = &r->next;
	a->waiting = r;
	r->is_listed = true;
	r->peer->is_waiting = true;
	MHD_suspend_connection(r->call.conn);
}

static void wait_end(struct api_request *r)
{
	if (!r->is_listed)
		return;
	*r->at = r->next;
	if (r->next)
		r->next->at = r->at;
	r->is_listed = false;
	r->peer->is_waiting = false;
}

bool api_request_again(struct api_request *r)
{
	struct api_call *call = &r->call;

	call->again(call);
	if (call->status == 0 && r->api->world->now_ms >= call->wait_until_ms)
		api_fail(call, 409, API_CODE_CONFLICT, NULL,
		         "access.api.error.conflict: previous change still being applied");
	return call->status > 0;
}

void api_request_resume(struct api_request *r)
{
	struct MHD_Connection *conn = r->call.conn;

	wait_end(r);
	MHD_resume_connection(conn);
}

void api_request_give_up(struct api_request *r)
{
	api_fail(&r->call, 503, API_CODE_INTERNAL, NULL, "it is ending");
	api_request_resume(r);
}

/* --- answers ---------------------------------------------------------------------------------- */

static void add_headers(const struct api_call *call, struct MHD_Response *response)
{
	if (call->status == MHD_HTTP_UNAUTHORIZED)
		(void)MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
	if (call->etag[0] && call->status < 300)
		(void)MHD_add_response_header(response, "ETag", call->etag);
	if (call->retry_after_s > 0) {
		char text[16];

		(void)snprintf(text, sizeof(text), "%u", call->retry_after_s);
		(void)MHD_add_response_header(response, "Retry-After", text);
	}
}

static enum MHD_Result send_answer(struct api_request *r, const char *allow)
{
	struct MHD_Response *response = NULL;
	enum MHD_Result sent;
	const char *type = NULL;
	char *text = NULL;
	size_t len = 0;

	if (api_answer_render(&r->call, &text, &len, &type) == 0)
		response = MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(text);
		return MHD_NO; /* hangs up */
	}
	(void)MHD_add_response_header(response, "Content-Type", type);
	(void)MHD_add_response_header(response, "Cache-Control", "no-store");
	(void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (allow)
		(void)MHD_add_response_header(response, "Allow", allow);
	add_headers(&r->call, response);
	sent = MHD_queue_response(r->call.conn, r->call.status, response);
	MHD_destroy_response(response);
	return sent;
}

/* --- the body --------------------------------------------------------------------------------- */

/* Return: false: too long, or no room. */
static bool make_room(struct api_request *r, size_t more)
{
	size_t want = r->body_len + more;
	size_t cap = r->body_cap ? r->body_cap : BODY_FIRST_BYTES;
	char *body;

	if (want > r->call.route->body_max)
		return false;
	while (cap < want)
		cap *= 2;
	if (cap == r->body_cap)
		return true;
	if (r->api->bodies + cap - r->body_cap > API_BODIES_BYTES_MAX)
		return false;
	body = realloc(r->body, cap);
	if (!body)
		return false;
	r->api->bodies += cap - r->body_cap;
	r->body = body;
	r->body_cap = cap;
	return true;
}

static void drop_body(struct api_request *r)
{
	free(r->body);
	r->api->bodies -= r->body_cap;
	r->body = NULL;
	r->body_len = r->body_cap = 0;
}

/* What is too long is read to its end, for the answer to arrive, and not kept. */
static void take_body(struct api_request *r, const char *data, size_t len)
{
	if (r->is_too_long || !make_room(r, len)) {
		r->is_too_long = true;
		drop_body(r);
		return;
	}
	memcpy(r->body + r->body_len, data, len);
	r->body_len += len;
}

/* Return: false: it is no good, and that is the answer. */
static bool parse_body(struct api_request *r)
{
	struct api_call *call = &r->call;
	json_error_t why;

	if (r->is_too_long) {
		api_fail(call, 413, API_CODE_JSON, NULL, "the body is too long");
		return false;
	}
	if (r->body_len == 0)
		return true;
	call->body = json_loadb(r->body, r->body_len, JSON_REJECT_DUPLICATES, &why);
	drop_body(r);
	if (!call->body)
		api_fail(call, 400, API_CODE_JSON, NULL, "not JSON: line %d, column %d: %s",
		         why.line, why.column, why.text);
	return call->body != NULL;
}

/* --- the request ------------------------------------------------------------------------------ */

void *api_on_uri(void *arg, const char *uri, struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct api_request *r = calloc(1, sizeof(*r));

	if (!r || !info || !info->socket_context) {
		free(r);
		return NULL;
	}
	r->api = arg;
	r->peer = info->socket_context;
	r->call.world = r->api->world;
	r->call.conn = conn;
	/* Decoded, it would end the text that follows. */
	r->is_odd = strstr(uri, "%00") != NULL;
	return r;
}

static void keep_args(struct api_call *call, const struct api_match *m)
{
	call->route = m->route;
	for (size_t i = 0; i < API_ARGS_MAX; i++) {
		must(m->args[i].len < API_ARG_BYTES_MAX);
		slice_copy((uint8_t *)call->args[i], m->args[i]);
	}
}

/* Does it say that a body longer than its route takes will come? */
static bool is_announced_too_long(const struct api_call *call)
{
	const char *text = api_header(call, MHD_HTTP_HEADER_CONTENT_LENGTH);
	uint64_t len = 0;

	return text && (text_parse_u64(slice_of(text, strlen(text)), &len) < 0 ||
	                len > call->route->body_max);
}

/* The head is here. Answered at once is what needs no body. */
static enum MHD_Result begin(struct api_request *r, const char *url, const char *method)
{
	struct api_call *call = &r->call;
	struct api_match m;
	int found = r->is_odd ? -ENOENT : api_route_find(method, slice_of(url, strlen(url)), &m);

	r->is_begun = true;
	if (found == -ENOTSUP) {
		api_fail(call, 405, API_CODE_METHOD, NULL, "this path knows %s", m.allow);
		return send_answer(r, m.allow);
	}
	if (found < 0) {
		api_fail(call, 404, API_CODE_NO_ROUTE, NULL, "no such path");
		return send_answer(r, NULL);
	}
	keep_args(call, &m);
	if (!api_auth(call, &r->api->tries, r->api->is_trusted ? r->peer->fd : -1))
		return send_answer(r, NULL);
	if (r->api->world->is_draining && call->route->right >= API_WRITE) {
		api_fail(call, 409, API_CODE_CONFLICT, NULL, "it is about to end");
		return send_answer(r, NULL);
	}
	if (is_announced_too_long(call)) {
		api_fail(call, 413, API_CODE_JSON, NULL, "the body may have %u bytes",
		         call->route->body_max);
		return send_answer(r, NULL);
	}
	return MHD_YES;
}

static enum MHD_Result finish(struct api_request *r)
{
	struct api_call *call = &r->call;

	if (call->status == 0 && !call->again && parse_body(r)) {
		call->route->handle(call);
		must(call->status > 0 || call->again);
	}
	if (call->status > 0)
		return send_answer(r, NULL);
	wait_begin(r);
	return MHD_YES;
}

/* NOLINTNEXTLINE(readability-function-size): the library's signature */
enum MHD_Result api_on_request(void *arg, struct MHD_Connection *conn, const char *url,
                               const char *method, const char *version, const char *data,
                               size_t *data_len, void **state)
{
	struct api_request *r = *state;

	(void)arg;
	(void)conn;
	(void)version;
	if (!r)
		return MHD_NO; /* no memory for it: hangs up */
	if (!r->is_begun)
		return begin(r, url, method);
	if (*data_len == 0)
		return finish(r);
	take_body(r, data, *data_len);
	*data_len = 0;
	return MHD_YES;
}

void api_on_end(void *arg, struct MHD_Connection *conn, void **state,
                enum MHD_RequestTerminationCode why)
{
	struct api_request *r = *state;

	(void)arg;
	(void)conn;
	(void)why;
	if (!r)
		return;
	wait_end(r);
	r->peer->since_ms = r->api->world->now_ms;
	drop_body(r);
	api_call_fini(&r->call);
	free(r);
	*state = NULL;
}
