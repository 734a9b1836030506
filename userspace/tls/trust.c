/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/trust.h"

#include <stdlib.h>

#include "tls/allow.h"
#include "tls/handshake_priv.h"
#include "tls/ocsp.h"
#include "tls/pem.h"
#include "tls/policy_id.h"
#include "tls/x509.h"

/* Bytes of DER; more are not sent: the client then picks by itself. */
enum { CA_NAMES_MAX = 16384 };

/* The CAs and no others: OpenSSL's default paths are never set. PARTIAL_CHAIN makes an
 * intermediate in the bundle an anchor as good as a root. */
static bool trust(SSL_CTX *ctx, STACK_OF(X509) * cas)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);
	size_t names = 0;

	if (X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) != 1)
		return false;
	for (int n = 0; n < sk_X509_num(cas); n++) {
		X509 *ca = sk_X509_value(cas, n);
		int len = i2d_X509_NAME(X509_get_subject_name(ca), NULL);

		if (X509_STORE_add_cert(store, ca) != 1)
			return false;
		names += len > 0 ? (size_t)len + 2 : 0;
	}
	for (int n = 0; names <= CA_NAMES_MAX && n < sk_X509_num(cas); n++)
		if (SSL_CTX_add_client_CA(ctx, sk_X509_value(cas, n)) != 1)
			return false;
	return true;
}

static int by_content(const X509 *const *a, const X509 *const *b)
{
	return X509_cmp(*a, *b);
}

/* NULL is out of memory. */
static STACK_OF(X509) * set_of(STACK_OF(X509) * cas)
{
	STACK_OF(X509) *set = X509_chain_up_ref(cas);

	if (!set)
		return NULL;
	(void)sk_X509_set_cmp_func(set, by_content);
	sk_X509_sort(set);
	for (int n = sk_X509_num(set) - 1; n > 0; n--)
		if (X509_cmp(sk_X509_value(set, n), sk_X509_value(set, n - 1)) == 0)
			X509_free(sk_X509_delete(set, n));
	return set;
}

static const char *load_cas(struct tls_host *h, const struct tls_host_conf *conf)
{
	STACK_OF(X509) * cas;
	bool ok;

	if (conf->ca_pem.len == 0)
		return "client CAs: none given";
	if (pem_certificates(conf->ca_pem, &cas) < 0)
		return "client CAs: no good PEM certificate";
	h->cas = set_of(cas);
	ok = h->cas && trust(h->ctx, cas);
	sk_X509_pop_free(cas, X509_free);
	return ok ? NULL : "client CAs: cannot be used";
}

/* What a CRL says of its time. Its next update may be left out. */
static bool add_dates(struct tls_host *h, const X509_CRL *crl)
{
	const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);

	if (x509_time(X509_CRL_get0_lastUpdate(crl), &h->crl_dates[h->crl_dates_len++]) < 0)
		return false;
	return !next || x509_time(next, &h->crl_dates[h->crl_dates_len++]) == 0;
}

/* Without X509_V_FLAG_EXTENDED_CRL_SUPPORT: a CRL is its CA's own and of all reasons, or it
 * is of no use. */
static const char *load_crls(struct tls_host *h, const struct tls_host_conf *conf)
{
	X509_STORE *store = SSL_CTX_get_cert_store(h->ctx);

	if (conf->crl_pem.len == 0)
		return NULL;
	if (pem_crls(conf->crl_pem, &h->crls) < 0)
		return "CRLs: no good PEM CRL";
	h->crl_dates = calloc((size_t)sk_X509_CRL_num(h->crls) * 2, sizeof(*h->crl_dates));
	for (int n = 0; n < sk_X509_CRL_num(h->crls); n++) {
		X509_CRL *crl = sk_X509_CRL_value(h->crls, n);

		if (!h->crl_dates || !add_dates(h, crl) || X509_STORE_add_crl(store, crl) != 1)
			return "CRLs: cannot be used";
	}
	if (X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL) != 1)
		return "CRLs: cannot be used";
	return NULL;
}

const char *trust_load(struct tls_host *h, const struct tls_host_conf *conf)
{
	struct policy_demand demand = { .verify = conf->verify,
		                        .depth = conf->verify_depth,
		                        .crl_soft_fail = conf->crl_soft_fail,
		                        .ocsp = conf->ocsp,
		                        .ocsp_id = h->ocsp_id };
	const char *wrong = NULL;

	if (conf->verify != VERIFY_NONE) {
		wrong = load_cas(h, conf);
		if (!wrong)
			wrong = load_crls(h, conf);
		if (!wrong && conf->allow && allow_new(conf->allow, &h->allow) < 0)
			wrong = "allow: cannot be used";
	}
	if (wrong)
		return wrong;
	if (conf->ocsp != OCSP_MODE_OFF &&
	    ocsp_id(conf->ca_pem, conf->ocsp_responder, h->ocsp_id) < 0)
		return "digest failed";
	demand.cas = h->cas;
	demand.allow_id = h->allow ? allow_id(h->allow) : NULL;
	if (policy_client_auth_id(&demand, h->demand_id) < 0)
		return "digest failed";
	demand.crls = h->crls;
	if (policy_client_auth_id(&demand, h->client_auth_id) < 0 ||
	    policy_session_context(conf->name, h->client_auth_id, h->session_context) < 0)
		return "digest failed";
	return NULL;
}

void trust_unload(struct tls_host *h)
{
	sk_X509_pop_free(h->cas, X509_free);
	sk_X509_CRL_pop_free(h->crls, X509_CRL_free);
	free(h->crl_dates);
	allow_free(h->allow);
	h->crls = NULL;
	h->crl_dates = NULL;
	h->allow = NULL;
}

bool trust_has_crl(const struct tls_host *h, const X509_NAME *issuer)
{
	for (int n = 0; n < sk_X509_CRL_num(h->crls); n++)
		if (X509_NAME_cmp(X509_CRL_get_issuer(sk_X509_CRL_value(h->crls, n)), issuer) == 0)
			return true;
	return false;
}

int64_t trust_good_until(const struct tls_host *h, int64_t now)
{
	int64_t until = INT64_MAX;

	for (size_t n = 0; !h->crl_soft_fail && n < h->crl_dates_len; n++)
		if (h->crl_dates[n] > now && h->crl_dates[n] < until)
			until = h->crl_dates[n];
	return until;
}
