/* SPDX-License-Identifier: GPL-2.0-only */
#include "sys/clock.h"
#include "tls/handshake_priv.h"
#include "tls/trust.h"

static int64_t wall_s(void)
{
	return clock_wall_ms() / 1000;
}

/* Sessions hold identities. When those are too large together, the oldest sessions go. */
static void make_room(struct tls_worker *w)
{
	bool dropped = true;

	while (dropped && identity_cache_is_heavy(w->identities))
		dropped = sessions_drop_oldest(w->sessions);
}

/* Where CRLs must be fresh, a session ends with the next of them. */
static int64_t expiry(const struct tls_host *host)
{
	int64_t now = wall_s();
	int64_t expires = now + host->session_timeout_s;
	int64_t until = trust_good_until(host, now);

	return expires < until ? expires : until;
}

/*
 * A client that authenticated is never resumed as one that did not: no identity, no
 * session. The lifetime counts from the full handshake, in which the chain was
 * verified; resuming does not prolong it.
 */
int resume_on_new(SSL *ssl, SSL_SESSION *session)
{
	struct tls_handshake *h = handshake_of(ssl);
	struct session_bond bond;
	bool is_resumed = SSL_session_reused(ssl);

	handshake_identify(h);
	if (!h->w->sessions || !h->host || h->host->session_timeout_s == 0 || h->identity_rc < 0)
		return 0;
	if (is_resumed && !h->found)
		return 0;
	bond.identity = h->identity;
	bond.expires = is_resumed ? h->bond.expires : expiry(h->host);
	(void)sessions_put(h->w->sessions, session, &bond);
	make_room(h->w);
	return 0; /* no reference kept */
}

/* OpenSSL compares too. A session of another policy is not even shown to it. */
static bool is_bound_here(const struct tls_handshake *h, const SSL_SESSION *session)
{
	const char *name = SSL_SESSION_get0_hostname(session);
	struct hostname normal = { .len = 0 };
	unsigned int len;
	const uint8_t *context = SSL_SESSION_get0_id_context(session, &len);

	if (!h->host ||
	    !slice_eq(slice_of(context, len),
	              slice_of(h->host->session_context, sizeof(h->host->session_context))))
		return false;
	if (name && hostname_normal(slice_of(name, strlen(name)), &normal) < 0)
		return false;
	return slice_eq(hostname_slice(&normal), hostname_slice(&h->sni));
}

static void forget(struct tls_handshake *h)
{
	identity_unref(h->bond.identity);
	h->bond.identity = NULL;
	h->found = false;
}

SSL_SESSION *resume_on_get(SSL *ssl, const unsigned char *id, int len, int *out_copy)
{
	struct tls_handshake *h = handshake_of(ssl);
	struct session_bond bond;
	SSL_SESSION *session;

	*out_copy = 0; /* the reference goes to OpenSSL */
	forget(h);
	if (!h->w->sessions || len <= 0)
		return NULL;
	session = sessions_get(h->w->sessions, slice_of(id, (size_t)len), wall_s(), &bond);
	if (session && !is_bound_here(h, session)) {
		SSL_SESSION_free(session);
		session = NULL;
	}
	if (!session) {
		h->w->stats->sessions_miss++;
		return NULL;
	}
	h->w->stats->sessions_hit++;
	h->found = true;
	h->bond = bond;
	if (bond.identity)
		(void)identity_ref(bond.identity);
	return session;
}

void resume_on_remove(SSL_CTX *ctx, SSL_SESSION *session)
{
	struct tls_worker *w = worker_of(ctx);
	unsigned int len;
	const uint8_t *id = SSL_SESSION_get_id(session, &len);

	if (w->sessions)
		sessions_remove(w->sessions, slice_of(id, len));
}
