/* SPDX-License-Identifier: GPL-2.0-only */
#include "pki.h"
#include "tls/ocsp.h"

Test(tls_ocsp_ask, urls)
{
	static char longest[OCSP_URL_MAX + 2] = "http://";
	const struct {
		struct slice url;
		bool is_good;
	} rows[] = {
		{ SLICE("http://r"), true },
		{ SLICE("http://ocsp.example.com:8080/a/b?c"), true },
		{ SLICE("http://[::1]:80/"), true },
		{ SLICE("http://"), false },
		{ SLICE("http:///x"), false },
		{ SLICE("https://r"), false },
		{ SLICE("ldap://r"), false },
		{ SLICE("HTTP://r"), false },
		{ SLICE("http://u@r"), false },
		{ SLICE("http://r/#x"), false },
		{ SLICE("http://r /"), false },
		{ SLICE("http://r/\r\nX: y"), false },
		{ SLICE("http://r/\0x"), false },
		{ SLICE("http://r\xc3\xa4"), false },
		{ SLICE(""), false },
	};

	for (size_t n = 0; n < ARRAY_LEN(rows); n++)
		cr_expect_eq(ocsp_is_url(rows[n].url), rows[n].is_good, "row %zu", n);
	memset(longest + 7, 'x', sizeof(longest) - 8);
	cr_expect(!ocsp_is_url(slice_of(longest, OCSP_URL_MAX + 1)));
	cr_expect(ocsp_is_url(slice_of(longest, OCSP_URL_MAX)));
}

static struct slice append(uint8_t *to, struct slice have, const struct pki *p)
{
	unsigned char *at = to + have.len;
	int len = i2d_X509(p->x, &at);

	cr_assert(len > 0);
	return slice_of(to, have.len + (size_t)len);
}

/* Nobody listens at the address that is given: whoever gets as far as that was verified. */
Test(tls_ocsp_ask, nobody_is_asked_about_a_stranger)
{
	struct pki ca = pki_make(&(struct pki_spec){ .cn = "CA", .is_ca = true });
	struct pki other = pki_make(&(struct pki_spec){ .cn = "CA", .is_ca = true });
	struct pki inter = pki_make(&(struct pki_spec){ .cn = "I", .is_ca = true, .issuer = &ca });
	struct pki stranger = pki_make(&(struct pki_spec){ .cn = "s", .issuer = &other });
	struct pki below = pki_make(&(struct pki_spec){ .cn = "b", .issuer = &inter });
	struct pki direct = pki_make(&(struct pki_spec){ .cn = "d", .issuer = &ca });
	char *pem = pki_cert_pem(NULL, &ca);
	const struct {
		const struct pki *sent[2];
		const char *why;
		struct slice responder;
		uint32_t depth;
	} rows[] = {
		{ { &stranger },
		  "no issuer is known of the certificate",
		  SLICE("http://127.0.0.1:1"),
		  1 },
		{ { &stranger, &other },
		  "no issuer is known of the certificate",
		  SLICE("http://127.0.0.1:1"),
		  1 },
		{ { &below },
		  "no issuer is known of the certificate",
		  SLICE("http://127.0.0.1:1"),
		  1 },
		{ { &below, &inter },
		  "no issuer is known of the certificate",
		  SLICE("http://127.0.0.1:1"),
		  0 },
		{ { &ca }, "no issuer is known of the certificate", SLICE("http://127.0.0.1:1"), 1 },
		{ { &below, &inter }, "connect", SLICE("http://127.0.0.1:1"), 1 },
		{ { &direct }, "connect", SLICE("http://127.0.0.1:1"), 0 },
		{ { &direct },
		  "the certificate names no responder that is asked by http",
		  SLICE(""),
		  0 },
	};

	for (size_t n = 0; n < ARRAY_LEN(rows); n++) {
		static uint8_t der[8192];
		struct ocsp_question q = { .ca_pem = pki_text(pem),
			                   .responder = rows[n].responder,
			                   .depth = rows[n].depth,
			                   .timeout_ms = 1000 };
		struct ocsp_verdict v;

		for (size_t i = 0; i < 2 && rows[n].sent[i]; i++)
			q.certificates = append(der, q.certificates, rows[n].sent[i]);
		ocsp_ask(&q, &v);
		cr_expect_eq(v.status, OCSP_FAILED, "row %zu", n);
		cr_expect(strstr(v.why, rows[n].why), "row %zu: %s", n, v.why);
	}
	free(pem);
	pki_free(&ca);
	pki_free(&other);
	pki_free(&inter);
	pki_free(&stranger);
	pki_free(&below);
	pki_free(&direct);
}
