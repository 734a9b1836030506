/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a responder sends. The first byte says how the rest is meant: as the response itself; as
 * changes to a good one; as ResponseData, which is then signed as it should be.
 *
 * Whatever it is: without our signature nothing is said, a change does not make another
 * statement of one, and what is believed has the hash of our issuer's key and our serial number
 * in it. Keys and times are fixed, so that a corpus means the same tomorrow.
 */
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "tls/ocsp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { NOW = 2000000000, SERIAL = 0x51ce51ce, TBS_MAX = 8192, ED25519_BYTES = 64 };
enum how { AS_IT_IS, CHANGED, SIGNED, HOW_MAX };

static EVP_PKEY *key;
static X509 *ca, *leaf;
static uint8_t *good;
static size_t good_len;

static void set_time(ASN1_TIME *t, int64_t s)
{
	must(ASN1_TIME_set(t, s));
}

static X509 *certificate(const char *name, long serial, const char *constraints)
{
	X509 *x = X509_new();
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, constraints);
	X509_NAME *issuer = X509_NAME_new();

	must(x && e && issuer);
	must(X509_set_version(x, X509_VERSION_3) == 1);
	must(ASN1_INTEGER_set(X509_get_serialNumber(x), serial) == 1);
	set_time(X509_getm_notBefore(x), NOW - 86400);
	set_time(X509_getm_notAfter(x), NOW + 86400L * 365);
	must(X509_NAME_add_entry_by_txt(issuer, "CN", MBSTRING_ASC, (const uint8_t *)"ca", -1, -1,
	                                0) == 1);
	must(X509_set_issuer_name(x, issuer) == 1);
	must(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
	                                (const uint8_t *)name, -1, -1, 0) == 1);
	must(X509_set_pubkey(x, key) == 1 && X509_add_ext(x, e, -1) == 1);
	must(X509_sign(x, key, NULL) > 0);
	X509_NAME_free(issuer);
	X509_EXTENSION_free(e);
	return x;
}

static struct ocsp_verdict check(struct slice response)
{
	struct ocsp_verdict v;

	memset(&v, 0xFF, sizeof(v));
	ocsp_check(response, leaf, ca, NOW, &v);
	must((unsigned int)v.status < OCSP_STATUS_MAX);
	must(memchr(v.why, '\0', sizeof(v.why)));
	must((v.status == OCSP_FAILED) == (v.why[0] != '\0'));
	must(v.status == OCSP_FAILED || v.until == 0 || v.until > NOW);
	return v;
}

/* Three bytes each: where, and what is changed there. */
static void changed(struct slice in)
{
	uint8_t *copy = malloc(good_len);

	must(copy);
	memcpy(copy, good, good_len);
	for (size_t n = 0; n + 3 <= in.len; n += 3)
		copy[((size_t)in.ptr[n] << 8 | in.ptr[n + 1]) % good_len] ^= in.ptr[n + 2];
	switch (check(slice_of(copy, good_len)).status) {
	case OCSP_FAILED:
		must(memcmp(copy, good, good_len) != 0);
		break;
	case OCSP_GOOD:
		break;
	default:
		must(false);
	}
	free(copy);
}

/* DER of that tag around @s, from its end backwards. */
static void wrap(struct slice *s, uint8_t *room, uint8_t tag)
{
	size_t at = (size_t)(s->ptr - room);
	size_t len = s->len;

	must(at >= 4 && len <= UINT16_MAX);
	if (len < 128) {
		room[--at] = (uint8_t)len;
	} else {
		room[--at] = (uint8_t)len;
		if (len > UINT8_MAX)
			room[--at] = (uint8_t)(len >> 8);
		room[at - 1] = len > UINT8_MAX ? 0x82 : 0x81;
		at--;
	}
	room[--at] = tag;
	*s = slice_of(room + at, s->len + (size_t)(s->ptr - (room + at)));
}

static void before(struct slice *s, uint8_t *room, struct slice what)
{
	size_t at = (size_t)(s->ptr - room) - what.len;

	slice_copy(room + at, what);
	*s = slice_of(room + at, s->len + what.len);
}

static bool has(struct slice in, struct slice what)
{
	return memmem(in.ptr, in.len, what.ptr, what.len) != NULL;
}

static bool names_us(struct slice tbs)
{
	const struct slice serial = SLICE("\x02\x04\x51\xce\x51\xce");
	const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(ca);
	uint8_t hash[2][EVP_MAX_MD_SIZE];

	must(EVP_Digest(bits->data, (size_t)bits->length, hash[0], NULL, EVP_sha1(), NULL) == 1);
	must(EVP_Digest(bits->data, (size_t)bits->length, hash[1], NULL, EVP_sha256(), NULL) == 1);
	return has(tbs, serial) &&
	       (has(tbs, slice_of(hash[0], 20)) || has(tbs, slice_of(hash[1], 32)));
}

static enum ocsp_status signed_well(struct slice tbs)
{
	static uint8_t room[TBS_MAX + 256];
	const struct slice oid = SLICE("\x06\x09\x2b\x06\x01\x05\x05\x07\x30\x01\x01");
	uint8_t signature[ED25519_BYTES];
	size_t len = sizeof(signature);
	enum ocsp_status status;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct slice s = slice_of(room + sizeof(room), 0);

	must(EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1);
	must(EVP_DigestSign(ctx, signature, &len, tbs.ptr, tbs.len) == 1);
	EVP_MD_CTX_free(ctx);
	before(&s, room, slice_of(signature, len));
	before(&s, room,
	       SLICE("\x30\x05\x06\x03\x2b\x65\x70\x03\x41\x00")); /* Ed25519; no bit is unused */
	before(&s, room, tbs);
	wrap(&s, room, 0x30);
	wrap(&s, room, 0x04);
	before(&s, room, oid);
	wrap(&s, room, 0x30);
	wrap(&s, room, 0xa0);
	before(&s, room, SLICE("\x0a\x01\x00")); /* successful */
	wrap(&s, room, 0x30);
	status = check(s).status;
	must(status == OCSP_FAILED || names_us(tbs));
	return status;
}

static void make_good(void)
{
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), leaf, ca);
	ASN1_TIME *from = ASN1_TIME_set(NULL, NOW - 60);
	ASN1_TIME *until = ASN1_TIME_set(NULL, NOW + 3600);
	OCSP_RESPONSE *r;
	uint8_t *tbs = NULL;
	int len;

	must(OCSP_basic_add1_status(basic, id, V_OCSP_CERTSTATUS_GOOD, 0, NULL, from, until));
	must(OCSP_basic_sign(basic, ca, key, NULL, NULL, OCSP_NOCERTS | OCSP_NOTIME) == 1);
	r = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	len = i2d_OCSP_RESPONSE(r, &good);
	must(len > 0);
	good_len = (size_t)len;
	/* Else nothing below would mean anything. */
	must(check(slice_of(good, good_len)).status == OCSP_GOOD);
	len = i2d_OCSP_RESPDATA(OCSP_resp_get0_respdata(basic), &tbs);
	must(len > 0 && signed_well(slice_of(tbs, (size_t)len)) == OCSP_GOOD);
	OPENSSL_free(tbs);
	OCSP_RESPONSE_free(r);
	OCSP_BASICRESP_free(basic);
	OCSP_CERTID_free(id);
	ASN1_TIME_free(from);
	ASN1_TIME_free(until);
}

static void setup(void)
{
	const uint8_t secret[32] = { 1, 2, 3 };

	key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, sizeof(secret));
	must(key);
	ca = certificate("ca", 1, "critical,CA:TRUE");
	leaf = certificate("leaf", SERIAL, "critical,CA:FALSE");
	make_good();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice in = slice_of(data, len);

	if (!key)
		setup();
	if (len < 1 || len > TBS_MAX)
		return 0;
	in = slice_sub(in, 1, len - 1);
	switch (data[0] % HOW_MAX) {
	case AS_IT_IS:
		if (check(in).status != OCSP_FAILED)
			must(names_us(in));
		break;
	case CHANGED:
		changed(in);
		break;
	default:
		(void)signed_well(in);
	}
	ERR_clear_error();
	return 0;
}
