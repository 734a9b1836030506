/* SPDX-License-Identifier: GPL-2.0-only */
#include <openssl/x509_vfy.h>
#include <stdio.h>

#include "tls/allow.h"
#include "tls/handshake_priv.h"
#include "tls/revoked_priv.h"
#include "tls/trust.h"
#include "tls/x509.h"

int verify_mode_flags(enum verify_mode mode)
{
	static const int flags[VERIFY_MODE_MAX] = {
		[VERIFY_NONE] = SSL_VERIFY_NONE,
		[VERIFY_OPTIONAL] = SSL_VERIFY_PEER,
		[VERIFY_REQUEST] = SSL_VERIFY_PEER,
		[VERIFY_REQUIRE] = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
	};

	must(mode < VERIFY_MODE_MAX);
	return flags[mode];
}

/* "certificate has expired (depth 0, subject CN=client)" */
static void explain(struct tls_handshake *h, X509 *x, int depth, enum tls_failure why)
{
	char subject[128];
	struct sink s = sink_of(subject, sizeof(subject) - 1);
	char text[FAILURE_TEXT_MAX];

	if (h->verify_error == X509_V_ERR_CERT_REVOKED && h->failure == TLS_FAILURE_NONE)
		h->w->stats->handshakes_revoked++;
	if (x)
		x509_put_name(X509_get_subject_name(x), &s);
	subject[s.len] = '\0';
	(void)snprintf(text, sizeof(text), "%s (depth %d, subject %s)",
	               x509_error_text(h->verify_error), depth, subject);
	handshake_fail(h, why, text);
}

/* Nothing that says the certificate is bad: that its CA's CRL is not there, or not of now. */
static bool is_about_crl(int error)
{
	switch (error) {
	case X509_V_ERR_UNABLE_TO_GET_CRL:
	case X509_V_ERR_CRL_HAS_EXPIRED:
	case X509_V_ERR_CRL_NOT_YET_VALID:
	case X509_V_ERR_CRL_SIGNATURE_FAILURE:
	case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
	case X509_V_ERR_DIFFERENT_CRL_SCOPE:
	case X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION:
		return true;
	default:
		return false;
	}
}

/*
 * An anchor is believed because it is in the bundle; who would revoke it is often not even
 * known here. A CRL that does list it is heard all the same.
 */
static bool is_anchor(X509_STORE_CTX *store)
{
	int len = sk_X509_num(X509_STORE_CTX_get0_chain(store));

	return X509_STORE_CTX_get_error_depth(store) == len - 1;
}

/* Soft means these two and no others: nothing of that CA there at all, or nothing recent. */
static bool is_tolerated(const struct tls_host *host, X509_STORE_CTX *store)
{
	X509 *x = X509_STORE_CTX_get_current_cert(store);

	switch (X509_STORE_CTX_get_error(store)) {
	case X509_V_ERR_UNABLE_TO_GET_CRL:
		return is_anchor(store) ||
		       (host->crl_soft_fail && x && !trust_has_crl(host, X509_get_issuer_name(x)));
	case X509_V_ERR_CRL_HAS_EXPIRED:
		return host->crl_soft_fail;
	default:
		return false;
	}
}

/*
 * The first error: the chain is looked for before dates are compared, and a certificate that
 * nobody vouches for must not be told of as merely expired. But revoked is more than a CRL
 * that is out of date.
 */
static void remember(struct tls_handshake *h, int error)
{
	if (h->verify_error == X509_V_OK ||
	    (error == X509_V_ERR_CERT_REVOKED && is_about_crl(h->verify_error)))
		h->verify_error = error;
}

int verify_on_certificate(int ok, X509_STORE_CTX *store)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_handshake *h = handshake_of(ssl);

	if (ok)
		return 1;
	if (is_tolerated(h->host, store)) {
		/* It would stand as the verdict on all of the chain. */
		X509_STORE_CTX_set_error(store, h->verify_error);
		return 1;
	}
	remember(h, X509_STORE_CTX_get_error(store));
	if (h->host->verify == VERIFY_REQUEST)
		return 1;
	explain(h, X509_STORE_CTX_get_current_cert(store), X509_STORE_CTX_get_error_depth(store),
	        TLS_FAILURE_CERT_REJECTED);
	return 0;
}

int verify_not_revoked(struct tls_handshake *h, X509_STORE_CTX *store)
{
	X509 *leaf = X509_STORE_CTX_get0_cert(store);

	if (h->verify_error == X509_V_ERR_CERT_REVOKED || !revoked_lists(h->w, leaf))
		return 1;
	remember(h, X509_V_ERR_CERT_REVOKED);
	X509_STORE_CTX_set_error(store, h->verify_error);
	if (h->host->verify == VERIFY_REQUEST)
		return 1;
	explain(h, leaf, 0, TLS_FAILURE_CERT_REJECTED);
	return 0;
}

int verify_allowed(struct tls_handshake *h, X509_STORE_CTX *store)
{
	X509 *leaf = X509_STORE_CTX_get0_cert(store);

	if (!h->host->allow || h->verify_error != X509_V_OK || allow_has(h->host->allow, leaf))
		return 1;
	h->verify_error = X509_V_ERR_APPLICATION_VERIFICATION;
	X509_STORE_CTX_set_error(store, h->verify_error);
	if (h->host->verify == VERIFY_REQUEST)
		return 1;
	explain(h, leaf, 0, TLS_FAILURE_CERT_NOT_ALLOWED);
	return 0;
}
