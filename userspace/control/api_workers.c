/* SPDX-License-Identifier: GPL-2.0-only */
/* api_workers.c - what each worker has counted. */
#include "control/api_answer.h"
#include "control/api_router.h"
#include "control/api_world.h"

static json_t *worker(const struct worker_stats *s, uint32_t id)
{
	json_t *counters = json_object();

#define X(name, help)                                                                              \
	(void)json_object_set_new(counters, #name, json_integer((json_int_t)stats_read(&s->name)));
	WORKER_STATS(X)
#undef X
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "id", (json_int_t)id, "pid",
	                 (json_int_t)stats_read(&s->pid), "starts",
	                 (json_int_t)stats_read(&s->generation), "snapshot_version",
	                 (json_int_t)stats_read(&s->snapshot_version), "connections",
	                 (json_int_t)stats_read(&s->conns_open), "requests",
	                 (json_int_t)stats_read(&s->requests), "counters", counters);
}

static void get_workers(struct api_call *call)
{
	const struct api_world *w = call->world;
	json_t *all = json_array();

	for (uint32_t i = 0; i < w->workers_len; i++)
		if (w->stats[i])
			(void)json_array_append_new(all, worker(w->stats[i], i));
	api_result(call, 200, all);
}

const struct api_route api_routes_workers[] = {
	{ "GET", "/sluice/v1/workers", API_READ, 0, get_workers },
	API_ROUTES_END,
};
