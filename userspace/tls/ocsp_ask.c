/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Asking a responder. Who calls gave us certificates of a stranger: before anybody is asked at
 * an address that one of them names, they are verified here under the host's CAs once more.
 */
#include <openssl/err.h>
#include <openssl/http.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>

#include "tls/ocsp.h"
#include "tls/pem.h"

bool ocsp_is_url(struct slice url)
{
	const struct slice scheme = SLICE("http://");

	if (url.len <= scheme.len || url.len > OCSP_URL_MAX ||
	    !slice_eq(slice_sub(url, 0, scheme.len), scheme) || url.ptr[scheme.len] == '/')
		return false;
	for (size_t n = 0; n < url.len; n++)
		if (url.ptr[n] <= ' ' || url.ptr[n] > '~' || url.ptr[n] == '@' || url.ptr[n] == '#')
			return false;
	return true;
}

static void failed(struct ocsp_verdict *out, const char *why)
{
	*out = (struct ocsp_verdict){ .status = OCSP_FAILED };
	(void)snprintf(out->why, sizeof(out->why), "%s", why);
}

static STACK_OF(X509) * read_all(struct slice der)
{
	STACK_OF(X509) *all = sk_X509_new_null();
	const unsigned char *at = der.ptr;
	const unsigned char *end = der.ptr + der.len;

	while (all && at < end) {
		X509 *x = d2i_X509(NULL, &at, end - at);

		if (!x || sk_X509_push(all, x) <= 0) {
			X509_free(x);
			sk_X509_pop_free(all, X509_free);
			return NULL;
		}
	}
	return all;
}

static bool trust(X509_STORE *store, STACK_OF(X509) * cas)
{
	for (int n = 0; n < sk_X509_num(cas); n++)
		if (X509_STORE_add_cert(store, sk_X509_value(cas, n)) != 1)
			return false;
	return X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) == 1;
}

static bool verify(X509_STORE_CTX *ctx, X509_STORE *store, STACK_OF(X509) * sent, uint32_t depth)
{
	if (X509_STORE_CTX_init(ctx, store, sk_X509_value(sent, 0), sent) != 1 ||
	    X509_STORE_CTX_set_default(ctx, "ssl_client") != 1)
		return false;
	X509_STORE_CTX_set_depth(ctx, (int)depth);
	return X509_verify_cert(ctx) == 1;
}

/* Who issued the first of @sent; one reference. NULL: it does not lead to the CAs, or is one. */
static X509 *issuer_of(const struct ocsp_question *q, STACK_OF(X509) * sent)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509_STORE *store = X509_STORE_new();
	STACK_OF(X509) *cas = NULL;
	X509 *issuer = NULL;

	if (ctx && store && pem_certificates(q->ca_pem, &cas) == 0 && trust(store, cas) &&
	    verify(ctx, store, sent, q->depth))
		issuer = sk_X509_value(X509_STORE_CTX_get0_chain(ctx), 1);
	if (issuer && X509_up_ref(issuer) != 1)
		issuer = NULL;
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	sk_X509_pop_free(cas, X509_free);
	return issuer;
}

/* The first address of the certificate's that we go to. */
static bool choose_url(const struct ocsp_question *q, X509 *leaf, char out[OCSP_URL_MAX + 1])
{
	STACK_OF(OPENSSL_STRING) *named = NULL;
	struct slice url = q->responder;
	bool found;

	if (url.len == 0)
		named = X509_get1_ocsp(leaf);
	for (int n = 0; n < sk_OPENSSL_STRING_num(named) && !ocsp_is_url(url); n++)
		url = slice_of(sk_OPENSSL_STRING_value(named, n),
		               strlen(sk_OPENSSL_STRING_value(named, n)));
	found = ocsp_is_url(url);
	if (found)
		(void)snprintf(out, OCSP_URL_MAX + 1, "%.*s", (int)url.len, (const char *)url.ptr);
	X509_email_free(named);
	return found;
}

static BIO *request_for(X509 *leaf, X509 *issuer)
{
	OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), leaf, issuer);
	OCSP_REQUEST *r = OCSP_REQUEST_new();
	BIO *b = BIO_new(BIO_s_mem());
	unsigned char *der = NULL;
	int len = 0;

	if (id && r && OCSP_request_add0_id(r, id))
		len = i2d_OCSP_REQUEST(r, &der);
	else
		OCSP_CERTID_free(id);
	if (len <= 0 || !b || BIO_write(b, der, len) != len) {
		BIO_free(b);
		b = NULL;
	}
	OPENSSL_free(der);
	OCSP_REQUEST_free(r);
	return b;
}

/* Its body; NULL: none came. An empty text for a proxy is none, whatever the environment says. */
static BIO *transfer(const char *url, BIO *request, uint32_t timeout_ms)
{
	char *host = NULL;
	char *port = NULL;
	char *path = NULL;
	int use_ssl = 0;
	BIO *body = NULL;

	if (OSSL_HTTP_parse_url(url, &use_ssl, NULL, &host, &port, NULL, &path, NULL, NULL) == 1 &&
	    !use_ssl)
		body = OSSL_HTTP_transfer(NULL, host, port, path, 0, "", NULL, NULL, NULL, NULL,
		                          NULL, 0, NULL, "application/ocsp-request", request,
		                          "application/ocsp-response", 1, OCSP_RESPONSE_MAX,
		                          (int)(timeout_ms / 1000) + 1, 0);
	OPENSSL_free(host);
	OPENSSL_free(port);
	OPENSSL_free(path);
	return body;
}

static void ask_at(const struct ocsp_question *q, const char *url, X509 *leaf, X509 *issuer,
                   struct ocsp_verdict *out)
{
	static uint8_t bytes[OCSP_RESPONSE_MAX + 1]; /* one more would be too many */
	BIO *request = request_for(leaf, issuer);
	BIO *body = request ? transfer(url, request, q->timeout_ms) : NULL;
	const char *why = ERR_reason_error_string(ERR_peek_last_error());
	int len = body ? BIO_read(body, bytes, sizeof(bytes)) : 0;

	if (len > 0)
		ocsp_check(slice_of(bytes, (size_t)len), leaf, issuer, time(NULL), out);
	else
		failed(out, why ? why : "no answer");
	BIO_free_all(body);
	BIO_free(request);
}

void ocsp_ask(const struct ocsp_question *q, struct ocsp_verdict *out)
{
	STACK_OF(X509) *sent = read_all(q->certificates);
	X509 *leaf = sk_X509_num(sent) > 0 ? sk_X509_value(sent, 0) : NULL;
	X509 *issuer = leaf ? issuer_of(q, sent) : NULL;
	char url[OCSP_URL_MAX + 1];

	if (!issuer)
		failed(out, "no issuer is known of the certificate");
	else if (!choose_url(q, leaf, url))
		failed(out, "the certificate names no responder that is asked by http");
	else
		ask_at(q, url, leaf, issuer, out);
	X509_free(issuer);
	sk_X509_pop_free(sent, X509_free);
	ERR_clear_error();
}
