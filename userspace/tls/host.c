/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/host.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>

#include "tls/handshake_priv.h"
#include "tls/pem.h"
#include "tls/trust.h"

/* Bytes of DER; with CA_NAMES_MAX it leaves room in HANDSHAKE_OUT_MAX for the rest. */
enum { SERVER_CHAIN_MAX = 24576 };

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
	h->crl_soft_fail = conf->crl_soft_fail;
	h->ocsp = conf->ocsp;
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
		wrong = trust_load(h, conf);
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
	trust_unload(h);
	free(h);
}

const uint8_t *tls_host_client_auth_id(const struct tls_host *h)
{
	return h->client_auth_id;
}

enum ocsp_mode tls_host_ocsp(const struct tls_host *h)
{
	return h->ocsp;
}

const uint8_t *tls_host_ocsp_id(const struct tls_host *h)
{
	return h->ocsp_id;
}

const uint8_t *tls_host_demand_id(const struct tls_host *h)
{
	return h->demand_id;
}
