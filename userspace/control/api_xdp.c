/* SPDX-License-Identifier: GPL-2.0-only */
/* api_xdp.c - what XDP has counted and remembers. */
#include <errno.h>
#include <string.h>

#include "control/api_answer.h"
#include "control/api_paging.h"
#include "control/api_router.h"
#include "control/api_world.h"
#include "control/steering.h"
#include "sys/addr.h"
#include "sys/xdp_read.h"

enum { PER_PAGE_DEFAULT = 1000, PER_PAGE_MAX = 10000 };

/* Return: NULL, and the answer is that there is none. */
static const struct xdp_table *table(struct api_call *call)
{
	const struct steering *s = call->world->steering;

	if (s && s->is_on)
		return &s->table;
	api_fail(call, 404, API_CODE_NO_ROUTE, NULL, "XDP is not on: see xdp.interfaces");
	return NULL;
}

static void unreadable(struct api_call *call, int error)
{
	api_fail(call, 500, API_CODE_INTERNAL, NULL, "the maps cannot be read: %s",
	         strerror(-error));
}

typedef const char *name_of(size_t index);

static json_t *named(const uint64_t *counts, name_of *name)
{
	json_t *all = json_object();

	for (size_t i = 0; name(i); i++)
		(void)json_object_set_new(all, name(i), json_integer((json_int_t)counts[i]));
	return all;
}

static void get_counters(struct api_call *call)
{
	const struct xdp_table *t = table(call);
	uint64_t segments[XDP_REASONS_MAX] = { 0 };
	uint64_t choices[XDP_CHOICES_MAX] = { 0 };
	int r;

	if (!t)
		return;
	r = xdp_read_segments(t, segments);
	if (r == 0)
		r = xdp_read_choices(t, choices);
	if (r < 0)
		unreadable(call, r);
	else
		api_result(call, 200,
		           json_pack("{s:i, s:b, s:o, s:o}", "tcp_syncookies",
		                     call->world->steering->cookies, "all_names_admitted",
		                     call->world->steering->is_open, "segments",
		                     named(segments, xdp_reason), "connections",
		                     named(choices, xdp_choice)));
}

static void get_hosts(struct api_call *call)
{
	const struct xdp_table *t = table(call);
	const struct snapshot *s = call->world->snapshot;
	struct api_paging p = { .per_page = PER_PAGE_DEFAULT, .per_page_max = PER_PAGE_MAX };
	size_t len = s ? s->hosts_len : 0;
	json_t *all;

	if (!t || !api_paging_read(call, &p))
		return;
	all = json_array();
	for (uint64_t i = p.skip; i < len && i < p.skip + p.per_page; i++) {
		uint32_t id = steering_id(call->world->steering, s->hosts[i].names[0]);
		uint64_t counts[2] = { 0 };

		if (id < XDP_HOSTS_MAX && xdp_read_host(t, id, counts) == 0)
			(void)json_array_append_new(all, json_pack("{s:o, s:I, s:I, s:I}", "name",
			                                           api_string(s->hosts[i].names[0]),
			                                           "id", (json_int_t)id, "admitted",
			                                           (json_int_t)counts[0], "limited",
			                                           (json_int_t)counts[1]));
	}
	api_paging_say(call, &p, json_array_size(all), len);
	api_result(call, 200, all);
}

/* One page of them. */
struct flows {
	const struct api_paging *paging;
	uint64_t now_ms;
	uint64_t seen;
	json_t *rows;
};

static json_t *address(const uint8_t ip[16], uint16_t port)
{
	char text[ADDR_TEXT_MAX];
	struct sink s = sink_of(text, sizeof(text));

	addr_put_mapped(ip, port, &s);
	return json_stringn(text, s.len);
}

static int put_flow(void *arg, const struct xdp_flow *f)
{
	struct flows *flows = arg;
	uint64_t at = flows->seen++;
	uint64_t since_ms = f->since_ns / 1000000;
	uint64_t age_ms = flows->now_ms > since_ms ? flows->now_ms - since_ms : 0;
	json_t *worker = f->worker == XDP_WORKER_NONE ? json_null() : json_integer(f->worker);

	if (at < flows->paging->skip || at >= flows->paging->skip + flows->paging->per_page) {
		json_decref(worker);
		return 0;
	}
	return json_array_append_new(flows->rows,
	                             json_pack("{s:o, s:o, s:o, s:s, s:o, s:I}", "peer",
	                                       address(f->peer_ip, f->peer_port), "local",
	                                       address(f->ip, f->port), "name", api_string(f->name),
	                                       "state", f->state, "worker", worker, "age_ms",
	                                       (json_int_t)age_ms)) < 0
	               ? -ENOMEM
	               : 0;
}

static void get_flows(struct api_call *call)
{
	const struct xdp_table *t = table(call);
	struct api_paging p = { .per_page = PER_PAGE_DEFAULT, .per_page_max = PER_PAGE_MAX };
	struct flows flows = { .paging = &p, .now_ms = call->world->now_ms };
	int r;

	if (!t || !api_paging_read(call, &p))
		return;
	flows.rows = json_array();
	r = xdp_read_flows(t, put_flow, &flows);
	if (r < 0) {
		json_decref(flows.rows);
		unreadable(call, r);
		return;
	}
	api_paging_say(call, &p, json_array_size(flows.rows), flows.seen);
	api_result(call, 200, flows.rows);
}

const struct api_route api_routes_xdp[] = {
	{ "GET", "/sluice/v1/xdp/counters", API_READ, 0, get_counters },
	{ "GET", "/sluice/v1/xdp/hosts", API_READ, 0, get_hosts },
	{ "GET", "/sluice/v1/xdp/flows", API_READ, 0, get_flows },
	API_ROUTES_END,
};
