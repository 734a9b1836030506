/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "core/worker.h"

static bool is_at(const struct origin *o, const struct snapshot_origin *conf)
{
	return o->addr_len == conf->addr_len && memcmp(&o->addr, &conf->addr, o->addr_len) == 0;
}

struct origin *origin_get(struct worker *w, const struct snapshot_origin *conf)
{
	struct origin **more;
	struct origin *o;

	for (size_t i = 0; i < w->origins_len; i++) {
		if (is_at(w->origins[i], conf)) {
			w->origins[i]->users++;
			return w->origins[i];
		}
	}
	o = calloc(1, sizeof(*o));
	more = realloc(w->origins, (w->origins_len + 1) * sizeof(struct origin *));
	if (more != NULL)
		w->origins = more;
	if (o == NULL || more == NULL) {
		free(o);
		return NULL;
	}
	o->users = 1;
	o->addr = conf->addr;
	o->addr_len = conf->addr_len;
	o->label = strdup(conf->label);
	if (o->label == NULL) {
		free(o);
		return NULL;
	}
	w->origins[w->origins_len++] = o;
	return o;
}

static void forget_unused(struct worker *w, struct origin *o)
{
	if (o->users > 0 || o->links > 0)
		return;
	for (size_t i = 0; i < w->origins_len; i++) {
		if (w->origins[i] == o) {
			w->origins[i] = w->origins[--w->origins_len];
			break;
		}
	}
	free(o->label);
	free(o);
}

void origin_unlinked(struct worker *w, struct origin *o)
{
	must(o->links > 0);
	o->links--;
	forget_unused(w, o);
}

void origin_put(struct worker *w, struct origin *o)
{
	must(o->users > 0);
	if (--o->users > 0)
		return;
	/* Held while its pool is emptied: the last link would take it along. */
	o->links++;
	while (o->idle != NULL)
		link_close(w, o->idle);
	origin_unlinked(w, o);
}

void origin_failed(struct worker *w, struct origin *o)
{
	w->stats->origin_dial_failures++;
	o->fails++;
	if (w->options.origin_max_fails == 0 || o->fails < w->options.origin_max_fails)
		return;
	if (o->down_until_ms <= w->now_ms)
		log_warn("origin %s failed %u times; passed over for %u ms", o->label, o->fails,
		         w->options.origin_fail_timeout_ms);
	o->down_until_ms = w->now_ms + w->options.origin_fail_timeout_ms;
}

void origin_answered(struct origin *o)
{
	o->fails = 0;
	o->down_until_ms = 0;
}
