/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * api_managed.c - Cloudflare's Managed Transforms, as far as there are any here: the headers
 * of the dialect cloudflare-managed, for all hosts of a zone.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/api_access.h"
#include "control/api_answer.h"
#include "control/api_body.h"
#include "control/api_change.h"
#include "control/api_etag.h"
#include "control/api_router.h"
#include "control/api_world.h"
#include "proto/dialect.h"
#include "store/zones_db.h"

static const char *const managed = "add_client_certificate_headers";

/* A host of the file that sends them without being told, by one of its names in the zone. */
static const char *told_by_file(const struct api_world *w, const struct overlay_zone *zone)
{
	size_t len = w->snapshot ? snapshot_configured(w->snapshot) : 0;

	for (size_t i = 0; i < len; i++) {
		const struct snapshot_host *h = &w->snapshot->hosts[i];

		if (!(h->dialects & 1U << DIALECT_CLOUDFLARE_MANAGED))
			continue;
		for (size_t n = 0; n < h->names_len; n++)
			if (overlay_zone_of(w->overlay, h->names[n]) == zone)
				return h->names[n];
	}
	return NULL;
}

static json_t *shown(bool is_enabled)
{
	return json_pack("{s:[{s:s, s:b, s:b}], s:[]}", "managed_request_headers", "id", managed,
	                 "enabled", is_enabled, "has_conflict", 0, "managed_response_headers");
}

/* Return: the zone of the path; NULL: there is none, and that is the answer. */
static const struct overlay_zone *zone_of(struct api_call *call)
{
	struct access_scope scope;

	if (!access_scope(call, &scope))
		return NULL;
	return overlay_zone(call->world->overlay, scope.scope + strlen("zones/"));
}

static bool is_enabled(const struct api_world *w, const struct overlay_zone *zone)
{
	return zone->is_managed || told_by_file(w, zone);
}

static void get_managed(struct api_call *call)
{
	const struct overlay_zone *zone = zone_of(call);
	json_t *all;

	if (!zone)
		return;
	all = shown(is_enabled(call->world, zone));
	if (all)
		api_etag(call, all);
	api_result(call, 200, all);
}

static void change(struct api_call *call, const struct overlay_zone *zone, bool is_wanted,
                   const char *pointer)
{
	const char *host = told_by_file(call->world, zone);
	json_t *before = shown(is_enabled(call->world, zone));
	json_t *after = NULL;
	int r;

	if (!is_wanted && host)
		api_fail(call, 400, API_CODE_INVALID, pointer,
		         "%s has the dialect cloudflare-managed in the configuration file: it is "
		         "changed there",
		         host);
	if (call->status > 0 || !before || !api_etag_check(call, before) || !change_begin(call)) {
		json_decref(before);
		if (call->status == 0)
			api_result(call, 200, NULL);
		return;
	}
	r = zones_db_manage(call->world->db, zone->id, is_wanted);
	if (r == 0) {
		after = shown(is_wanted);
		r = change_note(call, before, after);
	}
	json_decref(before);
	if (r < 0) {
		json_decref(after);
		change_undo(call, r);
		return;
	}
	change_in_force(call, 200, after);
}

/* One of a list, which may have an id that is not known here only if it is not enabled. */
static void read_one(struct api_call *call, const json_t *list, const char *at, int *wanted)
{
	static const char *const keys[] = { "id", "enabled", "has_conflict", "conflicts_with",
		                            NULL };

	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *one = json_array_get(list, i);
		char pointer[API_POINTER_BYTES_MAX];
		const char *id;
		bool is_on;

		(void)snprintf(pointer, sizeof(pointer), "%s/%zu", at, i);
		if (!body_object(call, one, pointer, keys))
			continue;
		id = body_text(call, one, pointer, "id", API_ARG_BYTES_MAX, true);
		is_on = body_bool(call, one, pointer, "enabled");
		if (!id)
			continue;
		if (wanted && strcmp(id, managed) == 0) {
			*wanted = is_on;
			continue;
		}
		(void)snprintf(pointer, sizeof(pointer), "%s/%zu/id", at, i);
		if (is_on)
			api_fail(call, 400, API_CODE_INVALID, pointer,
			         "%.64s: there is no such managed transform here", id);
	}
}

static void patch_managed(struct api_call *call)
{
	static const char *const keys[] = { "managed_request_headers", "managed_response_headers",
		                            NULL };
	const struct overlay_zone *zone = zone_of(call);
	int wanted = -1;

	if (!zone || !body_object(call, call->body, "", keys))
		return;
	for (size_t i = 0; keys[i]; i++) {
		const json_t *list = json_object_get(call->body, keys[i]);
		char at[API_POINTER_BYTES_MAX / 2];

		(void)snprintf(at, sizeof(at), "/%s", keys[i]);
		if (list && !json_is_array(list))
			api_fail(call, 400, API_CODE_INVALID, at, "%s: a list is wanted", keys[i]);
		else
			read_one(call, list, at, i == 0 ? &wanted : NULL);
	}
	if (call->status > 0)
		return;
	if (wanted < 0)
		api_result(call, 200, shown(is_enabled(call->world, zone)));
	else
		change(call, zone, wanted > 0, "/managed_request_headers");
}

static void delete_managed(struct api_call *call)
{
	const struct overlay_zone *zone = zone_of(call);

	if (zone)
		change(call, zone, false, NULL);
}

const struct api_route api_routes_managed[] = {
	{ "GET", "/client/v4/zones/{zone}/managed_headers", API_READ, 0, get_managed },
	{ "PATCH", "/client/v4/zones/{zone}/managed_headers", API_WRITE, API_BODY_BYTES,
	  patch_managed },
	{ "DELETE", "/client/v4/zones/{zone}/managed_headers", API_WRITE, 0, delete_managed },
	API_ROUTES_END,
};
