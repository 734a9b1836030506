/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * api_revocations.c - who is revoked: all of them, a page at a time, or what revokes one
 * certificate. Those of the API come first, as they can be taken back here.
 */
#include <errno.h>
#include <string.h>

#include "control/api_answer.h"
#include "control/api_paging.h"
#include "control/api_revocations.h"
#include "control/api_router.h"
#include "control/api_world.h"

enum { PER_PAGE_DEFAULT = 100, PER_PAGE_MAX = 1000 };

/* A page on its way through the sources. */
struct page {
	const struct revoking *g;
	json_t *rows;
	uint64_t skip, left; /* of what is still to come */
	uint64_t total;
};

/* Rows [from, to) of a source that has @len belong to the page. */
static uint64_t take(struct page *p, uint64_t len, uint64_t *out_from)
{
	uint64_t from = p->skip < len ? p->skip : len;
	uint64_t n = len - from < p->left ? len - from : p->left;

	p->skip -= from;
	p->left -= n;
	p->total += len;
	*out_from = from;
	return n;
}

static int put_rows(struct page *p, enum revoked_by who)
{
	struct revocation_list to = { .rows = p->rows, .who = who };
	struct db *db = revoking_rows(p->g, who);
	int64_t len = db ? revocations_db_count(db) : 0;
	uint64_t from;
	uint64_t n;

	if (len < 0)
		return (int)len;
	n = take(p, (uint64_t)len, &from);
	if (n == 0)
		return 0;
	return revocations_db_each(db, (int64_t)from, (int64_t)n, put_revocation, &to);
}

static int put_file(struct page *p)
{
	const struct revoked_file *f = p->g->file;
	uint64_t from;
	uint64_t n = take(p, f ? f->keys.len : 0, &from);
	int r = 0;

	for (uint64_t i = 0; i < n && r == 0; i++)
		r = put_revocation_of_file(p->rows, f, from + i);
	return r;
}

static int put_former(struct page *p)
{
	const struct revoked_keys *k = &p->g->list->by[REVOKED_BY_FORMER];
	uint64_t from;
	uint64_t n = take(p, k->len, &from);
	int r = 0;

	for (uint64_t i = 0; i < n && r == 0; i++)
		r = put_revocation_of_former(p->rows, k->bytes + (from + i) * REVOKED_KEY_BYTES);
	return r;
}

static void put_all(struct api_call *call)
{
	struct api_paging paging = { .per_page = PER_PAGE_DEFAULT, .per_page_max = PER_PAGE_MAX };
	struct page p = { .g = call->world->revoking };
	int r;

	if (!api_paging_read(call, &paging))
		return;
	p.rows = json_array();
	p.skip = paging.skip;
	p.left = paging.per_page;
	r = put_rows(&p, REVOKED_BY_STORE);
	if (r == 0)
		r = put_rows(&p, REVOKED_BY_MEMORY);
	if (r == 0)
		r = put_file(&p);
	if (r == 0)
		r = put_former(&p);
	if (r < 0) {
		json_decref(p.rows);
		api_fail(call, 500, API_CODE_INTERNAL, NULL, "the store cannot be read: %s",
		         strerror(-r));
		return;
	}
	api_paging_say(call, &paging, json_array_size(p.rows), p.total);
	api_result(call, 200, p.rows);
}

static struct slice str(const char *text)
{
	return slice_of(text, strlen(text));
}

/* Of one certificate. The query names it as a body would. */
static bool read_query(struct api_call *call, struct revoked_entry *out)
{
	const char *sha256 = api_query(call, "sha256");
	const char *serial = api_query(call, "serial");
	const char *issuer = api_query(call, "issuer");

	if (sha256 && !serial && !issuer) {
		if (revoked_entry_sha256(str(sha256), out) == 0)
			return true;
		api_fail(call, 400, API_CODE_INVALID, NULL, "sha256: not 64 hexadecimal digits");
		return false;
	}
	if (!sha256 && serial && issuer) {
		if (revoked_entry_serial(str(serial), str(issuer), out) == 0)
			return true;
		api_fail(call, 400, API_CODE_INVALID, NULL,
		         "serial, issuer: not a hexadecimal number and a name as RFC 2253 has it");
		return false;
	}
	api_fail(call, 400, API_CODE_INVALID, NULL, "sha256, or serial and issuer");
	return false;
}

static void get_revocations(struct api_call *call)
{
	struct api_paging all = { .page = 1, .per_page = PER_PAGE_DEFAULT };
	static struct revoked_entry entry;
	json_t *rows;

	if (!api_query(call, "sha256") && !api_query(call, "serial") &&
	    !api_query(call, "issuer")) {
		put_all(call);
		return;
	}
	if (!read_query(call, &entry))
		return;
	rows = revocations_of(call->world->revoking, entry.key);
	api_paging_say(call, &all, json_array_size(rows), json_array_size(rows));
	api_result(call, 200, rows);
}

const struct api_route api_routes_revocations[] = {
	{ "GET", "/sluice/v1/revocations", API_READ, 0, get_revocations },
	API_ROUTES_END,
};
