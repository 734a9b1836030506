/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The chain that a client sent: verified by OpenSSL, or found verified already.
 *
 * That the client has the key is none of it: OpenSSL checks CertificateVerify every time.
 */
#include <errno.h>
#include <openssl/x509_vfy.h>

#include "sys/clock.h"
#include "tls/digest.h"
#include "tls/handshake_priv.h"
#include "tls/x509.h"

/* What a hit needs of this handshake, and a miss leaves behind. */
struct presented {
	const struct tls_host *host;
	STACK_OF(X509) * sent; /* leaf first, as it came */
	int64_t now;
	uint8_t key[VERIFIED_KEY_BYTES];
};

static int key_of(struct presented *p)
{
	static uint8_t der[CLIENT_CHAIN_MAX]; /* too large for a stack; used up in this call */
	struct sink s = sink_of(der, sizeof(der));
	int rc = 0;

	for (int n = 0; rc == 0 && n < sk_X509_num(p->sent); n++)
		rc = x509_put_der(sk_X509_value(p->sent, n), &s);
	if (rc == 0 && s.overflow)
		rc = -EMSGSIZE;
	if (rc < 0)
		return rc;
	digest_begin();
	digest_add(SLICE("sluice verified 1"));
	digest_add(slice_of(p->host->client_auth_id, TLS_ID_BYTES));
	digest_add(sink_slice(&s)); /* DER says where each certificate ends */
	return digest_end(p->key);
}

static X509 *certificate(const struct presented *p, uint16_t link, int at)
{
	return link == VERIFIED_AS_SENT ? sk_X509_value(p->sent, at)
	                                : sk_X509_value(p->host->cas, link);
}

/* The chain as X509_verify_cert() left it when it was verified; NULL is out of memory. */
static STACK_OF(X509) * rebuild(const struct presented *p, const struct verified_chain *c)
{
	STACK_OF(X509) *chain = sk_X509_new_reserve(NULL, c->len);

	for (int n = 0; chain && n < c->len; n++) {
		X509 *x = certificate(p, c->link[n], n);

		must(x);
		if (X509_up_ref(x) != 1 || sk_X509_push(chain, x) <= 0) {
			sk_X509_pop_free(chain, X509_free);
			return NULL;
		}
	}
	return chain;
}

static bool add_date(struct verified_chain *c, const ASN1_TIME *t, int64_t now)
{
	int64_t date;

	if (x509_time(t, &date) < 0)
		return false;
	verified_narrow(c, date, now);
	return true;
}

/* Where the certificate in place @n is to be had next time. False: nowhere. */
static bool link_of(const struct presented *p, X509 *x, int n, uint16_t *out)
{
	int at = sk_X509_find(p->host->cas, x);

	if (at >= 0)
		*out = (uint16_t)at;
	else if (n < sk_X509_num(p->sent) && sk_X509_value(p->sent, n) == x)
		*out = VERIFIED_AS_SENT;
	else
		return false;
	return true;
}

/*
 * Kept is only a chain that was sent in its order and with nothing beside it: else whoever
 * has one good certificate could fill the table with it in company of ever other junk.
 */
static bool describe(const struct presented *p, STACK_OF(X509) * chain, struct verified_chain *out)
{
	int len = sk_X509_num(chain);

	if (len < 1 || len > VERIFIED_CHAIN_MAX || sk_X509_num(p->sent) > len)
		return false;
	*out = (struct verified_chain){ .good_from = INT64_MIN,
		                        .good_until = INT64_MAX,
		                        .len = (uint8_t)len };
	for (int n = 0; n < len; n++) {
		X509 *x = sk_X509_value(chain, n);

		if (n < sk_X509_num(p->sent) && X509_cmp(x, sk_X509_value(p->sent, n)) != 0)
			return false;
		if (!link_of(p, x, n, &out->link[n]) ||
		    !add_date(out, X509_get0_notBefore(x), p->now) ||
		    !add_date(out, X509_get0_notAfter(x), p->now))
			return false;
	}
	for (size_t n = 0; n < p->host->crl_dates_len; n++)
		verified_narrow(out, p->host->crl_dates[n], p->now);
	return true;
}

static bool is_found(struct tls_worker *w, const struct presented *p, X509_STORE_CTX *store)
{
	const struct verified_chain *c = verified_find(w->verified, p->key, p->now);
	STACK_OF(X509) *chain = c ? rebuild(p, c) : NULL;

	if (!chain)
		return false;
	X509_STORE_CTX_set0_verified_chain(store, chain);
	X509_STORE_CTX_set_error(store, X509_V_OK);
	return true;
}

/* Return: 1 it verified, or is let pass all the same; 0. */
static int verify(struct tls_handshake *h, const struct presented *p, X509_STORE_CTX *store)
{
	struct verified_chain found;

	if (X509_verify_cert(store) != 1 || verify_allowed(h, store) != 1)
		return 0;
	/* The error of a chain that is let pass is remembered. */
	if (p && h->verify_error == X509_V_OK && X509_STORE_CTX_get_error(store) == X509_V_OK &&
	    describe(p, X509_STORE_CTX_get0_chain(store), &found))
		verified_put(h->w->verified, p->key, &found);
	return 1;
}

int verify_on_chain(X509_STORE_CTX *store, void *arg)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_handshake *h = handshake_of(ssl);
	struct presented p = { .host = h->host,
		               .sent = X509_STORE_CTX_get0_untrusted(store),
		               .now = clock_wall_ms() / 1000 };

	(void)arg;
	must(p.host);
	if (!h->w->verified || !p.sent || sk_X509_num(p.sent) > VERIFIED_CHAIN_MAX ||
	    key_of(&p) < 0)
		return verify(h, NULL, store) == 1 ? verify_not_revoked(h, store) : 0;
	if (!is_found(h->w, &p, store) && verify(h, &p, store) != 1)
		return 0;
	return verify_not_revoked(h, store);
}
