/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/fingerprint.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "pki.h"

Test(fingerprint, it_is_the_digest_of_the_one_certificate_there_is)
{
	struct pki a = pki_make(&(struct pki_spec){ .cn = "a", .is_ca = true });
	char *one = pki_cert_pem(NULL, &a);
	char *key = pki_key_pem(&a);
	char *several = NULL;
	uint8_t want[EVP_MAX_MD_SIZE];
	uint8_t got[FINGERPRINT_BYTES] = { 0 };

	cr_assert_eq(X509_digest(a.x, EVP_sha256(), want, NULL), 1);
	cr_expect_eq(fingerprint_of(pki_text(one), got), 0);
	cr_expect_arr_eq(got, want, sizeof(got));
	cr_assert_geq(asprintf(&several, "words\n%s%s", key, one), 0);
	cr_expect_eq(fingerprint_of(pki_text(several), got), 0);
	free(several);
	cr_assert_geq(asprintf(&several, "%s%s", one, one), 0);
	cr_expect_eq(fingerprint_of(pki_text(several), got), -E2BIG);
	one[strlen(one) / 2] = '!';
	cr_expect_eq(fingerprint_of(pki_text(one), got), -EINVAL);
	cr_expect_eq(fingerprint_of(pki_text(key), got), -EINVAL);
	cr_expect_eq(fingerprint_of(SLICE(""), got), -EINVAL);
	free(several);
	free(one);
	free(key);
	pki_free(&a);
}
