/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/pem.h"

#include <errno.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

static BIO *reader(struct slice pem)
{
	return pem.len <= INT_MAX ? BIO_new_mem_buf(pem.ptr, (int)pem.len) : NULL;
}

/* The password of whatever is encrypted. Without one OpenSSL would ask the terminal. */
static char no_password[] = "";

static bool is_end_of_pem(void)
{
	unsigned long e = ERR_peek_last_error();

	return ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE;
}

static int read_all(BIO *bio, STACK_OF(X509) * chain)
{
	X509 *x;

	while ((x = PEM_read_bio_X509(bio, NULL, NULL, no_password))) {
		if (sk_X509_num(chain) >= PEM_CERTIFICATES_MAX) {
			X509_free(x);
			return -E2BIG;
		}
		if (sk_X509_push(chain, x) <= 0) {
			X509_free(x);
			return -ENOMEM;
		}
	}
	return is_end_of_pem() && sk_X509_num(chain) > 0 ? 0 : -EINVAL;
}

int pem_certificates(struct slice pem, STACK_OF(X509) * *out)
{
	BIO *bio = reader(pem);
	STACK_OF(X509) *chain = sk_X509_new_null();
	int rc = -ENOMEM;

	ERR_clear_error();
	if (bio && chain)
		rc = read_all(bio, chain);
	BIO_free(bio);
	if (rc < 0) {
		sk_X509_pop_free(chain, X509_free);
		return rc;
	}
	ERR_clear_error();
	*out = chain;
	return 0;
}

int pem_key(struct slice pem, EVP_PKEY **out)
{
	BIO *bio = reader(pem);
	EVP_PKEY *key;

	ERR_clear_error();
	if (!bio)
		return -ENOMEM;
	key = PEM_read_bio_PrivateKey(bio, NULL, NULL, no_password);
	BIO_free(bio);
	if (!key)
		return -EINVAL;
	*out = key;
	return 0;
}

static int read_crls(BIO *bio, STACK_OF(X509_CRL) * crls)
{
	X509_CRL *crl;

	while ((crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, no_password))) {
		if (sk_X509_CRL_num(crls) >= PEM_CRLS_MAX) {
			X509_CRL_free(crl);
			return -E2BIG;
		}
		if (sk_X509_CRL_push(crls, crl) <= 0) {
			X509_CRL_free(crl);
			return -ENOMEM;
		}
	}
	return is_end_of_pem() && sk_X509_CRL_num(crls) > 0 ? 0 : -EINVAL;
}

int pem_crls(struct slice pem, STACK_OF(X509_CRL) * *out)
{
	BIO *bio = reader(pem);
	STACK_OF(X509_CRL) *crls = sk_X509_CRL_new_null();
	int rc = -ENOMEM;

	ERR_clear_error();
	if (bio && crls)
		rc = read_crls(bio, crls);
	BIO_free(bio);
	if (rc < 0) {
		sk_X509_CRL_pop_free(crls, X509_CRL_free);
		return rc;
	}
	ERR_clear_error();
	*out = crls;
	return 0;
}
