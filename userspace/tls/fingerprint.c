/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/fingerprint.h"

#include <errno.h>
#include <openssl/evp.h>

#include "tls/pem.h"

int fingerprint_of(struct slice pem, uint8_t out[FINGERPRINT_BYTES])
{
	STACK_OF(X509) *all = NULL;
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	int r = pem_certificates(pem, &all);

	if (r < 0)
		return r;
	if (sk_X509_num(all) > 1)
		r = -E2BIG;
	else if (X509_digest(sk_X509_value(all, 0), EVP_sha256(), digest, &len) != 1)
		r = -ENOMEM;
	sk_X509_pop_free(all, X509_free);
	if (r < 0)
		return r;
	must(len == FINGERPRINT_BYTES);
	memcpy(out, digest, FINGERPRINT_BYTES);
	return 0;
}
