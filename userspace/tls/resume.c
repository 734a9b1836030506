/* SPDX-License-Identifier: GPL-2.0-only */
#include "sys/clock.h"
#include "tls/handshake_priv.h"
#include "tls/revoked.h"
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
int64_t resume_expiry(const struct tls_host *host)
{
	int64_t now = wall_s();
	int64_t expires = now + host->session_timeout_s;
	int64_t until = trust_good_until(host, now);

	return expires < until ? expires : until;
}

bool resume_may_keep(const struct tls_handshake *h)
{
	if (!h->host || h->host->session_timeout_s == 0 || h->identity_rc < 0)
		return false;
	/* What is revoked may be given back, and that is asked at a full handshake. */
	if (h->identity && h->identity->meta.revoked)
		return false;
	return !SSL_session_reused(h->ssl) || h->found;
}

/* Is this session in the ticket that the client was sent? */
static bool is_in_ticket(const struct tls_handshake *h, const SSL_SESSION *session)
{
	return h->w->tickets && SSL_SESSION_get_protocol_version(session) == TLS1_3_VERSION &&
	       !(SSL_get_options(h->ssl) & SSL_OP_NO_TICKET);
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

	handshake_identify(h);
	if (!h->w->sessions || !resume_may_keep(h) || is_in_ticket(h, session))
		return 0;
	bond.identity = h->identity;
	bond.expires = SSL_session_reused(ssl) ? h->bond.expires : resume_expiry(h->host);
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

/* Then the full handshake says so, in the way that the host asks for. */
static bool is_revoked(struct identity *i)
{
	return i && (i->meta.revoked || identity_is_revoked(i));
}

bool resume_found(struct tls_handshake *h, const SSL_SESSION *session,
                  const struct session_bond *bond)
{
	identity_unref(h->bond.identity);
	h->bond.identity = NULL;
	h->found = bond && is_bound_here(h, session) && !is_revoked(bond->identity);
	if (!h->found) {
		h->w->stats->sessions_miss++;
		return false;
	}
	h->w->stats->sessions_hit++;
	h->bond = *bond;
	if (bond->identity)
		(void)identity_ref(bond->identity);
	return true;
}

SSL_SESSION *resume_on_get(SSL *ssl, const unsigned char *id, int len, int *out_copy)
{
	struct tls_handshake *h = handshake_of(ssl);
	struct session_bond bond;
	SSL_SESSION *session = NULL;

	*out_copy = 0; /* the reference goes to OpenSSL */
	if (h->w->sessions && len > 0)
		session = sessions_get(h->w->sessions, slice_of(id, (size_t)len), wall_s(), &bond);
	if (resume_found(h, session, session ? &bond : NULL))
		return session;
	SSL_SESSION_free(session);
	return NULL;
}

void resume_on_remove(SSL_CTX *ctx, SSL_SESSION *session)
{
	struct tls_worker *w = worker_of(ctx);
	unsigned int len;
	const uint8_t *id = SSL_SESSION_get_id(session, &len);

	if (w->sessions)
		sessions_remove(w->sessions, slice_of(id, len));
}
