/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/host.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>

#include "tls/digest.h"
#include "tls/handshake_priv.h"
#include "tls/pem.h"
#include "tls/policy_id.h"

enum {
	/* Both leave room in HANDSHAKE_OUT_MAX for each other and the rest. */
	SERVER_CHAIN_MAX = 24576, /* bytes of DER */
	CA_NAMES_MAX = 16384, /* bytes of DER; more are not sent: the client then picks by itself */
};

static void say(struct sink *err, const struct tls_host_conf *conf, const char *what)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	sink_put(err, SLICE("host "));
	sink_put(err, conf->name);
	sink_put(err, SLICE(": "));
	sink_put(err, slice_of(what, strlen(what)));
	if (why) {
		sink_put(err, SLICE(": "));
		sink_put(err, slice_of(why, strlen(why)));
	}
	ERR_clear_error();
}

static size_t der_bytes(const STACK_OF(X509) * chain)
{
	size_t sum = 0;

	for (int n = 0; n < sk_X509_num(chain); n++) {
		int len = i2d_X509(sk_X509_value(chain, n), NULL);

		sum += len > 0 ? (size_t)len : SERVER_CHAIN_MAX;
	}
	return sum;
}

static const char *use_chain(SSL_CTX *ctx, STACK_OF(X509) * chain)
{
	X509 *leaf = sk_X509_shift(chain);
	bool ok;

	ok = SSL_CTX_use_certificate(ctx, leaf) == 1;
	X509_free(leaf);
	if (!ok)
		return "certificate: cannot be used";
	if (SSL_CTX_set1_chain(ctx, chain) != 1)
		return "certificate: its chain cannot be used";
	return NULL;
}

/* NULL or what is wrong. */
static const char *load_certificate(SSL_CTX *ctx, struct slice pem)
{
	STACK_OF(X509) * chain;
	const char *wrong;

	if (pem_certificates(pem, &chain) < 0)
		return "certificate: no good PEM certificate";
	wrong = der_bytes(chain) > SERVER_CHAIN_MAX ? "certificate: chain over 24 KiB"
	                                            : use_chain(ctx, chain);
	sk_X509_pop_free(chain, X509_free);
	return wrong;
}

static const char *load_key(SSL_CTX *ctx, struct slice pem)
{
	EVP_PKEY *key;
	bool ok;

	if (pem_key(pem, &key) < 0)
		return "key: no good PEM private key without a password";
	ok = SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_check_private_key(ctx) == 1;
	EVP_PKEY_free(key);
	return ok ? NULL : "key: does not belong to the certificate";
}

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
	STACK_OF(X509) *cas = NULL;
	const char *wrong = NULL;

	if (conf->verify != VERIFY_NONE) {
		if (conf->ca_pem.len == 0)
			return "client CAs: none given";
		if (pem_certificates(conf->ca_pem, &cas) < 0)
			return "client CAs: no good PEM certificate";
		h->cas = set_of(cas);
		if (!h->cas || !trust(h->ctx, cas))
			wrong = "client CAs: cannot be used";
	}
	if (!wrong &&
	    (policy_client_auth_id(conf->verify, conf->verify_depth, cas, h->client_auth_id) < 0 ||
	     policy_session_context(conf->name, h->client_auth_id, h->session_context) < 0))
		wrong = "digest failed";
	sk_X509_pop_free(cas, X509_free);
	return wrong;
}

int tls_host_new(struct tls_worker *w, const struct tls_host_conf *conf, struct tls_host **out,
                 struct sink *err)
{
	struct tls_host *h = calloc(1, sizeof(*h));
	const char *wrong;

	must(conf->verify < VERIFY_MODE_MAX);
	ERR_clear_error();
	if (!h)
		return -ENOMEM;
	h->refs = 1;
	h->verify = conf->verify;
	h->verify_depth = conf->verify_depth;
	h->session_timeout_s = conf->session_timeout_s < SESSION_TIMEOUT_MAX
	                               ? conf->session_timeout_s
	                               : SESSION_TIMEOUT_MAX;
	if (context_new(w, &h->ctx) < 0) {
		tls_host_unref(h);
		return -ENOMEM;
	}
	wrong = load_certificate(h->ctx, conf->certificate_pem);
	if (!wrong)
		wrong = load_key(h->ctx, conf->key_pem);
	if (!wrong)
		wrong = load_cas(h, conf);
	if (wrong) {
		say(err, conf, wrong);
		tls_host_unref(h);
		return -EINVAL;
	}
	*out = h;
	return 0;
}

struct tls_host *tls_host_ref(struct tls_host *h)
{
	must(h->refs > 0);
	h->refs++;
	return h;
}

void tls_host_unref(struct tls_host *h)
{
	if (!h)
		return;
	must(h->refs > 0);
	if (--h->refs > 0)
		return;
	SSL_CTX_free(h->ctx);
	sk_X509_pop_free(h->cas, X509_free);
	free(h);
}

const uint8_t *tls_host_client_auth_id(const struct tls_host *h)
{
	return h->client_auth_id;
}
