/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dial.c - which origin serves a request, and what when it does not.
 */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "core/exchange.h"
#include "core/preface.h"
#include "core/session.h"
#include "core/worker.h"
#include "tls/identity.h"

/* Round robin over the host's origins; those that failed lately only when all did. */
static struct origin *pick(const struct worker *w, struct host *h)
{
	const size_t n = h->conf->origins_len;
	struct origin *o;

	must(n > 0);
	o = h->origins[h->turn++ % n];
	for (size_t seen = 1; seen < n && o->down_until_ms > w->now_ms; seen++)
		o = h->origins[h->turn++ % n];
	return o;
}

/* Puts the identity lines before the empty line of the head in origin_out: a link
 * that knew the client has died, and the one that takes its place does not. */
static enum refusal add_identity(struct worker *w, struct conn *c)
{
	struct exchange *x = c->exchange;
	struct slice block = slice_of(NULL, 0);
	enum refusal why = x->has_identity ? REFUSAL_NONE : request_identity(w, c, &block);
	struct sink out;

	if (x->has_identity || why != REFUSAL_NONE)
		return why;
	if (c->origin_out.len + block.len > w->options.origin_head_bytes)
		return REFUSAL_ORIGIN_HEAD_LIMIT;
	if (stash_reserve(&w->stashes, &c->origin_out, block.len + 2) < 0)
		return REFUSAL_OVERLOAD;
	must(c->origin_out.at == 0 && c->origin_out.len >= 2);
	c->origin_out.len -= 2;
	out = stash_sink(&w->stashes, &c->origin_out);
	sink_put(&out, block);
	sink_put(&out, SLICE("\r\n"));
	must(!out.overflow);
	stash_commit(&c->origin_out, &out);
	x->has_identity = true;
	w->stats->identity_injected += block.len > 0;
	return REFUSAL_NONE;
}

/* Does each request of this host say by itself whom it is from? Then any link will do. */
static bool is_shared(const struct host *h)
{
	return h->conf->inject == INJECT_EVERY_REQUEST && preface_of(h) == 0;
}

/* The link is there: the request goes out with the next step. */
static enum step go(struct worker *w, struct conn *c)
{
	struct exchange *x = c->exchange;
	enum refusal why = preface_put(w, c);

	if (why != REFUSAL_NONE)
		return refuse(w, c, why);
	x->origin = c->link->origin;
	x->sent_us = w->now_us;
	x->waits = 0; /* the timer was the connect(2)'s */
	if (x->has_identity) {
		c->link->known_version = x->policy->snapshot->version;
		c->link->known_host = x->host;
	}
	if (!is_shared(x->host))
		c->link->is_private = true;
	if (c->link->served > 0)
		w->stats->origin_reuses++;
	if (c->state != CONN_EXCHANGE)
		conn_set_state(w, c, CONN_EXCHANGE);
	return STEP_ON;
}

/* Says nothing of the origin: we have no slot, descriptor, memory or port. */
static bool is_our_lack(int err)
{
	return err == -ENOBUFS || err == -EMFILE || err == -ENFILE || err == -ENOMEM ||
	       err == -EADDRNOTAVAIL;
}

static enum step dial_next(struct worker *w, struct conn *c)
{
	struct exchange *x = c->exchange;
	struct host *h = x->host;

	while (x->tries < h->conf->origins_len) {
		struct origin *o = pick(w, h);
		int err;

		if (is_shared(h) && !x->wants_fresh && link_take(w, o, c) != NULL)
			return go(w, c);
		x->tries++;
		x->origin = o;
		err = link_dial(w, o, c);
		if (err == 0) {
			if (c->state != CONN_DIAL)
				conn_set_state(w, c, CONN_DIAL);
			wheel_set(&w->wheel, &c->timer,
			          w->now_ms + w->options.origin_connect_timeout_ms);
			return STEP_WAIT;
		}
		log_warn("origin %s: %s", o->label, strerror(-err));
		if (is_our_lack(err))
			return refuse(w, c, REFUSAL_OVERLOAD);
		origin_failed(w, o);
	}
	return refuse(w, c, REFUSAL_ORIGIN_UNREACHABLE);
}

enum step dial_step(struct worker *w, struct conn *c)
{
	enum refusal why;

	if (c->link != NULL)
		return go(w, c);
	why = add_identity(w, c);
	return why == REFUSAL_NONE ? dial_next(w, c) : refuse(w, c, why);
}

enum step dial_failed(struct worker *w, struct conn *c, bool is_timeout)
{
	struct exchange *x = c->exchange;

	origin_failed(w, x->origin);
	link_close(w, c->link);
	if (x->tries < x->host->conf->origins_len)
		return dial_next(w, c);
	return refuse(w, c, is_timeout ? REFUSAL_ORIGIN_TIMEOUT : REFUSAL_ORIGIN_UNREACHABLE);
}
