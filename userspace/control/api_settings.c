/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * api_settings.c - hostname settings, as Cloudflare's API has them: the whole list at once.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/api_access.h"
#include "control/api_answer.h"
#include "control/api_body.h"
#include "control/api_change.h"
#include "control/api_etag.h"
#include "control/api_router.h"
#include "control/api_world.h"
#include "store/name_index.h"
#include "store/settings_db.h"

static json_t *shown(const struct setting_row *row)
{
	return json_pack("{s:b, s:b, s:s}", "china_network", row->china_network,
	                 "client_certificate_forwarding", row->forwarding, "hostname",
	                 row->hostname);
}

static int tell(void *arg, const struct setting_row *row)
{
	return json_array_append_new(arg, shown(row)) < 0 ? -ENOMEM : 0;
}

/* The list as it is. Return: NULL: it cannot be read, and that is the answer. */
static json_t *current(struct api_call *call, const struct access_scope *scope)
{
	json_t *all = json_array();
	int r = all ? 0 : -ENOMEM;

	if (r == 0 && call->world->db)
		r = settings_db_each(call->world->db, scope->scope, tell, all);
	if (r == 0)
		return all;
	json_decref(all);
	access_unreadable(call, r);
	return NULL;
}

static void get_settings(struct api_call *call)
{
	struct access_scope scope;
	json_t *all;

	if (!access_scope(call, &scope))
		return;
	all = current(call, &scope);
	if (!all)
		return;
	api_etag(call, all);
	api_result(call, 200, all);
}

/* A list on its way in. */
struct reading {
	struct api_call *call;
	struct access_scope scope;
	struct name_index *index; /* of the file's hosts */
	json_t *out;              /* as it will be shown */
};

/* What the file says in so many words is not contradicted. */
static void check_file(const struct reading *r, const char *hostname, const char *at, bool forward)
{
	const struct snapshot *s = r->call->world->snapshot;
	const struct snapshot_host *h;
	char pointer[API_POINTER_BYTES_MAX];
	size_t host = 0;

	if (!r->index || name_index_find(r->index, hostname, &host) == NAME_BY_NOBODY)
		return;
	h = &s->hosts[host];
	if (!h->is_forwarding_fixed || (h->der_header && h->sha256_header) == forward)
		return;
	(void)snprintf(pointer, sizeof(pointer), "%s/client_certificate_forwarding", at);
	api_fail(r->call, 400, API_CODE_INVALID, pointer,
	         "access.api.error.invalid_request: hosts[%zu] (%s) has identity.der_header or "
	         "identity.sha256_header in the configuration file: it is changed there",
	         host, h->names[0]);
}

static void read_one(struct reading *r, json_t *value, size_t index)
{
	static const char *const keys[] = { "hostname", "china_network",
		                            "client_certificate_forwarding", NULL };
	struct setting_row row;
	char name[ZONE_NAME_BYTES_MAX];
	char at[API_POINTER_BYTES_MAX / 2];
	char pointer[API_POINTER_BYTES_MAX];

	(void)snprintf(at, sizeof(at), "/settings/%zu", index);
	if (!body_object(r->call, value, at, keys))
		return;
	row.china_network = body_bool(r->call, value, at, "china_network");
	row.forwarding = body_bool(r->call, value, at, "client_certificate_forwarding");
	(void)snprintf(pointer, sizeof(pointer), "%s/hostname", at);
	if (!access_hostname(r->call, &r->scope, json_object_get(value, "hostname"), pointer, name))
		return;
	row.hostname = name;
	check_file(r, name, at, row.forwarding);
	(void)json_array_append_new(r->out, shown(&row));
}

static void say_twice(struct api_call *call, const json_t *list, size_t at)
{
	const char *name = json_string_value(json_object_get(json_array_get(list, at), "hostname"));
	char pointer[API_POINTER_BYTES_MAX];

	(void)snprintf(pointer, sizeof(pointer), "/settings/%zu/hostname", at);
	api_fail(call, 400, API_CODE_INVALID, pointer,
	         "access.api.error.invalid_request: %s is there twice", name);
}

/* Return: false: there are mistakes, and they are the answer. */
static bool read_body(struct reading *r)
{
	static const char *const keys[] = { "settings", NULL };
	struct api_call *call = r->call;
	const json_t *list;

	if (!call->body)
		call->body = json_object();
	if (!body_object(call, call->body, "", keys))
		return false;
	list = json_object_get(call->body, "settings");
	if (list && !json_is_array(list))
		api_fail(call, 400, API_CODE_INVALID, "/settings",
		         "access.api.error.invalid_request: settings: a list is wanted");
	else if (json_array_size(list) > SETTINGS_MAX)
		api_fail(call, 400, API_CODE_INVALID, "/settings",
		         "access.api.error.invalid_request: settings: more than %d", SETTINGS_MAX);
	for (size_t i = 0; call->status == 0 && i < json_array_size(list); i++)
		read_one(r, json_array_get(list, i), i);
	return call->status == 0;
}

/* Return: 0; -EEXIST, and that is the answer; -errno. */
static int store(struct api_call *call, const struct access_scope *scope, const json_t *list)
{
	struct db *db = call->world->db;
	int r = settings_db_clear(db, scope->scope);

	for (size_t i = 0; i < json_array_size(list) && r == 0; i++) {
		const json_t *one = json_array_get(list, i);
		const struct setting_row row = {
			.hostname = json_string_value(json_object_get(one, "hostname")),
			.china_network = json_is_true(json_object_get(one, "china_network")),
			.forwarding =
				json_is_true(json_object_get(one, "client_certificate_forwarding")),
		};

		r = settings_db_add(db, scope->scope, (int64_t)i, &row);
		if (r == -EEXIST)
			say_twice(call, list, i);
	}
	return r;
}

/* @list is taken. */
static void replace(struct api_call *call, const struct access_scope *scope, json_t *list)
{
	json_t *before = current(call, scope);
	int r;

	if (!before || !api_etag_check(call, before) || !change_begin(call)) {
		json_decref(before);
		json_decref(list);
		return;
	}
	r = store(call, scope, list);
	if (r == 0)
		r = change_note(call, before, list);
	json_decref(before);
	if (r < 0) {
		json_decref(list);
		change_undo(call, r);
		return;
	}
	api_etag(call, list);
	change_in_force(call, 200, list);
}

static void put_settings(struct api_call *call)
{
	struct reading r = { .call = call };
	bool is_good;

	if (!access_scope(call, &r.scope))
		return;
	r.out = json_array();
	r.index = call->world->snapshot ? name_index_new(call->world->snapshot) : NULL;
	is_good = read_body(&r);
	name_index_free(r.index);
	if (is_good)
		replace(call, &r.scope, r.out);
	else
		json_decref(r.out);
}

#define SETTINGS "/access/certificates/settings"

const struct api_route api_routes_settings[] = {
	{ "GET", "/client/v4/zones/{zone}" SETTINGS, API_READ, 0, get_settings },
	{ "PUT", "/client/v4/zones/{zone}" SETTINGS, API_WRITE, API_BODY_BYTES_MAX, put_settings },
	{ "GET", "/client/v4/accounts/{account}" SETTINGS, API_READ, 0, get_settings },
	{ "PUT", "/client/v4/accounts/{account}" SETTINGS, API_WRITE, API_BODY_BYTES_MAX,
	  put_settings },
	API_ROUTES_END,
};
