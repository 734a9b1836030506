/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pki.h - throw-away certificates, made while the test runs.
 */
#pragma once

#include <criterion/criterion.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "base/slice.h"

struct pki {
	EVP_PKEY *key;
	X509 *x;
};

struct pki_spec {
	const char *cn;
	const struct pki *issuer; /* NULL: signed by itself */
	bool is_ca;
	bool is_rsa;
	int rsa_bits;      /* 0: 2048 */
	long from_s;       /* from now on; 0: an hour ago */
	long until_s;      /* 0: a day */
	size_t pad;        /* bytes of a private extension */
	const char *usage; /* extendedKeyUsage; NULL: none */
	const char *organisation;
	const struct pki *twin; /* has the same key */
	const char *key_usage;  /* NULL: none */
	const char *san;        /* the same */
};

struct pki_crl {
	const struct pki *issuer;
	const struct pki *signer; /* NULL: the issuer */
	const struct pki *revoked[2];
	long from_s;  /* from now on; 0: an hour ago */
	long until_s; /* 0: a day */
};

static inline void pki_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	X509V3_set_ctx(&ctx, issuer ? issuer : x, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	cr_assert_not_null(e);
	cr_assert_eq(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

static inline void pki_pad(X509 *x, size_t bytes)
{
	ASN1_OBJECT *oid = OBJ_txt2obj("1.3.6.1.4.1.55555.1", 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	uint8_t *fill = calloc(1, bytes);
	X509_EXTENSION *e;

	cr_assert_eq(ASN1_OCTET_STRING_set(value, fill, (int)bytes), 1);
	e = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, value);
	cr_assert_eq(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(oid);
	free(fill);
}

static inline EVP_PKEY *pki_key(const struct pki_spec *s)
{
	if (s->twin) {
		cr_assert_eq(EVP_PKEY_up_ref(s->twin->key), 1);
		return s->twin->key;
	}
	return s->is_rsa ? EVP_RSA_gen(s->rsa_bits ? s->rsa_bits : 2048) : EVP_EC_gen("P-256");
}

static inline struct pki pki_make(const struct pki_spec *s)
{
	static long serial = 0x1000;
	struct pki p = { .key = pki_key(s), .x = X509_new() };
	X509_NAME *name = X509_get_subject_name(p.x);
	X509 *issuer = s->issuer ? s->issuer->x : NULL;

	cr_assert_not_null(p.key);
	X509_set_version(p.x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(p.x), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(p.x), s->from_s ? s->from_s : -3600);
	X509_gmtime_adj(X509_getm_notAfter(p.x), s->until_s ? s->until_s : 86400);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)s->cn, -1, -1, 0);
	if (s->organisation)
		X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8,
		                           (const uint8_t *)s->organisation, -1, -1, 0);
	X509_set_issuer_name(p.x, issuer ? X509_get_subject_name(issuer) : name);
	X509_set_pubkey(p.x, p.key);
	pki_extension(p.x, issuer, NID_subject_key_identifier, "hash");
	if (issuer)
		pki_extension(p.x, issuer, NID_authority_key_identifier, "keyid");
	pki_extension(p.x, issuer, NID_basic_constraints,
	              s->is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
	if (s->usage)
		pki_extension(p.x, issuer, NID_ext_key_usage, s->usage);
	if (s->san)
		pki_extension(p.x, issuer, NID_subject_alt_name, s->san);
	if (s->key_usage)
		pki_extension(p.x, issuer, NID_key_usage, s->key_usage);
	if (s->pad > 0)
		pki_pad(p.x, s->pad);
	cr_assert(X509_sign(p.x, s->issuer ? s->issuer->key : p.key, EVP_sha256()) > 0);
	return p;
}

static inline void pki_free(struct pki *p)
{
	EVP_PKEY_free(p->key);
	X509_free(p->x);
}

/* PEM of one certificate, appended to @text, which is malloc()ed or NULL. */
static inline char *pki_cert_pem(char *text, const struct pki *p)
{
	BIO *b = BIO_new(BIO_s_mem());
	size_t old = text ? strlen(text) : 0;
	char *bytes;
	long n;

	cr_assert_eq(PEM_write_bio_X509(b, p->x), 1);
	n = BIO_get_mem_data(b, &bytes);
	text = realloc(text, old + (size_t)n + 1);
	memcpy(text + old, bytes, (size_t)n);
	text[old + (size_t)n] = '\0';
	BIO_free(b);
	return text;
}

static inline void pki_crl_akid(X509_CRL *crl, X509 *issuer)
{
	X509_EXTENSION *e;
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, NULL, NULL, crl, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, NID_authority_key_identifier, "keyid:always");
	cr_assert_not_null(e);
	cr_assert_eq(X509_CRL_add_ext(crl, e, -1), 1);
	X509_EXTENSION_free(e);
}

static inline X509_CRL *pki_crl_make(const struct pki_crl *c)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *t = X509_gmtime_adj(NULL, c->from_s ? c->from_s : -3600);

	cr_assert_eq(X509_CRL_set_version(crl, X509_CRL_VERSION_2), 1);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(c->issuer->x));
	X509_CRL_set1_lastUpdate(crl, t);
	for (size_t n = 0; n < ARRAY_LEN(c->revoked) && c->revoked[n]; n++) {
		X509_REVOKED *r = X509_REVOKED_new();

		X509_REVOKED_set_serialNumber(r, X509_get_serialNumber(c->revoked[n]->x));
		X509_REVOKED_set_revocationDate(r, t);
		cr_assert_eq(X509_CRL_add0_revoked(crl, r), 1);
	}
	(void)X509_gmtime_adj(t, c->until_s ? c->until_s : 86400);
	X509_CRL_set1_nextUpdate(crl, t);
	ASN1_TIME_free(t);
	pki_crl_akid(crl, c->issuer->x);
	cr_assert(X509_CRL_sign(crl, c->signer ? c->signer->key : c->issuer->key, EVP_sha256()) >
	          0);
	return crl;
}

/* PEM of one CRL, appended to @text, which is malloc()ed or NULL. */
static inline char *pki_crl_pem(char *text, const struct pki_crl *c)
{
	X509_CRL *crl = pki_crl_make(c);
	BIO *b = BIO_new(BIO_s_mem());
	size_t old = text ? strlen(text) : 0;
	char *bytes;
	long n;

	cr_assert_eq(PEM_write_bio_X509_CRL(b, crl), 1);
	n = BIO_get_mem_data(b, &bytes);
	text = realloc(text, old + (size_t)n + 1);
	memcpy(text + old, bytes, (size_t)n);
	text[old + (size_t)n] = '\0';
	BIO_free(b);
	X509_CRL_free(crl);
	return text;
}

static inline char *pki_key_pem(const struct pki *p)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *bytes;
	char *text;
	long n;

	cr_assert_eq(PEM_write_bio_PrivateKey(b, p->key, NULL, NULL, 0, NULL, NULL), 1);
	n = BIO_get_mem_data(b, &bytes);
	text = calloc(1, (size_t)n + 1);
	memcpy(text, bytes, (size_t)n);
	BIO_free(b);
	return text;
}

static inline struct slice pki_text(const char *text)
{
	return slice_of(text, strlen(text));
}
