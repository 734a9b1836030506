/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * api_connections.c - who is connected, from the rows that workers keep (sys/conns.h); nobody
 * is asked. A page ends after so many rows that are told, or so many that were looked at, and
 * its cursor says where to go on: what comes and goes meanwhile is told or not, but never twice
 * from one slot.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "control/api_answer.h"
#include "control/api_router.h"
#include "control/api_world.h"
#include "proto/revoked.h"
#include "sys/addr.h"
#include "sys/conns.h"

enum {
	LIMIT_DEFAULT = 100,
	LIMIT_MAX = 1000,
	LOOKED_AT_MAX = 65536, /* rows in one request, told or not */
	CURSOR_MAX = 32,
};

/* Where a walk is, and what it looks for. */
struct walk {
	uint32_t worker, slot;
	uint32_t worker_end;
	const char *host;        /* NULL: any */
	const char *fingerprint; /* as it was written; NULL: any */
	uint8_t sha256[REVOKED_KEY_BYTES];
	uint64_t limit;
	uint64_t now_ns;
};

/* --- the query ----------------------------------------------------------------------------- */

static bool number(struct api_call *call, const char *name, uint64_t min, uint64_t max,
                   uint64_t *out)
{
	const char *word = api_query(call, name);
	uint64_t v = 0;

	if (!word)
		return true;
	if (text_parse_u64(slice_of(word, strlen(word)), &v) == 0 && v >= min && v <= max) {
		*out = v;
		return true;
	}
	api_fail(call, 400, API_CODE_INVALID, NULL, "%s: not a number within %llu to %llu", name,
	         (unsigned long long)min, (unsigned long long)max);
	return false;
}

static bool read_worker(struct api_call *call, struct walk *w)
{
	uint64_t one = WORKERS_MAX;

	w->worker_end = call->world->workers_len;
	if (w->worker_end == 0)
		return true;
	if (!number(call, "worker", 0, w->worker_end - 1, &one))
		return false;
	if (one < WORKERS_MAX) {
		w->worker = (uint32_t)one;
		w->worker_end = w->worker + 1;
	}
	return true;
}

static bool read_fingerprint(struct api_call *call, struct walk *w)
{
	w->fingerprint = api_query(call, "fingerprint");
	if (!w->fingerprint ||
	    revoked_fingerprint(slice_of(w->fingerprint, strlen(w->fingerprint)), w->sha256) == 0)
		return true;
	api_fail(call, 400, API_CODE_INVALID, NULL, "fingerprint: not 64 hexadecimal digits");
	return false;
}

/* "WORKER-SLOT", where an earlier page ended. */
static bool read_cursor(struct api_call *call, struct walk *w)
{
	const char *word = api_query(call, "cursor");
	size_t split = word ? strcspn(word, "-") : 0;
	uint64_t worker = 0;
	uint64_t slot = 0;

	if (!word)
		return true;
	if (word[split] == '-' && text_parse_u64(slice_of(word, split), &worker) == 0 &&
	    text_parse_u64(slice_of(word + split + 1, strlen(word) - split - 1), &slot) == 0 &&
	    worker >= w->worker && worker < w->worker_end && slot < CONNS_SLOTS_MAX) {
		w->worker = (uint32_t)worker;
		w->slot = (uint32_t)slot;
		return true;
	}
	api_fail(call, 400, API_CODE_INVALID, NULL, "cursor: not one of an earlier page");
	return false;
}

/* --- a row --------------------------------------------------------------------------------- */

/* A host that is too long for a row ends there in "...": that is what can be compared. */
static bool is_host(struct slice host, const char *wanted)
{
	static const char cut[] = "...";
	struct slice want = slice_of(wanted, strlen(wanted));

	if (want.len <= CONN_HOST_MAX)
		return text_eq_nocase(host, want);
	return host.len == CONN_HOST_MAX &&
	       text_eq_nocase(slice_sub(host, 0, CONN_HOST_MAX - strlen(cut)),
	                      slice_sub(want, 0, CONN_HOST_MAX - strlen(cut)));
}

static bool is_wanted(const struct walk *w, const struct conn_seen *seen)
{
	if (w->host && !is_host(seen->host, w->host))
		return false;
	return !w->fingerprint ||
	       (seen->row.has_cert && memcmp(seen->row.sha256, w->sha256, sizeof(w->sha256)) == 0);
}

static json_t *text(struct slice s)
{
	return json_stringn((const char *)s.ptr, s.len);
}

static json_t *certificate(const struct conn_seen *seen)
{
	uint8_t hex[2 * sizeof(seen->row.sha256)];
	struct sink s = sink_of(hex, sizeof(hex));

	if (!seen->row.has_cert)
		return json_null();
	text_hex(&s, slice_of(seen->row.sha256, sizeof(seen->row.sha256)));
	return json_pack("{s:o, s:o, s:o, s:b}", "sha256", text(sink_slice(&s)), "serial",
	                 text(seen->serial), "subject", text(seen->subject), "is_verified",
	                 (int)seen->row.is_verified);
}

static json_t *row(const struct walk *w, const struct conn_seen *seen)
{
	const struct conn_row *r = &seen->row;
	uint8_t peer[ADDR_TEXT_MAX];
	struct sink s = sink_of(peer, sizeof(peer));
	uint64_t age_ns = w->now_ns > r->since_ns ? w->now_ns - r->since_ns : 0;

	addr_put_mapped(r->ip, r->port, &s);
	return json_pack("{s:I, s:I, s:o, s:o, s:o, s:o, s:b, s:b, s:o, s:I, s:I, s:I, s:I}",
	                 "worker", (json_int_t)w->worker, "slot", (json_int_t)w->slot, "peer",
	                 text(sink_slice(&s)), "host", text(seen->host), "tls",
	                 text(conns_version(r)), "suite", text(seen->suite), "is_kernel_tls",
	                 (int)r->is_kernel, "is_resumed", (int)r->is_resumed, "certificate",
	                 certificate(seen), "age_s", (json_int_t)(age_ns / 1000000000), "requests",
	                 (json_int_t)r->requests, "bytes_in", (json_int_t)r->bytes_in, "bytes_out",
	                 (json_int_t)r->bytes_out);
}

/* --- the walk ------------------------------------------------------------------------------ */

/* The slot that @w is at, if there is somebody who is looked for. */
static void look(const struct walk *w, const struct conn_table *t, json_t *rows)
{
	struct conn_seen seen;

	/* One that is being written each time has just come or is about to go. */
	if (conns_read(t, w->slot, &seen) != 1 || !is_wanted(w, &seen))
		return;
	(void)json_array_append_new(rows, row(w, &seen));
}

/* Return: true when there is nothing behind it. */
static bool walk_on(struct walk *w, struct rows *tables, json_t *rows)
{
	uint32_t left = LOOKED_AT_MAX;

	for (; w->worker < w->worker_end; w->worker++, w->slot = 0) {
		const struct conn_table *t = rows_of(tables, w->worker);

		for (; t && w->slot < conns_high(t); w->slot++) {
			if (left-- == 0 || json_array_size(rows) == w->limit)
				return false;
			look(w, t, rows);
		}
	}
	return true;
}

static void get_connections(struct api_call *call)
{
	const struct api_world *world = call->world;
	struct walk w = { .limit = LIMIT_DEFAULT, .now_ns = world->now_ms * 1000000 };
	char cursor[CURSOR_MAX] = "";
	json_t *rows;

	w.host = api_query(call, "host");
	if (!number(call, "limit", 1, LIMIT_MAX, &w.limit) || !read_worker(call, &w) ||
	    !read_cursor(call, &w) || !read_fingerprint(call, &w))
		return;
	rows = json_array();
	if (!walk_on(&w, world->rows, rows))
		(void)snprintf(cursor, sizeof(cursor), "%u-%u", w.worker, w.slot);
	api_page(call, json_pack("{s:I, s:I, s:{s:s}}", "count", (json_int_t)json_array_size(rows),
	                         "limit", (json_int_t)w.limit, "cursors", "after", cursor));
	api_result(call, 200, rows);
}

const struct api_route api_routes_connections[] = {
	{ "GET", "/sluice/v1/connections", API_READ, 0, get_connections },
	API_ROUTES_END,
};
