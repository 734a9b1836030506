/* SPDX-License-Identifier: GPL-2.0-only */
/* api_audit.c - who changed what, the newest first. */
#include <errno.h>

#include "control/api_answer.h"
#include "control/api_paging.h"
#include "control/api_router.h"
#include "control/api_time.h"
#include "control/api_world.h"
#include "store/audit_db.h"

enum { PER_PAGE_DEFAULT = 100, PER_PAGE_MAX = 1000 };

static json_t *value(const char *text)
{
	json_t *v = json_loads(text, JSON_DECODE_ANY, NULL);

	return v ? v : json_null();
}

static int tell(void *arg, const struct audit_row *row)
{
	json_t *one = json_pack("{s:I, s:o, s:o, s:o, s:o, s:o}", "id", (json_int_t)row->id, "at",
	                        api_time(row->at), "who", api_string(row->who), "what",
	                        api_string(row->what), "before", value(row->before), "after",
	                        value(row->after));

	return json_array_append_new(arg, one) < 0 ? -ENOMEM : 0;
}

static void get_audit(struct api_call *call)
{
	struct db *db = call->world->db;
	struct api_paging p = { .per_page = PER_PAGE_DEFAULT, .per_page_max = PER_PAGE_MAX };
	json_t *all;
	int64_t total;

	if (!api_paging_read(call, &p))
		return;
	all = json_array();
	total = db ? audit_db_count(db) : 0;
	if (db && total > 0)
		total = audit_db_each(db, (int64_t)p.skip, (int64_t)p.per_page, tell, all) < 0
		                ? -EIO
		                : total;
	if (total < 0) {
		json_decref(all);
		api_fail(call, 500, API_CODE_INTERNAL, NULL, "the store cannot be read");
		return;
	}
	api_paging_say(call, &p, json_array_size(all), (uint64_t)total);
	api_result(call, 200, all);
}

const struct api_route api_routes_audit[] = {
	{ "GET", "/sluice/v1/audit", API_READ, 0, get_audit },
	API_ROUTES_END,
};
