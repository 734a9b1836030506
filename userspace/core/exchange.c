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
	x->begun_ms = w->now_ms;
	c->exchange = x;
	return x;
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
	c->exchange = NULL;
	policy_unref(w, x->policy);
	pool_put(&w->exchanges, x);
}
