/* SPDX-License-Identifier: GPL-2.0-only */
#include <openssl/x509_vfy.h>
#include <stdio.h>

#include "tls/handshake_priv.h"
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
static void explain(struct tls_handshake *h, X509_STORE_CTX *store)
{
	X509 *x = X509_STORE_CTX_get_current_cert(store);
	char subject[128];
	struct sink s = sink_of(subject, sizeof(subject) - 1);
	char text[FAILURE_TEXT_MAX];

	if (x)
		x509_put_name(X509_get_subject_name(x), &s);
	subject[s.len] = '\0';
	(void)snprintf(text, sizeof(text), "%s (depth %d, subject %s)",
	               X509_verify_cert_error_string(h->verify_error),
	               X509_STORE_CTX_get_error_depth(store), subject);
	handshake_fail(h, TLS_FAILURE_CERT_REJECTED, text);
}

int verify_on_certificate(int ok, X509_STORE_CTX *store)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_handshake *h = handshake_of(ssl);

	if (ok)
		return 1;
	/* The first one: the chain is looked for before dates are compared, and a
	 * certificate that nobody vouches for must not be told of as merely expired. */
	if (h->verify_error == X509_V_OK)
		h->verify_error = X509_STORE_CTX_get_error(store);
	if (h->host->verify == VERIFY_REQUEST)
		return 1;
	explain(h, store);
	return 0;
}
