/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/exchange.h"

#include "core/access_log.h"
#include "core/worker.h"

struct exchange *exchange_begin(struct worker *w, struct conn *c)
{
	struct exchange *x = pool_get(&w->exchanges);

	must(c->exchange == NULL);
	if (x == NULL)
		return NULL;
	/* Not the text buffers: their lengths say how much of them counts. */
	memset(x, 0, offsetof(struct exchange, method));
	x->name.len = 0;
	x->begun_us = w->now_us;
	c->exchange = x;
	conns_request(c->row);
	return x;
}

/* Who carried the bodies: counted when they end, whole or not. */
static void count_bodies(struct worker_stats *stats, const struct conn *c)
{
	const struct exchange *x = c->exchange;
	const bool is_kernel = c->engine == ENGINE_KERNEL;

	if (x->up.kind == BODY_TUNNEL)
		return;
	if (x->bytes_in > 0) {
		stats->bodies_up_splice += x->up_splice.is_used;
		stats->bodies_up_kernel += !x->up_splice.is_used && is_kernel;
		stats->bodies_up_user += !is_kernel;
	}
	if (x->is_answering && x->down.kind != BODY_NONE) {
		stats->bodies_down_splice += x->down_splice.is_used;
		stats->bodies_down_kernel += !x->down_splice.is_used && is_kernel;
		stats->bodies_down_user += !is_kernel;
	}
}

static void count_times(struct worker *w, const struct exchange *x)
{
	stats_time(w->stats->request_times, w->now_us - x->begun_us);
	if (x->answered_us > 0)
		stats_time(w->stats->first_byte_times, x->answered_us - x->begun_us);
}

void exchange_end(struct worker *w, struct conn *c)
{
	struct exchange *x = c->exchange;

	w->stats->requests++;
	if (x->refusal != REFUSAL_NONE) {
		w->stats->requests_refused++;
		w->stats->refused[x->refusal]++;
	}
	if (w->policy->snapshot->access_log)
		log_request(w, c);
	count_bodies(w->stats, c);
	count_times(w, x);
	splice_end(w, c);
	c->exchange = NULL;
	policy_unref(w, x->policy);
	pool_put(&w->exchanges, x);
}
