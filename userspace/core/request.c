/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * request.c - a request's head: read, judged, rewritten.
 */
#include <errno.h>
#include <string.h>

#include "core/access_log.h"
#include "core/client.h"
#include "core/exchange.h"
#include "core/preface.h"
#include "core/session.h"
#include "core/status.h"
#include "core/worker.h"
#include "proto/rewrite.h"
#include "tls/identity.h"

static uint64_t body_max(const struct worker *w)
{
	return w->options.body_kib == 0 ? UINT64_MAX : (uint64_t)w->options.body_kib * 1024;
}

static struct head_limits limits(const struct worker *w)
{
	return (struct head_limits){
		.head_bytes = w->options.head_bytes,
		.target_bytes = w->options.target_bytes,
		.fields = w->options.head_fields,
	};
}

static void note(struct exchange *x, const struct head *head)
{
	struct slice m = head->method;
	struct slice t = head->target;

	x->method_len = (uint16_t)(m.len < sizeof(x->method) ? m.len : sizeof(x->method));
	memcpy(x->method, m.ptr, x->method_len);
	x->path_len = (uint16_t)(t.len < sizeof(x->path) ? t.len : sizeof(x->path));
	memcpy(x->path, t.ptr, x->path_len);
	x->minor = (uint8_t)head->minor;
	x->is_head = slice_eq(m, SLICE("HEAD"));
}

/* RFC 9110 section 9.2.2: what else may not be sent twice without being asked. */
static bool is_idempotent(struct slice method)
{
	return slice_eq(method, SLICE("GET")) || slice_eq(method, SLICE("HEAD")) ||
	       slice_eq(method, SLICE("OPTIONS")) || slice_eq(method, SLICE("PUT")) ||
	       slice_eq(method, SLICE("DELETE"));
}

/* The host's policy must ask of a client just what this connection's handshake asked. */
static enum refusal choose_host(struct worker *w, struct conn *c, const struct head *head,
                                struct slice *authority)
{
	struct exchange *x = c->exchange;
	enum refusal why = authority_of(head, &x->name, authority);
	struct host *h;

	if (why != REFUSAL_NONE)
		return why;
	/* HTTP/1.0 without Host: the handshake's own name. */
	h = policy_find(w->policy, x->name.len > 0 ? &x->name : &c->sni);
	if (h == NULL ||
	    memcmp(tls_host_client_auth_id(h->tls), c->client_auth_id, TLS_ID_BYTES) != 0)
		return REFUSAL_HOST_MISDIRECTED;
	x->host = h;
	return REFUSAL_NONE;
}

/* Does this request carry the identity? A link that a client keeps learns it once,
 * and again from a host that has other headers for it, or had before a reload. */
static bool wants_identity(const struct conn *c)
{
	const struct exchange *x = c->exchange;

	if (x->host->conf->inject == INJECT_EVERY_REQUEST || c->link == NULL)
		return true;
	return c->link->known_host != x->host ||
	       c->link->known_version != x->policy->snapshot->version;
}

/* Is the client's own X-Forwarded-Client-Cert passed on? */
static bool keeps_xfcc(const struct conn *c)
{
	const enum xfcc_mode mode = c->exchange->host->conf->xfcc;

	if (mode == XFCC_ALWAYS_FORWARD_ONLY)
		return true;
	return (mode == XFCC_FORWARD_ONLY || mode == XFCC_APPEND_FORWARD) && c->identity != NULL &&
	       c->identity->meta.verified;
}

enum refusal request_identity(struct worker *w, struct conn *c, struct slice *out)
{
	switch (identity_block(tls_worker_identities(w->tls), c->identity,
	                       &c->exchange->host->headers, out)) {
	case 0:
		return REFUSAL_NONE;
	case -EMSGSIZE: /* no origin takes as much */
		return REFUSAL_ORIGIN_HEAD_LIMIT;
	default:
		return REFUSAL_OVERLOAD;
	}
}

/* The head for the origin, into c->origin_out. */
static enum refusal write_head(struct worker *w, struct conn *c, const struct head *head,
                               const struct framing *framing, struct slice authority)
{
	struct exchange *x = c->exchange;
	struct rewrite_request in = {
		.head = head,
		.framing = framing,
		.reserved = &x->host->reserved,
		.authority = authority,
		.keeps_xfcc = keeps_xfcc(c),
	};
	enum refusal why = wants_identity(c) ? request_identity(w, c, &in.identity) : REFUSAL_NONE;
	uint32_t stripped = 0;
	struct sink out;
	size_t before;

	if (why != REFUSAL_NONE)
		return why;
	if (stash_reserve(&w->stashes, &c->origin_out, SMALL_BLOCK_BYTES) < 0) {
		w->stats->buffers_exhausted++;
		return REFUSAL_OVERLOAD;
	}
	out = stash_sink(&w->stashes, &c->origin_out);
	before = out.len;
	why = rewrite_request(&in, &out, &stripped);
	if (why != REFUSAL_NONE)
		return why;
	if (out.len - before > w->options.origin_head_bytes)
		return REFUSAL_ORIGIN_HEAD_LIMIT;
	stash_commit(&c->origin_out, &out);
	w->stats->headers_stripped += stripped;
	w->stats->identity_injected += in.identity.len > 0;
	x->has_identity = wants_identity(c);
	return REFUSAL_NONE;
}

static enum refusal judge(struct worker *w, struct conn *c, struct slice bytes)
{
	static struct head head; /* too large for the stack of a deep call; used up in this one */
	const struct head_limits lim = limits(w);
	struct exchange *x = c->exchange;
	struct slice authority;
	struct framing framing;
	enum refusal why = head_parse_request(bytes, &lim, &head);

	if (why != REFUSAL_NONE)
		return why;
	note(x, &head);
	if (c->is_forbidden)
		return REFUSAL_CERT_REVOKED;
	why = framing_request(&head, body_max(w), &framing);
	if (why != REFUSAL_NONE)
		return why;
	why = choose_host(w, c, &head, &authority);
	if (why != REFUSAL_NONE)
		return why;
	body_begin(&x->up, &framing, body_max(w));
	x->wants_upgrade = framing.wants_upgrade;
	x->may_resend = x->up.is_done && is_idempotent(head.method);
	c->requests++;
	c->keep_alive = framing.keep_alive && c->requests < w->options.requests_per_conn &&
	                !w->is_draining;
	/* A link kept for this client may lead to another host's origin. */
	if (c->link != NULL && c->link->origin != NULL) {
		bool fits = false;

		for (size_t i = 0; i < x->host->conf->origins_len; i++)
			fits = fits || x->host->origins[i] == c->link->origin;
		if (!fits || !preface_fits(c, x->host))
			link_close(w, c->link);
	}
	return write_head(w, c, &head, &framing, authority);
}

/* A whole head is there: @in starts with its @len bytes. */
static enum step take_head(struct worker *w, struct conn *c, struct slice in, size_t len)
{
	enum refusal why;

	if (!standing_admits(w, c))
		return STEP_GONE;
	if (exchange_begin(w, c) == NULL) {
		w->stats->buffers_exhausted++;
		conn_end(w, c, CONN_REASON_NO_BUFFER);
		return STEP_GONE;
	}
	c->exchange->policy = policy_ref(w->policy);
	if (c->state == CONN_IDLE)
		conn_set_state(w, c, CONN_HEAD);
	c->exchange->begun_us = c->since_us;
	c->head_seen = 0;
	why = judge(w, c, slice_sub(in, 0, len));
	if (why != REFUSAL_NONE)
		return refuse(w, c, why);
	if (!client_keep(w, c, slice_sub(in, len, in.len - len)))
		return STEP_GONE;
	return dial_step(w, c);
}

static enum step look(struct worker *w, struct conn *c, struct slice in)
{
	size_t blank = c->head_seen == 0 ? head_skip_blank(in) : 0;
	size_t len = 0;
	enum refusal why;

	in = slice_sub(in, blank, in.len - blank);
	if (in.len > 0 && c->state == CONN_IDLE) {
		conn_set_state(w, c, CONN_HEAD);
		wheel_set(&w->wheel, &c->timer, w->now_ms + w->options.head_timeout_ms);
	}
	why = head_end(in, c->head_seen, w->options.head_bytes, &len);
	if (why != REFUSAL_NONE)
		return refuse_bytes(w, c, why);
	if (len > 0)
		return take_head(w, c, in, len);
	c->head_seen = (uint32_t)in.len;
	if (!client_keep(w, c, in))
		return STEP_GONE;
	return STEP_ON;
}

/* The client's end, while no request is on its way. */
static enum step client_left(struct worker *w, struct conn *c, bool is_amid_head)
{
	if (is_amid_head)
		conn_finish(w, c, CONN_REASON_CLIENT_ABORTED);
	else
		conn_finish(w, c,
		            c->is_truncated ? CONN_REASON_CLIENT_TRUNCATED
		                            : CONN_REASON_CLIENT_CLOSED);
	return STEP_GONE;
}

enum step request_step(struct worker *w, struct conn *c)
{
	struct slice in = stash_left(&c->plain_in);
	enum step step;

	if (!stash_is_empty(&c->wire_out) && !client_flush(w, c))
		return STEP_GONE;
	if (!status_admits(w, c))
		return c->is_held ? STEP_WAIT : STEP_GONE;
	/* Pipelined: what came behind the last request was not looked at yet. */
	if (in.len > c->head_seen) {
		step = look(w, c, in);
		if (step == STEP_GONE || c->state > CONN_HEAD)
			return step;
	}
	if (!c->may_read && !c->has_ended && !c->has_records)
		return STEP_WAIT;
	switch (client_read(w, c, READ_SMALL, &in)) {
	case CLIENT_DATA:
		return look(w, c, in);
	case CLIENT_AGAIN:
		return c->may_read ? STEP_ON : STEP_WAIT;
	case CLIENT_ENDED:
		/* A whole request may have come right before the end. */
		if (in.len > c->head_seen) {
			step = look(w, c, in);
			if (step == STEP_GONE || c->state > CONN_HEAD)
				return step;
		}
		return client_left(w, c, c->state == CONN_HEAD);
	case CLIENT_GONE:
		break;
	}
	return STEP_GONE;
}
