/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/status.h"

#include <stdio.h>
#include <string.h>

#include "core/client.h"
#include "core/session.h"
#include "core/worker.h"
#include "tls/alert.h"
#include "tls/identity.h"

enum {
	ASK_AGAIN_MS = 1000, /* a question without an answer; it, or the answer, may be lost */
	ASK_RETRY_MS = 100,  /* one that nobody took */
	HELD_LOOK_MS = 250,  /* between two looks at who is held */
	NO_ANSWER_MS = 2000, /* a question without an answer in time counts as failed this long */
	TOO_LARGE_MS = 3600000, /* certificates that fit no message */
};

/* The payload, or its length 0: it does not fit. */
static size_t write_question(const struct worker *w, const struct conn *c, const struct host *h,
                             uint8_t payload[MSG_PAYLOAD_MAX])
{
	const struct identity_meta *who = &c->identity->meta;
	const char *host = h->conf->names[0];
	struct msg_ocsp_ask begin = { .worker = w->id,
		                      .host_len = (uint32_t)strlen(host),
		                      .leaf_len = (uint32_t)who->der.len };
	struct sink s = sink_of(payload, MSG_PAYLOAD_MAX);

	memcpy(begin.id, tls_host_ocsp_id(h->tls), sizeof(begin.id));
	sink_put(&s, slice_of(&begin, sizeof(begin)));
	sink_put(&s, slice_of(host, begin.host_len));
	sink_put(&s, who->der);
	for (size_t n = 0; n < who->chain_len; n++)
		sink_put(&s, who->chain[n]);
	return s.overflow ? 0 : s.len;
}

static void fail(struct status *s, uint64_t until_ms)
{
	s->what = OCSP_FAILED;
	s->until_ms = until_ms;
}

static void ask(struct worker *w, struct conn *c, struct status *s)
{
	static uint8_t payload[MSG_PAYLOAD_MAX];
	const struct host *h = policy_find(w->policy, &c->sni);
	size_t len;

	/* A host that is gone or asks no more: requests are answered 421. */
	s->ask_ms = w->now_ms + ASK_AGAIN_MS;
	if (h == NULL || h->conf->ocsp == OCSP_MODE_OFF)
		return;
	len = write_question(w, c, h, payload);
	if (len == 0) {
		if (!status_holds(s, w->now_ms))
			fail(s, w->now_ms + TOO_LARGE_MS);
		s->ask_ms = w->now_ms + TOO_LARGE_MS;
		w->stats->ocsp_too_large++;
		return;
	}
	if (channel_send(CHANNEL_FD, MSG_OCSP_ASK, payload, len, -1) < 0)
		s->ask_ms = w->now_ms + ASK_RETRY_MS;
	else
		w->stats->ocsp_asked++;
}

static struct status *ask_if_due(struct worker *w, struct conn *c)
{
	struct status *s = statuses_at(&w->statuses, c->ocsp_key);

	if (w->now_ms >= s->ask_ms)
		ask(w, c, s);
	return s;
}

void status_begin(struct worker *w, struct conn *c, const struct tls_host *host)
{
	enum ocsp_mode mode = tls_host_ocsp(host);

	/* With `verify: optional` there may be nobody to ask about. */
	if (mode == OCSP_MODE_OFF || c->identity == NULL || !c->identity->meta.verified)
		return;
	c->ocsp_mode = (uint8_t)mode;
	/* Without a digest there is no key that anything is known by: nobody answers. */
	if (ocsp_key(tls_host_ocsp_id(host), c->identity->meta.sha256, c->ocsp_key) < 0)
		return;
	(void)ask_if_due(w, c);
}

void status_leave(struct worker *w, struct conn *c)
{
	if (!c->is_held)
		return;
	c->is_held = false;
	*(c->held_next != NULL ? &c->held_next->held_prev : &w->held_last) = c->held_prev;
	*(c->held_prev != NULL ? &c->held_prev->held_next : &w->held_first) = c->held_next;
	c->held_next = c->held_prev = NULL;
}

static void go_on(struct worker *w, struct conn *c)
{
	uint64_t ms = w->options.head_timeout_ms;

	c->ocsp_passed = true;
	if (!c->is_held)
		return;
	status_leave(w, c);
	if (c->state == CONN_IDLE && c->requests > 0)
		ms = w->options.idle_timeout_ms;
	if (w->is_draining && ms > DRAIN_FIRST_REQUEST_MS)
		ms = DRAIN_FIRST_REQUEST_MS;
	wheel_set(&w->wheel, &c->timer, w->now_ms + ms);
}

static bool hold(struct worker *w, struct conn *c)
{
	uint64_t look_ms = w->now_ms + HELD_LOOK_MS;

	if (!c->is_held) {
		c->is_held = true;
		c->held_until_ms = w->now_ms + w->options.ocsp_timeout_ms;
		c->held_prev = w->held_last;
		*(w->held_last != NULL ? &w->held_last->held_next : &w->held_first) = c;
		w->held_last = c;
		w->stats->ocsp_held++;
	}
	wheel_set(&w->wheel, &c->timer, look_ms < c->held_until_ms ? look_ms : c->held_until_ms);
	return false;
}

/* Not called good, and nothing better is to be had now. */
static bool decide(struct worker *w, struct conn *c)
{
	if (c->ocsp_mode == OCSP_MODE_SOFT) {
		w->stats->ocsp_let_pass += !c->ocsp_passed;
		go_on(w, c);
		return true;
	}
	w->stats->ocsp_refused++;
	client_expel(w, c, ALERT_CERTIFICATE_UNKNOWN, CONN_REASON_OCSP);
	return false;
}

/* Its host says how, in core/standing, which is to look once more. */
static bool revoked(struct worker *w, struct conn *c)
{
	go_on(w, c);
	if (c->is_forbidden)
		return true;
	c->standing_seen = w->standing.generation - 1;
	return standing_admits(w, c);
}

bool status_admits(struct worker *w, struct conn *c)
{
	struct status *s;

	if (c->ocsp_mode == OCSP_MODE_OFF)
		return true;
	s = ask_if_due(w, c);
	if (s->what == OCSP_REVOKED)
		return revoked(w, c);
	if (status_holds(s, w->now_ms) && s->what == OCSP_GOOD) {
		go_on(w, c);
		return true;
	}
	/* Who was let in softly is not held up again: only revoked would change anything. */
	if (status_holds(s, w->now_ms) || (c->ocsp_mode == OCSP_MODE_SOFT && c->ocsp_passed))
		return decide(w, c);
	return hold(w, c);
}

bool status_is_revoked(struct worker *w, const struct conn *c)
{
	const struct status *s;

	if (c->ocsp_mode == OCSP_MODE_OFF)
		return false;
	s = statuses_find(&w->statuses, c->ocsp_key);
	return s != NULL && s->what == OCSP_REVOKED;
}

uint64_t status_keep(struct worker *w, struct conn *c)
{
	const struct status *s;

	if (c->ocsp_mode == OCSP_MODE_OFF)
		return UINT64_MAX;
	s = ask_if_due(w, c);
	return s->ask_ms - w->now_ms;
}

static void count(struct worker *w, uint32_t status)
{
	uint64_t *const counters[OCSP_STATUS_MAX] = {
		[OCSP_FAILED] = &w->stats->ocsp_failed,
		[OCSP_GOOD] = &w->stats->ocsp_good,
		[OCSP_REVOKED] = &w->stats->ocsp_revoked,
		[OCSP_UNKNOWN] = &w->stats->ocsp_unknown,
	};

	(*counters[status])++;
}

void status_receive(struct worker *w, const struct msg *m)
{
	struct msg_ocsp_answer a;
	struct status *s;

	if (msg_body(m, &a, sizeof(a)) < 0 || a.status >= OCSP_STATUS_MAX)
		return;
	count(w, a.status);
	s = statuses_at(&w->statuses, a.key);
	/* What may have changed for connections that are there. */
	if (a.status == OCSP_REVOKED && s->what != OCSP_REVOKED)
		standing_changed(w);
	s->what = (uint8_t)a.status;
	s->until_ms = w->now_ms + a.holds_ms;
	s->ask_ms = w->now_ms + a.ask_ms;
	for (struct conn *c = w->held_first; c != NULL; c = c->held_next)
		if (memcmp(c->ocsp_key, a.key, OCSP_ID_BYTES) == 0 && !c->is_queued)
			queue_push(&w->resumes, c);
}

void status_timeout(struct worker *w, struct conn *c)
{
	struct status *s = statuses_at(&w->statuses, c->ocsp_key);

	if (w->now_ms >= c->held_until_ms && !status_holds(s, w->now_ms)) {
		fail(s, w->now_ms + NO_ANSWER_MS);
		w->stats->ocsp_timeouts++;
	}
	session_run(w, c);
}
