/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/crl_text.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include "tls/pem.h"

/* Exactly one, and nothing behind it. */
static int read_der(struct slice der, STACK_OF(X509_CRL) * *out)
{
	STACK_OF(X509_CRL) *crls = sk_X509_CRL_new_null();
	const unsigned char *at = der.ptr;
	X509_CRL *crl = der.len <= LONG_MAX ? d2i_X509_CRL(NULL, &at, (long)der.len) : NULL;
	int rc = -EINVAL;

	if (crl && at == der.ptr + der.len) {
		rc = crls && sk_X509_CRL_push(crls, crl) > 0 ? 0 : -ENOMEM;
		crl = rc == 0 ? NULL : crl;
	}
	X509_CRL_free(crl);
	ERR_clear_error();
	if (rc < 0) {
		sk_X509_CRL_free(crls);
		return rc;
	}
	*out = crls;
	return 0;
}

static int copy(BIO *bio, char **out)
{
	char *bytes = NULL;
	long len = BIO_get_mem_data(bio, &bytes);
	char *text = len > 0 ? malloc((size_t)len + 1) : NULL;

	if (!text)
		return -ENOMEM;
	memcpy(text, bytes, (size_t)len);
	text[len] = '\0';
	*out = text;
	return 0;
}

static int write_pem(STACK_OF(X509_CRL) * crls, char **out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	bool ok = bio != NULL;
	int rc;

	for (int n = 0; ok && n < sk_X509_CRL_num(crls); n++)
		ok = PEM_write_bio_X509_CRL(bio, sk_X509_CRL_value(crls, n)) == 1;
	rc = ok ? copy(bio, out) : -ENOMEM;
	BIO_free(bio);
	return rc;
}

int crl_text(struct slice raw, char **out)
{
	STACK_OF(X509_CRL) *crls = NULL;
	bool is_pem = raw.len > 0 && memmem(raw.ptr, raw.len, "-----BEGIN ", 11) != NULL;
	int rc = is_pem ? pem_crls(raw, &crls) : read_der(raw, &crls);

	if (rc < 0)
		return rc;
	rc = write_pem(crls, out);
	sk_X509_CRL_pop_free(crls, X509_CRL_free);
	return rc;
}
