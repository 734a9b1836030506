/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/ca.h"

#include <errno.h>
#include <string.h>

#include "pki.h"

static struct pki root, middle, leaf;

static void start(void)
{
	root = pki_make(&(struct pki_spec){ .cn = "Root", .is_ca = true });
	middle = pki_make(&(struct pki_spec){ .cn = "Middle", .is_ca = true, .issuer = &root });
	leaf = pki_make(&(struct pki_spec){ .cn = "leaf", .issuer = &root });
}

static void stop(void)
{
	pki_free(&root);
	pki_free(&middle);
	pki_free(&leaf);
}

TestSuite(ca, .init = start, .fini = stop);

static int read_text(const char *text, struct ca_info *out, const char **why)
{
	return ca_read(slice_of(text, strlen(text)), out, why);
}

static void refuse(const char *text, const char *word)
{
	struct ca_info info = { 0 };
	const char *why = NULL;

	cr_expect_eq(read_text(text, &info, &why), -EINVAL);
	cr_expect(why && strstr(why, word), "%s", why ? why : "nothing");
	cr_expect_null(info.pem);
}

Test(ca, a_chain_is_known_by_its_first)
{
	struct ca_info one;
	struct ca_info both;
	const char *why;
	char *text = pki_cert_pem(NULL, &middle);

	cr_assert_eq(read_text(text, &one, &why), 0);
	text = pki_cert_pem(text, &root);
	cr_assert_eq(read_text(text, &both, &why), 0);
	cr_expect_str_eq(one.sha256, both.sha256);
	cr_expect_str_eq(one.fingerprint, both.fingerprint);
	cr_expect_eq(strlen(one.sha256), 64);
	cr_expect_eq(strlen(one.fingerprint), strlen("MD5 Fingerprint=") + 47);
	cr_expect_eq(strncmp(one.fingerprint, "MD5 Fingerprint=", 16), 0);
	cr_expect_gt(one.expires_at, 0);
	cr_expect_str_eq(both.pem, text);
	free(one.pem);
	free(both.pem);
	free(text);
}

Test(ca, the_fingerprint_is_md5_of_the_der)
{
	struct ca_info info;
	const char *why;
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	char *text = pki_cert_pem(NULL, &root);
	char want[64] = "MD5 Fingerprint=";

	cr_assert_eq(read_text(text, &info, &why), 0);
	cr_assert_eq(X509_digest(root.x, EVP_md5(), md, &len), 1);
	for (unsigned int i = 0; i < len; i++)
		(void)snprintf(want + strlen(want), sizeof(want) - strlen(want), "%s%02X",
		               i ? ":" : "", md[i]);
	cr_expect_str_eq(info.fingerprint, want);
	free(info.pem);
	free(text);
}

Test(ca, words_around_it_are_not_kept)
{
	struct ca_info info;
	const char *why;
	char *pem = pki_cert_pem(NULL, &root);
	char text[8192];

	(void)snprintf(text, sizeof(text), "subject=CN = Root\n%s\n# end\n", pem);
	cr_assert_eq(read_text(text, &info, &why), 0, "%s", why);
	cr_expect_str_eq(info.pem, pem);
	free(info.pem);
	free(pem);
}

Test(ca, what_is_none_is_refused)
{
	char *text = pki_cert_pem(NULL, &leaf);
	char *key = pki_key_pem(&root);

	refuse("", "no PEM");
	refuse("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no PEM");
	refuse(text, "CA:TRUE");
	free(text);
	text = pki_cert_pem(NULL, &root);
	text = pki_cert_pem(text, &leaf);
	refuse(text, "behind the first");
	free(text);
	text = pki_cert_pem(NULL, &root);
	text = pki_cert_pem(text, &root);
	refuse(text, "twice");
	free(text);
	refuse(key, "private key");
	free(key);
}

Test(ca, there_is_an_end)
{
	char *text = NULL;
	char *long_text = malloc(CA_PEM_BYTES_MAX + 2);
	struct pki more[CA_CHAIN_MAX + 1];

	for (size_t i = 0; i < ARRAY_LEN(more); i++) {
		more[i] = pki_make(&(struct pki_spec){ .cn = "x", .is_ca = true });
		text = pki_cert_pem(text, &more[i]);
	}
	refuse(text, "more than 10");
	for (size_t i = 0; i < ARRAY_LEN(more); i++)
		pki_free(&more[i]);
	memset(long_text, 'x', CA_PEM_BYTES_MAX + 1);
	long_text[CA_PEM_BYTES_MAX + 1] = '\0';
	refuse(long_text, "longer");
	free(text);
	free(long_text);
}
