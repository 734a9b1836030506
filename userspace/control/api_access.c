/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/api_access.h"

#include <stdio.h>
#include <string.h>

#include "control/api_answer.h"
#include "control/api_router.h"
#include "control/api_world.h"
#include "control/overlay_load.h"

static bool has_account(const struct overlay *o, const char *account)
{
	for (size_t i = 0; i < o->zones_len; i++)
		if (strcmp(o->zones[i].account, account) == 0)
			return true;
	return false;
}

bool access_scope(struct api_call *call, struct access_scope *out)
{
	const struct overlay *o = call->world->overlay;
	const char *of_zone = "/client/v4/zones/";
	bool is_zone = strncmp(call->route->path, of_zone, strlen(of_zone)) == 0;
	const struct overlay_zone *zone;
	char id[SNAPSHOT_ID_BYTES + 1];
	bool is_there = false;

	if (zone_id(call->args[0], id) && is_zone) {
		zone = overlay_zone(o, id);
		is_there = zone != NULL;
		(void)snprintf(out->account, sizeof(out->account), "%s", zone ? zone->account : "");
	} else if (zone_id(call->args[0], id)) {
		is_there = has_account(o, id);
		(void)snprintf(out->account, sizeof(out->account), "%s", id);
	}
	if (is_there)
		(void)snprintf(out->scope, sizeof(out->scope), "%s/%s",
		               is_zone ? "zones" : "accounts", id);
	else
		api_fail(call, 404, API_CODE_NO_ROUTE, NULL,
		         "Could not route to %s, perhaps your object identifier is invalid?",
		         is_zone ? "a zone of that id" : "an account of that id");
	return is_there;
}

bool access_hostname(struct api_call *call, const struct access_scope *scope, const json_t *value,
                     const char *pointer, char out[ZONE_NAME_BYTES_MAX])
{
	const char *text = json_string_value(value);

	if (!text || strlen(text) != json_string_length(value) || !zone_hostname(text, out)) {
		api_fail(call, 400, API_CODE_INVALID, pointer,
		         "access.api.error.invalid_request: a hostname, or *.hostname, is wanted");
		return false;
	}
	if (overlay_owns(call->world->overlay, scope->scope, out))
		return true;
	api_fail(call, 400, API_CODE_HOSTNAME, pointer,
	         "access.api.error.hostnames_must_belong_to_your_domain: %s", out);
	return false;
}

void access_unreadable(struct api_call *call, int error)
{
	api_fail(call, 500, API_CODE_INTERNAL, NULL, "the store cannot be read: %s",
	         strerror(-error));
}
