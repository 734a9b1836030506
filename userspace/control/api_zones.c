/* SPDX-License-Identifier: GPL-2.0-only */
/* api_zones.c - domains, and whose they are: of the file, or told here. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/api_answer.h"
#include "control/api_body.h"
#include "control/api_change.h"
#include "control/api_router.h"
#include "control/api_world.h"
#include "control/zone_words.h"
#include "store/certificates_db.h"
#include "store/settings_db.h"
#include "store/zones_db.h"

static json_t *shown(const struct overlay_zone *z)
{
	return json_pack("{s:s, s:s, s:s, s:s}", "id", z->id, "name", z->name, "account",
	                 z->account, "source", z->is_file ? "file" : "api");
}

static void get_zones(struct api_call *call)
{
	const struct overlay *o = call->world->overlay;
	json_t *all = json_array();

	for (size_t i = 0; i < o->zones_len; i++)
		(void)json_array_append_new(all, shown(&o->zones[i]));
	api_result(call, 200, all);
}

struct zone_text {
	char id[SNAPSHOT_ID_BYTES + 1];
	char account[SNAPSHOT_ID_BYTES + 1];
	char name[ZONE_NAME_BYTES_MAX];
};

/* Return: false: it is no good, and that is the answer. */
static bool read_body(struct api_call *call, struct zone_text *out)
{
	static const char *const keys[] = { "id", "name", "account", NULL };
	const char *id;
	const char *name;
	const char *account;

	if (!body_object(call, call->body, "", keys))
		return false;
	id = body_text(call, call->body, "", "id", HOST_NAME_MAX_BYTES, true);
	account = body_text(call, call->body, "", "account", HOST_NAME_MAX_BYTES, true);
	name = body_text(call, call->body, "", "name", HOST_NAME_MAX_BYTES, true);
	if (id && !zone_id(id, out->id))
		api_fail(call, 400, API_CODE_INVALID, "/id", "id: " ZONE_ID_WANTED);
	if (account && !zone_id(account, out->account))
		api_fail(call, 400, API_CODE_INVALID, "/account", "account: " ZONE_ID_WANTED);
	if (name && !zone_name(name, out->name))
		api_fail(call, 400, API_CODE_INVALID, "/name", "name: " ZONE_NAME_WANTED);
	return call->status == 0;
}

static bool is_new(struct api_call *call, const struct zone_text *z)
{
	const struct overlay *o = call->world->overlay;

	for (size_t i = 0; i < o->zones_len; i++) {
		const struct overlay_zone *other = &o->zones[i];
		const char *key = strcmp(other->id, z->id) == 0       ? "id"
		                  : strcmp(other->name, z->name) == 0 ? "name"
		                                                      : NULL;
		char pointer[16];

		if (!key)
			continue;
		(void)snprintf(pointer, sizeof(pointer), "/%s", key);
		api_fail(call, 400, API_CODE_INVALID, pointer, "%s: zone %s has it", key,
		         other->id);
		return false;
	}
	return true;
}

static void post_zone(struct api_call *call)
{
	struct zone_text z = { 0 };
	json_t *after = NULL;
	int r;

	if (!read_body(call, &z) || !is_new(call, &z) || !change_begin(call))
		return;
	r = zones_db_add(call->world->db, &(struct zone_row){ z.id, z.name, z.account });
	if (r == -ENOSPC)
		api_fail(call, 400, API_CODE_INVALID, NULL, "there are %d zones already",
		         ZONES_DB_MAX);
	if (r == -EEXIST) /* one that the file hides */
		api_fail(call, 400, API_CODE_INVALID, NULL, "there is such a zone");
	if (r == 0) {
		after = json_pack("{s:s, s:s, s:s, s:s}", "id", z.id, "name", z.name, "account",
		                  z.account, "source", "api");
		r = change_note(call, NULL, after);
	}
	if (r < 0) {
		json_decref(after);
		change_undo(call, r);
		return;
	}
	change_in_force(call, 201, after);
}

/* Return: 1 nothing hangs on it; 0 something does; -errno. */
static int is_free(struct api_call *call, const char *id)
{
	char scope[SNAPSHOT_ID_BYTES + 8];
	int64_t certificates;
	int64_t settings;

	(void)snprintf(scope, sizeof(scope), "zones/%s", id);
	certificates = certificates_db_count(call->world->db, scope);
	settings = settings_db_count(call->world->db, scope);
	if (certificates < 0 || settings < 0)
		return -EIO;
	return certificates == 0 && settings == 0;
}

static void delete_zone(struct api_call *call)
{
	const struct overlay_zone *zone = NULL;
	char id[SNAPSHOT_ID_BYTES + 1];
	json_t *before;
	int r;

	if (zone_id(call->args[0], id))
		zone = overlay_zone(call->world->overlay, id);
	if (!zone) {
		api_fail(call, 404, API_CODE_NO_ROUTE, NULL, "no zone of that id");
		return;
	}
	if (zone->is_file) {
		api_fail(
			call, 400, API_CODE_INVALID, NULL,
			"zone %s is declared in the configuration file (zones): it is changed there",
			zone->name);
		return;
	}
	if (!change_begin(call))
		return;
	r = is_free(call, id);
	if (r == 0)
		api_fail(call, 400, API_CODE_INVALID, NULL,
		         "its certificates and hostname settings must go first");
	before = shown(zone);
	if (r == 1)
		r = change_note(call, before, NULL);
	else
		r = r < 0 ? r : -EBUSY;
	json_decref(before);
	if (r == 0)
		r = zones_db_remove(call->world->db, id);
	if (r < 0)
		change_undo(call, r);
	else
		change_in_force(call, 200, json_pack("{s:s}", "id", id));
}

const struct api_route api_routes_zones[] = {
	{ "GET", "/sluice/v1/zones", API_READ, 0, get_zones },
	{ "POST", "/sluice/v1/zones", API_WRITE, API_BODY_BYTES, post_zone },
	{ "DELETE", "/sluice/v1/zones/{id}", API_WRITE, 0, delete_zone },
	API_ROUTES_END,
};
