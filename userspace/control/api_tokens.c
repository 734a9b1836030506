/* SPDX-License-Identifier: GPL-2.0-only */
/* api_tokens.c - who may use the API over an address. A token itself is answered once. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/api_answer.h"
#include "control/api_body.h"
#include "control/api_change.h"
#include "control/api_router.h"
#include "control/api_time.h"
#include "control/api_world.h"
#include "control/auth.h"
#include "sys/clock.h"

static json_t *shown(const struct token_row *row)
{
	return json_pack("{s:s, s:o, s:o, s:s, s:o, s:o}", "id", row->id, "name",
	                 api_string(row->name), "email", api_string(row->email), "scope",
	                 row->scope, "added_by", api_string(row->added_by), "added_at",
	                 api_time(row->added_at));
}

static int tell(void *arg, const struct token_row *row)
{
	return json_array_append_new(arg, shown(row)) < 0 ? -ENOMEM : 0;
}

static void get_tokens(struct api_call *call)
{
	json_t *all = json_array();

	if (call->world->db && tokens_db_each(call->world->db, tell, all) < 0) {
		json_decref(all);
		api_fail(call, 500, API_CODE_INTERNAL, NULL, "the store cannot be read");
		return;
	}
	api_result(call, 200, all);
}

/* Return: false: it is no good, and that is the answer. */
static bool read_body(struct api_call *call, struct token_row *out)
{
	static const char *const keys[] = { "name", "scope", "email", NULL };
	const char *name;
	const char *scope;
	const char *email;

	if (!body_object(call, call->body, "", keys))
		return false;
	name = body_text(call, call->body, "", "name", TOKEN_NAME_MAX, true);
	scope = body_text(call, call->body, "", "scope", TOKEN_SCOPE_MAX, true);
	email = body_text(call, call->body, "", "email", TOKEN_EMAIL_MAX, false);
	if (scope && strcmp(scope, "read") != 0 && strcmp(scope, "write") != 0)
		api_fail(call, 400, API_CODE_INVALID, "/scope", "scope: read or write is wanted");
	if (call->status > 0)
		return false;
	(void)snprintf(out->name, sizeof(out->name), "%s", name);
	(void)snprintf(out->scope, sizeof(out->scope), "%s", scope);
	(void)snprintf(out->email, sizeof(out->email), "%s", email ? email : "");
	(void)snprintf(out->added_by, sizeof(out->added_by), "%s", call->who);
	out->added_at = clock_wall_ms() / 1000;
	return true;
}

static void refuse(struct api_call *call, int error)
{
	if (error == -EEXIST)
		api_fail(call, 409, API_CODE_INVALID, "/name", "name: there is one of that name");
	else if (error == -ENOSPC)
		api_fail(call, 400, API_CODE_INVALID, NULL, "there are %d tokens already",
		         TOKENS_MAX);
}

static void post_token(struct api_call *call)
{
	struct token_row row = { 0 };
	char token[AUTH_TOKEN_BYTES + 1] = "";
	json_t *result = NULL;
	int r;

	if (!read_body(call, &row) || !change_begin(call))
		return;
	r = auth_make(&row, token);
	if (r == 0) {
		r = tokens_db_add(call->world->db, &row);
		refuse(call, r);
	}
	if (r == 0) {
		result = shown(&row);
		r = change_note(call, NULL, result);
	}
	if (r == 0)
		r = change_commit(call);
	if (r < 0) {
		json_decref(result);
		change_undo(call, r);
	} else {
		(void)json_object_set_new(result, "token", json_string(token));
		api_result(call, 201, result);
	}
	explicit_bzero(token, sizeof(token));
}

static void delete_token(struct api_call *call)
{
	struct token_row row = { 0 };
	json_t *before = NULL;
	int r;

	if (!change_begin(call))
		return;
	r = tokens_db_find(call->world->db, call->args[0], &row);
	if (r == -ENOENT)
		api_fail(call, 404, API_CODE_NO_ROUTE, NULL, "no token of that id");
	if (r == 0)
		r = tokens_db_remove(call->world->db, row.id);
	if (r == 0) {
		before = shown(&row);
		r = change_note(call, before, NULL);
		json_decref(before);
	}
	if (r == 0)
		r = change_commit(call);
	if (r < 0)
		change_undo(call, r);
	else
		api_result(call, 200, json_pack("{s:s}", "id", row.id));
}

const struct api_route api_routes_tokens[] = {
	{ "GET", "/sluice/v1/tokens", API_OWNER, 0, get_tokens },
	{ "POST", "/sluice/v1/tokens", API_OWNER, API_BODY_BYTES, post_token },
	{ "DELETE", "/sluice/v1/tokens/{id}", API_OWNER, 0, delete_token },
	API_ROUTES_END,
};
