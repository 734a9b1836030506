/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/kdf.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

static struct {
	EVP_KDF_CTX *expand;
	EVP_KDF_CTX *prf;
} kdf;

static int context(const char *name, EVP_KDF_CTX **out)
{
	EVP_KDF *k;

	if (*out)
		return 0;
	k = EVP_KDF_fetch(NULL, name, NULL);
	if (!k)
		return -ENOTSUP;
	*out = EVP_KDF_CTX_new(k);
	EVP_KDF_free(k);
	return *out ? 0 : -ENOMEM;
}

int kdf_init(void)
{
	int rc = context(OSSL_KDF_NAME_TLS1_3_KDF, &kdf.expand);

	return rc < 0 ? rc : context(OSSL_KDF_NAME_TLS1_PRF, &kdf.prf);
}

/* OSSL_PARAM serves both ways and so has no const. These are only read. */
static void *param(const void *value)
{
	void *p;

	memcpy(&p, &value, sizeof(p));
	return p;
}

static OSSL_PARAM octets(const char *key, struct slice s)
{
	return OSSL_PARAM_construct_octet_string(key, param(s.ptr), s.len);
}

static OSSL_PARAM text(const char *key, const char *value)
{
	return OSSL_PARAM_construct_utf8_string(key, param(value), 0);
}

int kdf_expand_label(const char *digest, struct slice secret, struct slice label, uint8_t *out,
                     size_t len)
{
	int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
		text(OSSL_KDF_PARAM_DIGEST, digest),
		octets(OSSL_KDF_PARAM_KEY, secret),
		octets(OSSL_KDF_PARAM_PREFIX, SLICE("tls13 ")),
		octets(OSSL_KDF_PARAM_LABEL, label),
		OSSL_PARAM_construct_end(),
	};
	int ok;

	if (kdf_init() < 0)
		return -EIO;
	ok = EVP_KDF_derive(kdf.expand, out, len, params);
	EVP_KDF_CTX_reset(kdf.expand); /* it holds a copy of the secret */
	return ok == 1 ? 0 : -EIO;
}

int kdf_prf(const char *digest, struct slice secret, struct slice seed, uint8_t *out, size_t len)
{
	const OSSL_PARAM params[] = {
		text(OSSL_KDF_PARAM_DIGEST, digest),
		octets(OSSL_KDF_PARAM_SECRET, secret),
		octets(OSSL_KDF_PARAM_SEED, seed),
		OSSL_PARAM_construct_end(),
	};
	int ok;

	if (kdf_init() < 0)
		return -EIO;
	ok = EVP_KDF_derive(kdf.prf, out, len, params);
	EVP_KDF_CTX_reset(kdf.prf);
	return ok == 1 ? 0 : -EIO;
}
