/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/revoked.h"

#include <errno.h>
#include <openssl/evp.h>

#include "tls/digest.h"
#include "tls/handshake_priv.h"
#include "tls/identity_priv.h"
#include "tls/revoked_priv.h"
#include "tls/x509.h"

int revoked_by_serial(struct slice serial, struct slice issuer, uint8_t out[REVOKED_KEY_BYTES])
{
	uint8_t bytes[REVOKED_SERIAL_MAX + REVOKED_ISSUER_MAX + 2];
	struct sink s = sink_of(bytes, sizeof(bytes));
	int rc = revoked_serial(serial, &s);

	if (rc < 0)
		return rc;
	sink_putc(&s, ' ');
	rc = revoked_issuer(issuer, &s);
	if (rc < 0)
		return rc;
	must(!s.overflow);
	digest_begin();
	digest_add(SLICE("sluice revoked 1"));
	digest_add(sink_slice(&s));
	return digest_end(out);
}

void tls_worker_revoke(struct tls_worker *w, struct slice keys)
{
	struct revoked_list *l = identity_cache_revoked(w->identities);

	l->keys = keys;
	l->generation++;
}

void revoked_serial_key(const struct identity_meta *m, uint8_t out[REVOKED_KEY_BYTES])
{
	/* A name or a number that no entry can have: the other key is as good. */
	if (revoked_by_serial(m->serial, m->issuer, out) < 0)
		memcpy(out, m->sha256, REVOKED_KEY_BYTES);
}

bool identity_is_revoked(struct identity *i)
{
	const struct revoked_list *l = identity_cache_revoked(i->cache);

	if (i->revoked_seen != l->generation) {
		i->revoked_seen = l->generation;
		i->is_revoked = revoked_has(l->keys, i->meta.sha256) ||
		                revoked_has(l->keys, i->serial_key);
	}
	return i->is_revoked;
}

/* The same of a certificate that is no identity yet. */
bool revoked_lists(struct tls_worker *w, X509 *leaf)
{
	const struct revoked_list *l = identity_cache_revoked(w->identities);
	static uint8_t text[REVOKED_ISSUER_MAX * 4]; /* too large for a stack; used up in this call */
	struct sink s = sink_of(text, sizeof(text));
	uint8_t key[EVP_MAX_MD_SIZE];
	size_t split;

	if (l->keys.len == 0)
		return false;
	if (X509_digest(leaf, EVP_sha256(), key, NULL) != 1)
		return true; /* out of memory: nobody can say that it is not */
	if (revoked_has(l->keys, key))
		return true;
	x509_put_serial(X509_get0_serialNumber(leaf), &s);
	split = s.len;
	x509_put_name(X509_get_issuer_name(leaf), &s);
	return !s.overflow &&
	       revoked_by_serial(slice_sub(sink_slice(&s), 0, split),
	                         slice_sub(sink_slice(&s), split, s.len - split), key) == 0 &&
	       revoked_has(l->keys, key);
}

static bool lists(STACK_OF(X509_CRL) * crls, X509 *x)
{
	for (int n = 0; n < sk_X509_CRL_num(crls); n++) {
		X509_CRL *crl = sk_X509_CRL_value(crls, n);
		X509_REVOKED *entry = NULL;

		/* 2 is removeFromCRL, which takes an entry back. */
		if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_issuer_name(x)) == 0 &&
		    X509_CRL_get0_by_cert(crl, &entry, x) == 1)
			return true;
	}
	return false;
}

static bool lists_der(STACK_OF(X509_CRL) * crls, struct slice der)
{
	const unsigned char *at = der.ptr;
	X509 *x = d2i_X509(NULL, &at, (long)der.len);
	bool found = !x || lists(crls, x); /* it was read before: out of memory */

	X509_free(x);
	return found;
}

bool identity_is_listed(struct identity *i, const struct tls_host *h)
{
	const struct identity_meta *m = &i->meta;

	if (sk_X509_CRL_num(h->crls) <= 0)
		return false;
	if (memcmp(i->listed_under, h->client_auth_id, TLS_ID_BYTES) == 0)
		return i->is_listed;
	i->is_listed = lists_der(h->crls, m->der);
	for (size_t n = 0; n < m->chain_len && !i->is_listed; n++)
		i->is_listed = lists_der(h->crls, m->chain[n]);
	memcpy(i->listed_under, h->client_auth_id, TLS_ID_BYTES);
	return i->is_listed;
}

int64_t identity_good_until(const struct identity *i)
{
	return i->good_until;
}
