/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/standing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/client.h"
#include "core/status.h"
#include "core/worker.h"
#include "sys/clock.h"
#include "sys/memfd.h"
#include "tls/alert.h"
#include "tls/identity.h"
#include "tls/revoked.h"

enum {
	LOOK_MS_PER_TURN = 2, /* what connections wait, at most LOOK_SLOTS longer */
	LOOK_SLOTS = 32,      /* between two looks at the clock */
	WALL_MS = 250,        /* the wall clock's age at most */
};

enum judgement { JUDGED_GOOD, JUDGED_REVOKED, JUDGED_EXPIRED };

static int64_t wall_s(struct worker *w)
{
	if (w->now_ms >= w->standing.wall_at_ms) {
		w->standing.wall_s = clock_wall_ms() / 1000;
		w->standing.wall_at_ms = w->now_ms + WALL_MS;
	}
	return w->standing.wall_s;
}

/* The host whose policy the connection is under, as it is now; NULL: it is gone. */
static const struct host *host_of(const struct worker *w, const struct conn *c)
{
	return policy_find(w->policy, &c->sni);
}

/*
 * Other CRLs are not other demands: who is not listed in them goes on, under them from now on.
 * Where more than that has changed, requests are answered 421.
 */
static bool is_listed(struct conn *c, const struct host *h, bool is_good)
{
	const uint8_t *id = tls_host_client_auth_id(h->tls);

	if (memcmp(id, c->client_auth_id, TLS_ID_BYTES) == 0 ||
	    memcmp(tls_host_demand_id(h->tls), c->demand_id, TLS_ID_BYTES) != 0)
		return false;
	if (is_good && identity_is_listed(c->identity, h->tls))
		return true;
	memcpy(c->client_auth_id, id, TLS_ID_BYTES);
	return false;
}

/* Who was not told of as verified loses nothing by being revoked or expired. */
static enum judgement judge(struct worker *w, struct conn *c, const struct host *h)
{
	bool is_good = c->identity != NULL && c->identity->meta.verified;

	if (is_good && (identity_is_revoked(c->identity) || status_is_revoked(w, c)))
		return JUDGED_REVOKED;
	if (h != NULL && is_listed(c, h, is_good))
		return JUDGED_REVOKED;
	if (is_good && h != NULL && h->conf->on_expired == ON_EXPIRED_CLOSE &&
	    wall_s(w) >= identity_good_until(c->identity))
		return JUDGED_EXPIRED;
	return JUDGED_GOOD;
}

static bool is_due(struct worker *w, const struct conn *c)
{
	return c->standing_seen != w->standing.generation || w->standing.left > 0 ||
	       wall_s(w) >= w->standing.expires_s;
}

static void expel(struct worker *w, struct conn *c, enum judgement what)
{
	w->standing.ended++;
	if (what == JUDGED_EXPIRED)
		client_expel(w, c, ALERT_CERTIFICATE_EXPIRED, CONN_REASON_EXPIRED);
	else
		client_expel(w, c, ALERT_CERTIFICATE_REVOKED, CONN_REASON_REVOKED);
}

/* The first certificate to expire is what the next round waits for. */
static void narrow(struct worker *w, const struct conn *c)
{
	int64_t until;

	if (c->identity == NULL || !c->identity->meta.verified)
		return;
	until = identity_good_until(c->identity);
	/* One that is over already, and goes on until its request is done. */
	if (until <= wall_s(w))
		until = wall_s(w) + 1;
	if (until < w->standing.expires_s)
		w->standing.expires_s = until;
}

/* Its status is asked for again in time, and a round comes by for it. */
static void keep_status(struct worker *w, struct conn *c)
{
	uint64_t left_ms = status_keep(w, c);
	int64_t at_s;

	if (left_ms == UINT64_MAX)
		return;
	at_s = wall_s(w) + (int64_t)(left_ms / 1000) + 1;
	if (at_s < w->standing.expires_s)
		w->standing.expires_s = at_s;
}

/* Judges, and notes what it comes to for requests. */
static enum judgement look(struct worker *w, struct conn *c)
{
	const struct host *h = host_of(w, c);
	enum judgement what = judge(w, c, h);

	c->standing_seen = w->standing.generation;
	c->is_forbidden = what == JUDGED_REVOKED && h != NULL &&
	                  h->conf->on_revoked == ON_REVOKED_FORBID;
	if (h != NULL && h->conf->on_expired == ON_EXPIRED_CLOSE)
		narrow(w, c);
	keep_status(w, c);
	return what;
}

bool standing_admits(struct worker *w, struct conn *c)
{
	enum judgement what;

	if (!is_due(w, c))
		return true;
	what = look(w, c);
	if (what == JUDGED_GOOD || c->is_forbidden)
		return true;
	expel(w, c, what);
	return false;
}

void standing_begin(struct worker *w, struct conn *c, const struct tls_host *host)
{
	memcpy(c->client_auth_id, tls_host_client_auth_id(host), TLS_ID_BYTES);
	memcpy(c->demand_id, tls_host_demand_id(host), TLS_ID_BYTES);
	/* List and policy may be newer than the step in which its certificate was looked at. */
	c->standing_seen = w->standing.generation - 1;
}

/* Does it end now, and not at the end of what is on its way? A tunnel has no next request. */
static bool ends_now(const struct conn *c, enum judgement what)
{
	if (c->state == CONN_TUNNEL)
		return true;
	if (what == JUDGED_EXPIRED)
		return c->state == CONN_IDLE || c->state == CONN_HEAD;
	return !c->is_forbidden;
}

static void look_at(struct worker *w, struct conn *c)
{
	enum judgement what;

	/* Before the handshake is done it is looked at by that; behind CONN_TUNNEL it ends. */
	if (c->state < CONN_IDLE || c->state > CONN_TUNNEL)
		return;
	what = look(w, c);
	if (what != JUDGED_GOOD && ends_now(c, what))
		expel(w, c, what);
}

void standing_changed(struct worker *w)
{
	w->standing.generation++;
	w->standing.left = w->conns_len;
}

bool standing_is_looking(const struct worker *w)
{
	return w->standing.left > 0;
}

static void answer(const struct worker *w, uint64_t version)
{
	const struct msg_result result = { .version = version, .worker = w->id };

	if (channel_send(CHANNEL_FD, MSG_REVOKED_DONE, &result, sizeof(result), -1) < 0)
		log_error("the master does not take our answer about the list of revoked ones");
}

static void finish_round(struct worker *w)
{
	struct standing *s = &w->standing;

	if (s->ended > 0)
		log_info("certificates revoked or expired: %u connections ended", s->ended);
	s->ended = 0;
	if (s->owed > 0)
		answer(w, s->owed);
	s->owed = 0;
}

void standing_turn(struct worker *w)
{
	struct standing *s = &w->standing;
	uint64_t until_ns;

	if (s->left == 0 && w->policy != NULL && wall_s(w) >= s->expires_s) {
		s->expires_s = INT64_MAX;
		s->left = w->conns_len;
	}
	if (s->left == 0)
		return;
	until_ns = clock_mono_ns() + LOOK_MS_PER_TURN * 1000000UL;
	do {
		for (int n = 0; n < LOOK_SLOTS && s->left > 0; n++, s->left--) {
			s->at = (s->at + 1) % w->conns_len;
			look_at(w, &w->conns[s->at]);
		}
	} while (s->left > 0 && clock_mono_ns() < until_ns);
	if (s->left == 0)
		finish_round(w);
}

void standing_put_in_force(struct worker *w)
{
	struct standing *s = &w->standing;

	tls_worker_revoke(w->tls, slice_of(s->keys, s->keys_len));
	standing_changed(w);
}

int standing_receive(struct worker *w, uint64_t version, int fd)
{
	struct standing *s = &w->standing;
	uint8_t *old = s->keys;
	char *bytes = NULL;
	size_t len = 0;
	int r = memfd_read(fd, (size_t)REVOKED_MAX * REVOKED_KEY_BYTES, &bytes, &len);

	if (r == 0 && !revoked_check(slice_of(bytes, len))) {
		free(bytes);
		r = -EBADMSG;
	}
	if (r < 0) {
		log_error("the list of revoked certificates cannot be read: %s", strerror(-r));
		return r;
	}
	s->keys = (uint8_t *)bytes;
	s->keys_len = len;
	s->version = s->owed = version;
	if (w->tls != NULL)
		standing_put_in_force(w);
	free(old);
	return 0;
}
