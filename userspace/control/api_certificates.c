/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * api_certificates.c - client CAs, as Cloudflare's API has its mTLS root certificates. Their
 * hostnames are the hosts that trust them, beside the CAs of the file. PEM goes in and never out.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/api_access.h"
#include "control/api_answer.h"
#include "control/api_body.h"
#include "control/api_change.h"
#include "control/api_etag.h"
#include "control/api_paging.h"
#include "control/api_router.h"
#include "control/api_time.h"
#include "control/api_world.h"
#include "store/certificates_db.h"
#include "sys/clock.h"
#include "tls/ca.h"
#include "tls/secret.h"

enum { PER_PAGE_DEFAULT = 20, PER_PAGE_MAX = 1000, UUID_BYTES = 37, CERTIFICATE_NAME_MAX = 350 };

#define INVALID "access.api.error.invalid_request: "

/* --- what is shown -------------------------------------------------------------------------- */

static int tell_hostname(void *arg, const char *hostname)
{
	return json_array_append_new(arg, json_string(hostname)) < 0 ? -ENOMEM : 0;
}

static json_t *shown(const struct certificate_row *row, json_t *hostnames)
{
	return json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:o}", "id", row->id, "name",
	                 api_string(row->name), "fingerprint", row->fingerprint,
	                 "associated_hostnames", hostnames, "expires_on", api_time(row->expires_at),
	                 "created_at", api_time(row->created_at), "updated_at",
	                 api_time(row->updated_at));
}

struct telling {
	struct db *db;
	json_t *all; /* an array */
};

static int tell(void *arg, const struct certificate_row *row)
{
	const struct telling *t = arg;
	json_t *hostnames = json_array();
	int r = certificates_db_hostnames(t->db, row->id, tell_hostname, hostnames);

	if (r < 0) {
		json_decref(hostnames);
		return r;
	}
	return json_array_append_new(t->all, shown(row, hostnames)) < 0 ? -ENOMEM : 0;
}

/* The one of the path, as it is. Return: NULL: it is not there, and that is the answer. */
static json_t *current(struct api_call *call, const struct access_scope *scope)
{
	struct telling t = { call->world->db, json_array() };
	json_t *one = NULL;
	int r = t.db ? certificates_db_find(t.db, scope->scope, call->args[1], tell, &t) : -ENOENT;

	if (r == -ENOENT)
		api_fail(call, 404, API_CODE_NO_ROUTE, NULL, "no certificate of that id");
	else if (r < 0)
		access_unreadable(call, r);
	else
		one = json_incref(json_array_get(t.all, 0));
	json_decref(t.all);
	return one;
}

static void get_certificates(struct api_call *call)
{
	struct api_paging p = { .per_page = PER_PAGE_DEFAULT, .per_page_max = PER_PAGE_MAX };
	struct telling t = { .db = call->world->db };
	struct access_scope scope;
	int64_t total = 0;

	if (!access_scope(call, &scope) || !api_paging_read(call, &p))
		return;
	t.all = json_array();
	if (t.db)
		total = certificates_db_count(t.db, scope.scope);
	if (t.db && total >= 0) {
		int r = certificates_db_each(t.db, scope.scope, (int64_t)p.skip,
		                             (int64_t)p.per_page, tell, &t);

		total = r < 0 ? r : total;
	}
	if (total < 0) {
		json_decref(t.all);
		access_unreadable(call, (int)total);
		return;
	}
	api_paging_say(call, &p, json_array_size(t.all), (uint64_t)total);
	api_result(call, 200, t.all);
}

static void get_certificate(struct api_call *call)
{
	struct access_scope scope;
	json_t *one;

	if (!access_scope(call, &scope))
		return;
	one = current(call, &scope);
	if (!one)
		return;
	api_etag(call, one);
	api_result(call, 200, one);
}

/* --- what comes in -------------------------------------------------------------------------- */

static bool has(const json_t *list, const char *name)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(json_string_value(json_array_get(list, i)), name) == 0)
			return true;
	return false;
}

/* associated_hostnames, normalised; none is none. What is wrong is the answer. Return: the caller's. */
static json_t *read_hostnames(struct api_call *call, const struct access_scope *scope)
{
	const json_t *list = json_object_get(call->body, "associated_hostnames");
	json_t *out = json_array();

	if (list && !json_is_null(list) &&
	    (!json_is_array(list) || json_array_size(list) > CERTIFICATE_HOSTNAMES_MAX))
		api_fail(call, 400, API_CODE_INVALID, "/associated_hostnames",
		         INVALID "associated_hostnames: a list of at most %d is wanted",
		         CERTIFICATE_HOSTNAMES_MAX);
	for (size_t i = 0; call->status == 0 && i < json_array_size(list); i++) {
		char pointer[API_POINTER_BYTES_MAX];
		char name[ZONE_NAME_BYTES_MAX];

		(void)snprintf(pointer, sizeof(pointer), "/associated_hostnames/%zu", i);
		if (!access_hostname(call, scope, json_array_get(list, i), pointer, name))
			continue;
		if (has(out, name))
			api_fail(call, 400, API_CODE_INVALID, pointer, INVALID "%s is there twice",
			         name);
		(void)json_array_append_new(out, json_string(name));
	}
	return out;
}

/* Return: false: it is no good, and that is the answer. */
static bool read_ca(struct api_call *call, struct ca_info *out)
{
	const json_t *v = json_object_get(call->body, "certificate");
	const char *why = "a text in PEM is wanted";
	int r = -EINVAL;

	if (json_is_string(v))
		r = ca_read(slice_of(json_string_value(v), json_string_length(v)), out, &why);
	if (r == -ENOMEM)
		api_fail(call, 500, API_CODE_INTERNAL, NULL, "not enough memory");
	else if (r < 0)
		api_fail(call, 400, API_CODE_INVALID, "/certificate", INVALID "certificate: %s",
		         v ? why : "missing");
	return r == 0;
}

/* RFC 9562 section 5.4. Return: 0; -EIO. */
static int new_uuid(char out[UUID_BYTES])
{
	uint8_t b[16];
	int r = secret_random(b, sizeof(b));
	size_t n = 0;

	b[6] = (uint8_t)(0x40 | (b[6] & 0x0f));
	b[8] = (uint8_t)(0x80 | (b[8] & 0x3f));
	for (size_t i = 0; i < sizeof(b); i++)
		n += (size_t)snprintf(out + n, UUID_BYTES - n, "%s%02x",
		                      i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", b[i]);
	return r;
}

static int attach(struct db *db, const char *id, const json_t *hostnames)
{
	int r = 0;

	for (size_t i = 0; i < json_array_size(hostnames) && r == 0; i++)
		r = certificates_db_attach(db, id, json_string_value(json_array_get(hostnames, i)));
	return r;
}

/* --- changes -------------------------------------------------------------------------------- */

/* As the store has it by now, within the change. Return: NULL: no memory, or worse. */
static json_t *after_change(struct api_call *call, const struct certificate_row *row)
{
	struct telling t = { call->world->db, json_array() };
	json_t *one = NULL;

	if (certificates_db_find(t.db, row->scope, row->id, tell, &t) == 0)
		one = json_incref(json_array_get(t.all, 0));
	json_decref(t.all);
	return one;
}

static int add(struct api_call *call, const struct certificate_row *row, const json_t *hostnames)
{
	struct db *db = call->world->db;
	int64_t have = certificates_db_count_account(db, row->account);
	int r;

	if (have >= CERTIFICATES_MAX) {
		api_fail(call, 400, API_CODE_INVALID, NULL,
		         INVALID "maximum number of certificates has been reached (%d)",
		         CERTIFICATES_MAX);
		return -ENOSPC;
	}
	r = have < 0 ? (int)have : certificates_db_add(db, row);
	if (r == -EEXIST)
		api_fail(call, 400, API_CODE_INVALID, "/certificate",
		         INVALID "certificate already exists");
	return r == 0 ? attach(db, row->id, hostnames) : r;
}

static void finish(struct api_call *call, unsigned int status, int r, const json_t *before,
                   json_t *after)
{
	if (r == 0)
		r = after ? change_note(call, before, after) : -ENOMEM;
	if (r < 0) {
		json_decref(after);
		change_undo(call, r);
		return;
	}
	api_etag(call, after);
	change_in_force(call, status, after);
}

static void create(struct api_call *call, const struct access_scope *scope, const char *name,
                   const struct ca_info *ca, const json_t *hostnames)
{
	int64_t now = clock_wall_ms() / 1000;
	char id[UUID_BYTES];
	struct certificate_row row = {
		.id = id,
		.scope = scope->scope,
		.account = scope->account,
		.name = name,
		.pem = ca->pem,
		.sha256 = ca->sha256,
		.fingerprint = ca->fingerprint,
		.expires_at = ca->expires_at,
		.created_at = now,
		.updated_at = now,
	};
	json_t *after = NULL;
	int r;

	if (!change_begin(call))
		return;
	r = new_uuid(id);
	if (r == 0)
		r = add(call, &row, hostnames);
	if (r == 0)
		after = after_change(call, &row);
	finish(call, 201, r, NULL, after);
}

static void post_certificate(struct api_call *call)
{
	static const char *const keys[] = { "name", "certificate", "associated_hostnames", NULL };
	struct access_scope scope;
	struct ca_info ca = { 0 };
	json_t *hostnames;
	const char *name;

	if (!access_scope(call, &scope) || !body_object(call, call->body, "", keys))
		return;
	name = body_text(call, call->body, "", "name", CERTIFICATE_NAME_MAX, true);
	hostnames = read_hostnames(call, &scope);
	if (read_ca(call, &ca) && call->status == 0)
		create(call, &scope, name, &ca, hostnames);
	json_decref(hostnames);
	free(ca.pem);
}

/* @before is borrowed. */
static void update(struct api_call *call, const struct access_scope *scope, const json_t *before)
{
	/* What clients send back of what they were shown is not looked at, but for the certificate. */
	static const char *const keys[] = { "name",        "associated_hostnames",
		                            "id",          "expires_on",
		                            "fingerprint", "created_at",
		                            "updated_at",  NULL };
	const struct certificate_row row = { .id = call->args[1], .scope = scope->scope };
	struct db *db = call->world->db;
	json_t *hostnames;
	json_t *after = NULL;
	const char *name;
	int r;

	if (!call->body)
		call->body = json_object();
	if (!body_object(call, call->body, "", keys))
		return;
	name = body_text(call, call->body, "", "name", CERTIFICATE_NAME_MAX, false);
	hostnames = read_hostnames(call, scope);
	if (call->status > 0 || !change_begin(call)) {
		json_decref(hostnames);
		return;
	}
	r = certificates_db_detach_all(db, row.id);
	if (r == 0)
		r = attach(db, row.id, hostnames);
	if (r == 0)
		r = certificates_db_update(db, row.id, name, clock_wall_ms() / 1000);
	if (r == 0)
		after = after_change(call, &row);
	finish(call, 200, r, before, after);
	json_decref(hostnames);
}

static void put_certificate(struct api_call *call)
{
	struct access_scope scope;
	json_t *before;

	if (!access_scope(call, &scope))
		return;
	before = current(call, &scope);
	if (before && api_etag_check(call, before))
		update(call, &scope, before);
	json_decref(before);
}

static void take_away(struct api_call *call, const json_t *before)
{
	int r;

	if (json_array_size(json_object_get(before, "associated_hostnames")) > 0) {
		api_fail(call, 400, API_CODE_INVALID, NULL,
		         INVALID "its associated_hostnames must be removed first");
		return;
	}
	if (!change_begin(call))
		return;
	r = certificates_db_remove(call->world->db, call->args[1]);
	if (r == 0)
		r = change_note(call, before, NULL);
	if (r < 0)
		change_undo(call, r);
	else
		change_in_force(call, 200, json_pack("{s:s}", "id", call->args[1]));
}

static void delete_certificate(struct api_call *call)
{
	struct access_scope scope;
	json_t *before;

	if (!access_scope(call, &scope))
		return;
	before = current(call, &scope);
	if (before && api_etag_check(call, before))
		take_away(call, before);
	json_decref(before);
}

#define ZONE_CERTIFICATES    "/client/v4/zones/{zone}/access/certificates"
#define ACCOUNT_CERTIFICATES "/client/v4/accounts/{account}/access/certificates"

const struct api_route api_routes_certificates[] = {
	{ "GET", ZONE_CERTIFICATES, API_READ, 0, get_certificates },
	{ "POST", ZONE_CERTIFICATES, API_WRITE, 8 * API_BODY_BYTES, post_certificate },
	{ "GET", ZONE_CERTIFICATES "/{id}", API_READ, 0, get_certificate },
	{ "PUT", ZONE_CERTIFICATES "/{id}", API_WRITE, 8 * API_BODY_BYTES, put_certificate },
	{ "DELETE", ZONE_CERTIFICATES "/{id}", API_WRITE, 0, delete_certificate },
	{ "GET", ACCOUNT_CERTIFICATES, API_READ, 0, get_certificates },
	{ "POST", ACCOUNT_CERTIFICATES, API_WRITE, 8 * API_BODY_BYTES, post_certificate },
	{ "GET", ACCOUNT_CERTIFICATES "/{id}", API_READ, 0, get_certificate },
	{ "PUT", ACCOUNT_CERTIFICATES "/{id}", API_WRITE, 8 * API_BODY_BYTES, put_certificate },
	{ "DELETE", ACCOUNT_CERTIFICATES "/{id}", API_WRITE, 0, delete_certificate },
	API_ROUTES_END,
};
