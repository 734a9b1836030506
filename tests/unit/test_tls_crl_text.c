/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/crl_text.h"

#include <errno.h>

#include "pki.h"

static struct pki ca, other;
static char *pem, *both;
static unsigned char *der_bytes;
static struct slice der;

static void setup(void)
{
	X509_CRL *crl;
	int len;

	ca = pki_make(&(struct pki_spec){ .cn = "CA", .is_ca = true });
	other = pki_make(&(struct pki_spec){ .cn = "Other", .is_ca = true });
	crl = pki_crl_make(&(struct pki_crl){ .issuer = &ca });
	len = i2d_X509_CRL(crl, &der_bytes);
	der = slice_of(der_bytes, (size_t)len);
	X509_CRL_free(crl);
	pem = pki_crl_pem(NULL, &(struct pki_crl){ .issuer = &ca });
	both = pki_crl_pem(strdup(pem), &(struct pki_crl){ .issuer = &other });
}

static void teardown(void)
{
	OPENSSL_free(der_bytes);
	free(pem);
	free(both);
	pki_free(&ca);
	pki_free(&other);
}

TestSuite(tls_crl_text, .init = setup, .fini = teardown);

static char *text_of(struct slice raw)
{
	char *text = NULL;

	cr_assert_eq(crl_text(raw, &text), 0);
	return text;
}

static void expect(const char *why, struct slice raw, const char *want)
{
	char *text = text_of(raw);

	cr_expect_str_eq(text, want, "%s", why);
	free(text);
}

Test(tls_crl_text, pem_comes_through_and_what_stands_between_does_not)
{
	char *loose = calloc(1, strlen(both) + 100);
	char *cert = pki_cert_pem(strdup(pem), &ca);

	(void)snprintf(loose, strlen(both) + 100, "made on Monday\n%s\n\nthe end", both);
	expect("one", pki_text(pem), pem);
	expect("two", pki_text(both), both);
	expect("words around", pki_text(loose), both);
	expect("a certificate beside it", pki_text(cert), pem);
	free(loose);
	free(cert);
}

/* The same CRL is the same text, however it came. */
Test(tls_crl_text, der_becomes_pem)
{
	char *text = text_of(der);

	cr_expect_not_null(strstr(text, "-----BEGIN X509 CRL-----"));
	expect("again", pki_text(text), text);
	free(text);
}

Test(tls_crl_text, anything_else_is_refused)
{
	char *torn = strdup(both);
	char *cert = pki_cert_pem(NULL, &ca);
	uint8_t *behind = calloc(1, der.len + 1);
	char *text = NULL;
	const struct {
		const char *why;
		struct slice raw;
	} rows[] = {
		{ "nothing", SLICE("") },
		{ "words", SLICE("not a CRL") },
		{ "a certificate", pki_text(cert) },
		{ "half of the second", pki_text(torn) },
		{ "half of DER", slice_of(der.ptr, der.len / 2) },
		{ "DER and a byte", slice_of(behind, der.len + 1) },
	};

	torn[strlen(torn) - 60] = '\0';
	memcpy(behind, der.ptr, der.len);
	for (size_t n = 0; n < ARRAY_LEN(rows); n++) {
		struct slice raw = rows[n].raw;

		if (raw.ptr == (const uint8_t *)torn)
			raw.len = strlen(torn);
		cr_expect_eq(crl_text(raw, &text), -EINVAL, "%s", rows[n].why);
		cr_expect_null(text, "%s", rows[n].why);
	}
	free(torn);
	free(cert);
	free(behind);
}
