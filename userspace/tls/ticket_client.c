/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/ticket_client.h"

#include <openssl/crypto.h>
#include <openssl/x509.h>

#include "sys/clock.h"
#include "tls/identity_priv.h"
#include "tls/session_der.h"
#include "tls/ticket_data.h"
#include "tls/x509.h"

/* What the identity is made of: see encode() of identity_cache.c. */
static bool put_certs(const struct identity *i, STACK_OF(X509) * chain, struct sink *out)
{
	size_t told = identity_chain_len(chain);

	sink_put(out, i->meta.der);
	if (told == 0 && chain && sk_X509_num(chain) > 0)
		told = 1; /* the root that issued it: its serial and key are told */
	for (size_t n = 0; n < told; n++)
		if (x509_put_der(sk_X509_value(chain, (int)n), out) < 0)
			return false;
	return !out->overflow;
}

static bool put_data(const struct tls_handshake *h, struct slice certs)
{
	uint8_t room[TICKET_DATA_HEAD + TICKET_CERTS_MAX];
	struct sink out = sink_of(room, sizeof(room));
	const struct identity *i = h->identity;
	struct ticket_data d = {
		.expires = resume_expiry(h->host),
		.good_from = i ? i->good_from : INT64_MIN,
		.good_until = i ? i->good_until : INT64_MAX,
		.verdict = i ? handshake_verdict(h) : X509_V_OK,
		.has_identity = i,
		.certs = certs,
	};

	if (i)
		memcpy(d.identity_key, i->key, sizeof(d.identity_key));
	ticket_data_put(&d, &out);
	must(!out.overflow);
	return SSL_SESSION_set1_ticket_appdata(SSL_get_session(h->ssl), room, out.len) == 1;
}

/*
 * OpenSSL takes a session apart each time it opens or seals it, its certificate with it,
 * which costs more than all the rest. We have that in our part, and the client is
 * identified: the session is read anew, in place, without.
 */
static bool drop_leaf(SSL_SESSION *session)
{
	uint8_t room[TICKET_DATA_HEAD + TICKET_CERTS_MAX + SESSION_DER_MAX + HOST_NAME_MAX_BYTES];
	struct sink cut = sink_of(room, sizeof(room));
	unsigned char *der = NULL;
	int len = i2d_SSL_SESSION(session, &der);
	const unsigned char *at = room;
	bool ok = len > 0 && session_der_cut(slice_of(der, (size_t)len), &cut) == 0 &&
	          !cut.overflow;

	ok = ok && d2i_SSL_SESSION(&session, &at, (long)cut.len) == session;
	OPENSSL_clear_free(der, len > 0 ? (size_t)len : 0);
	OPENSSL_cleanse(room, sizeof(room));
	return ok;
}

bool ticket_client_put(struct tls_handshake *h)
{
	SSL_SESSION *session = SSL_get_session(h->ssl);
	uint8_t room[TICKET_CERTS_MAX];
	struct sink certs = sink_of(room, sizeof(room));
	STACK_OF(X509) * chain;
	void *old;
	size_t old_len;
	bool fits;

	if (SSL_session_reused(h->ssl))
		return SSL_SESSION_get0_ticket_appdata(session, &old, &old_len) && old_len > 0;
	if (!h->identity)
		return put_data(h, sink_slice(&certs));
	chain = handshake_issuers(h);
	fits = put_certs(h->identity, chain, &certs);
	sk_X509_free(chain);
	if (!fits) {
		h->w->stats->tickets_too_large++;
		return false;
	}
	return put_data(h, sink_slice(&certs)) && drop_leaf(session);
}

static STACK_OF(X509) * read_certs(struct slice ders)
{
	STACK_OF(X509) *chain = sk_X509_new_null();
	const unsigned char *at = ders.ptr;
	const unsigned char *end = ders.ptr + ders.len;

	while (chain && at < end) {
		X509 *x = d2i_X509(NULL, &at, end - at);

		if (!x || sk_X509_push(chain, x) < 1) {
			X509_free(x);
			sk_X509_pop_free(chain, X509_free);
			return NULL;
		}
	}
	return chain;
}

/* Nothing is taken apart where the client is known. */
static struct identity *identity_of(struct identity_cache *c, const struct ticket_data *d)
{
	struct identity *i = identity_known(c, d->identity_key);
	STACK_OF(X509) * chain;
	X509 *leaf;

	if (i)
		return i;
	chain = read_certs(d->certs);
	leaf = chain ? sk_X509_shift(chain) : NULL;
	if (leaf && identity_intern(c, leaf, sk_X509_num(chain) > 0 ? chain : NULL,
	                            (long)d->verdict, &i) < 0)
		i = NULL;
	X509_free(leaf);
	sk_X509_pop_free(chain, X509_free);
	/* A root that is not told of is not there to say how long it is valid. */
	if (i && i->good_from < d->good_from)
		i->good_from = d->good_from;
	if (i && i->good_until > d->good_until)
		i->good_until = d->good_until;
	return i;
}

bool ticket_client_get(struct identity_cache *c, SSL_SESSION *session,
                       struct session_bond *out_bond)
{
	int64_t now = clock_wall_ms() / 1000;
	struct identity *i = NULL;
	struct ticket_data d;
	void *bytes = NULL;
	size_t len = 0;

	if (SSL_SESSION_get0_ticket_appdata(session, &bytes, &len) != 1 || len == 0 ||
	    ticket_data_get(slice_of(bytes, len), &d) < 0)
		return false;
	if (now >= d.expires || now < d.good_from || now > d.good_until)
		return false;
	if (d.has_identity) {
		i = identity_of(c, &d);
		if (!i)
			return false;
	}
	out_bond->identity = i;
	out_bond->expires = d.expires;
	return true;
}
