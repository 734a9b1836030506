/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/ca.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "tls/pem.h"
#include "tls/x509.h"

enum { IS_CA_BY_EXTENSION = 1 }; /* X509_check_ca(3) */

static const char *check(STACK_OF(X509) * all)
{
	if (sk_X509_num(all) > CA_CHAIN_MAX)
		return "more than 10 certificates";
	for (int i = 0; i < sk_X509_num(all); i++) {
		if (X509_check_ca(sk_X509_value(all, i)) != IS_CA_BY_EXTENSION)
			return i == 0 ? "not a CA certificate: CA:TRUE is wanted in basicConstraints"
			              : "a certificate behind the first is not a CA";
		for (int n = 0; n < i; n++)
			if (X509_cmp(sk_X509_value(all, i), sk_X509_value(all, n)) == 0)
				return "the same certificate twice";
	}
	return NULL;
}

static int write_pem(STACK_OF(X509) * all, char **out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *bytes = NULL;
	long len = 0;
	int r = bio ? 0 : -ENOMEM;

	for (int i = 0; r == 0 && i < sk_X509_num(all); i++)
		if (PEM_write_bio_X509(bio, sk_X509_value(all, i)) != 1)
			r = -ENOMEM;
	if (r == 0)
		len = BIO_get_mem_data(bio, &bytes);
	if (r == 0 && len > 0)
		*out = strndup(bytes, (size_t)len);
	BIO_free(bio);
	return r == 0 && *out ? 0 : -ENOMEM;
}

static bool put_digests(const X509 *x, struct ca_info *out)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	size_t n = 0;
	struct sink s = sink_of(out->sha256, CA_SHA256_TEXT);

	if (X509_digest(x, EVP_sha256(), digest, &len) != 1)
		return false;
	text_hex(&s, slice_of(digest, len));
	out->sha256[s.len] = '\0';
	if (X509_digest(x, EVP_md5(), digest, &len) != 1)
		return false;
	n = (size_t)snprintf(out->fingerprint, sizeof(out->fingerprint), "MD5 Fingerprint");
	for (unsigned int i = 0; i < len && n + 3 < sizeof(out->fingerprint); i++)
		n += (size_t)snprintf(out->fingerprint + n, sizeof(out->fingerprint) - n, "%c%02X",
		                      i == 0 ? '=' : ':', digest[i]);
	return true;
}

static bool has_key(struct slice pem)
{
	const struct slice word = SLICE("PRIVATE KEY-----");

	return memmem(pem.ptr, pem.len, word.ptr, word.len) != NULL;
}

int ca_read(struct slice pem, struct ca_info *out, const char **why)
{
	STACK_OF(X509) *all = NULL;
	struct ca_info info = { 0 };
	int r;

	*why = pem.len > CA_PEM_BYTES_MAX ? "longer than 49152 bytes" : NULL;
	if (!*why && has_key(pem))
		*why = "it holds a private key, which must stay where it is";
	if (*why)
		return -EINVAL;
	r = pem_certificates(pem, &all);
	if (r == -ENOMEM)
		return r;
	*why = r < 0 ? "no PEM certificate that can be read" : check(all);
	r = *why ? -EINVAL : 0;
	if (r == 0 &&
	    (!put_digests(sk_X509_value(all, 0), &info) ||
	     x509_time(X509_get0_notAfter(sk_X509_value(all, 0)), &info.expires_at) < 0)) {
		*why = "it cannot be fingerprinted, or has no end";
		r = -EINVAL;
	}
	if (r == 0)
		r = write_pem(all, &info.pem);
	sk_X509_pop_free(all, X509_free);
	if (r == 0)
		*out = info;
	return r;
}
