/* SPDX-License-Identifier: GPL-2.0-only */
#include <openssl/ocsp.h>
#include <time.h>

#include "pki.h"
#include "tls/digest.h"
#include "tls/ocsp.h"

static struct pki ca, twin_ca, other_ca, leaf, other_leaf, plain, delegate, foreign_delegate,
	expired_delegate;

static void setup(void)
{
	const char *may = "OCSPSigning";

	ca = pki_make(&(struct pki_spec){ .cn = "CA", .is_ca = true });
	twin_ca = pki_make(&(struct pki_spec){ .cn = "CA", .is_ca = true }); /* another key */
	other_ca = pki_make(&(struct pki_spec){ .cn = "Other", .is_ca = true });
	leaf = pki_make(&(struct pki_spec){ .cn = "leaf", .issuer = &ca });
	other_leaf = pki_make(&(struct pki_spec){ .cn = "other", .issuer = &ca });
	plain = pki_make(&(struct pki_spec){ .cn = "no EKU", .issuer = &ca });
	delegate = pki_make(&(struct pki_spec){ .cn = "d", .issuer = &ca, .usage = may });
	foreign_delegate =
		pki_make(&(struct pki_spec){ .cn = "f", .issuer = &other_ca, .usage = may });
	expired_delegate = pki_make(&(struct pki_spec){
		.cn = "e", .issuer = &ca, .usage = may, .from_s = -7200, .until_s = -3600 });
	cr_assert_eq(digest_init(), 0);
}

static void teardown(void)
{
	struct pki *all[] = { &ca,       &twin_ca,          &other_ca,
		              &leaf,     &other_leaf,       &plain,
		              &delegate, &foreign_delegate, &expired_delegate };

	for (size_t n = 0; n < ARRAY_LEN(all); n++)
		pki_free(all[n]);
}

TestSuite(tls_ocsp, .init = setup, .fini = teardown);

struct spec {
	int status;               /* V_OCSP_CERTSTATUS_* */
	const struct pki *about;  /* NULL: leaf */
	const struct pki *issuer; /* of whom the answer speaks; NULL: ca */
	const struct pki *signer; /* NULL: ca */
	bool is_without_signer;   /* its certificate is not sent along */
	bool is_sha256;           /* the id is of SHA-256 */
	bool has_no_end;          /* no nextUpdate */
	long from_s, until_s;     /* from now on; both 0: a minute ago, in an hour */
};

static void add_status(OCSP_BASICRESP *basic, const struct spec *s)
{
	const struct pki *about = s->about ? s->about : &leaf;
	const struct pki *issuer = s->issuer ? s->issuer : &ca;
	bool has_times = s->from_s || s->until_s;
	ASN1_TIME *from = X509_gmtime_adj(NULL, has_times ? s->from_s : -60);
	ASN1_TIME *until = X509_gmtime_adj(NULL, has_times ? s->until_s : 3600);
	ASN1_TIME *when = s->status == V_OCSP_CERTSTATUS_REVOKED ? from : NULL;
	OCSP_CERTID *id =
		OCSP_cert_to_id(s->is_sha256 ? EVP_sha256() : EVP_sha1(), about->x, issuer->x);

	cr_assert_not_null(OCSP_basic_add1_status(basic, id, s->status, 0, when, from,
	                                          s->has_no_end ? NULL : until));
	OCSP_CERTID_free(id);
	ASN1_TIME_free(from);
	ASN1_TIME_free(until);
}

/* DER; good until the next call. */
static struct slice answer(const struct spec *s)
{
	const struct pki *signer = s->signer ? s->signer : &ca;
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	OCSP_RESPONSE *r;
	static uint8_t der[4096];
	unsigned char *at = der;
	int len;

	add_status(basic, s);
	cr_assert_eq(OCSP_basic_sign(basic, signer->x, signer->key, EVP_sha256(), NULL,
	                             s->is_without_signer ? OCSP_NOCERTS : 0),
	             1);
	r = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	cr_assert(i2d_OCSP_RESPONSE(r, NULL) <= (int)sizeof(der));
	len = i2d_OCSP_RESPONSE(r, &at);
	cr_assert(len > 0);
	OCSP_RESPONSE_free(r);
	OCSP_BASICRESP_free(basic);
	return slice_of(der, (size_t)len);
}

static struct ocsp_verdict check(struct slice response)
{
	struct ocsp_verdict v;

	memset(&v, 0xFF, sizeof(v));
	ocsp_check(response, leaf.x, ca.x, time(NULL), &v);
	return v;
}

static struct ocsp_verdict check_spec(const struct spec *s)
{
	return check(answer(s));
}

Test(tls_ocsp, what_is_said_is_taken)
{
	const int64_t now = time(NULL);
	struct ocsp_verdict v = check_spec(&(struct spec){ .status = V_OCSP_CERTSTATUS_GOOD });

	cr_expect_eq(v.status, OCSP_GOOD);
	cr_expect(v.until >= now + 3600 && v.until <= now + 3700 + OCSP_SKEW_S);
	cr_expect_str_eq(v.why, "");
	v = check_spec(&(struct spec){ .status = V_OCSP_CERTSTATUS_REVOKED });
	cr_expect_eq(v.status, OCSP_REVOKED);
	v = check_spec(&(struct spec){ .status = V_OCSP_CERTSTATUS_UNKNOWN });
	cr_expect_eq(v.status, OCSP_UNKNOWN);
	v = check_spec(&(struct spec){ .is_sha256 = true });
	cr_expect_eq(v.status, OCSP_GOOD);
	v = check_spec(&(struct spec){ .is_without_signer = true });
	cr_expect_eq(v.status, OCSP_GOOD);
	v = check_spec(&(struct spec){ .signer = &delegate });
	cr_expect_eq(v.status, OCSP_GOOD);
	v = check_spec(&(struct spec){ .has_no_end = true });
	cr_expect_eq(v.status, OCSP_GOOD);
	cr_expect_eq(v.until, 0);
}

static const char signed_by_none[] = "nobody who may has signed the answer";
static const char another[] = "the answer is about another certificate";

Test(tls_ocsp, what_nobody_may_say_is_nothing)
{
	const struct {
		struct spec spec;
		const char *why;
	} rows[] = {
		{ { .from_s = 3600, .until_s = 7200 }, "it is of a time to come" },
		{ { .from_s = -7200, .until_s = -3600 }, "it is out of date" },
		{ { .from_s = -10, .until_s = -20 }, "no time of its end" },
		{ { .from_s = -OCSP_AGE_MAX_S - 60, .has_no_end = true },
		  "it is old and says of no end" },
		{ { .about = &other_leaf }, another },
		{ { .issuer = &twin_ca, .signer = &twin_ca }, signed_by_none },
		{ { .issuer = &other_ca, .signer = &other_ca }, signed_by_none },
		{ { .issuer = &other_ca }, signed_by_none },
		{ { .signer = &twin_ca }, signed_by_none },
		{ { .signer = &other_ca }, signed_by_none },
		{ { .signer = &plain }, signed_by_none },
		{ { .signer = &leaf }, signed_by_none },
		{ { .signer = &foreign_delegate }, signed_by_none },
		{ { .signer = &expired_delegate }, signed_by_none },
		{ { .signer = &delegate, .is_without_signer = true }, signed_by_none },
	};

	for (size_t n = 0; n < ARRAY_LEN(rows); n++) {
		struct ocsp_verdict v = check_spec(&rows[n].spec);

		cr_expect_eq(v.status, OCSP_FAILED, "row %zu", n);
		cr_expect_str_eq(v.why, rows[n].why, "row %zu: %s", n, v.why);
	}
}

Test(tls_ocsp, clocks_may_differ_a_little)
{
	struct ocsp_verdict v =
		check_spec(&(struct spec){ .from_s = OCSP_SKEW_S - 5, .until_s = 3600 });

	cr_expect_eq(v.status, OCSP_GOOD);
	v = check_spec(&(struct spec){ .from_s = -600, .until_s = 5 - OCSP_SKEW_S });
	cr_expect_eq(v.status, OCSP_GOOD);
	cr_expect(v.until > time(NULL), "and yet it holds for a moment");
}

Test(tls_ocsp, a_refusal_is_no_answer)
{
	OCSP_RESPONSE *r = OCSP_response_create(OCSP_RESPONSE_STATUS_TRYLATER, NULL);
	unsigned char *der = NULL;
	int len = i2d_OCSP_RESPONSE(r, &der);
	struct ocsp_verdict v = check(slice_of(der, (size_t)len));

	cr_expect_eq(v.status, OCSP_FAILED);
	cr_expect_str_eq(v.why, "the responder refused");
	OPENSSL_free(der);
	OCSP_RESPONSE_free(r);
}

/* No shorter, no longer, and not a bit of it another. */
Test(tls_ocsp, whatever_is_changed_fails)
{
	struct slice der = answer(&(struct spec){ .is_without_signer = true });
	uint8_t bytes[4096] = { 0 };

	cr_assert(der.len < sizeof(bytes));
	memcpy(bytes, der.ptr, der.len);
	cr_assert_eq(check(slice_of(bytes, der.len)).status, OCSP_GOOD);
	for (size_t n = 0; n < der.len; n++)
		cr_expect_eq(check(slice_of(bytes, n)).status, OCSP_FAILED, "%zu bytes", n);
	cr_expect_eq(check(slice_of(bytes, der.len + 1)).status, OCSP_FAILED);
	for (size_t n = 0; n < der.len; n++) {
		bytes[n] ^= 0x01;
		cr_expect_neq(check(slice_of(bytes, der.len)).status, OCSP_REVOKED, "byte %zu", n);
		bytes[n] ^= 0x01;
	}
}

Test(tls_ocsp, a_key_is_of_one_certificate_under_one_demand)
{
	const struct slice pem[] = { SLICE("CA"), SLICE("CAh"), SLICE("CA"), SLICE("CA") };
	const struct slice url[] = { SLICE("http://r"), SLICE("ttp://r"), SLICE(""),
		                     SLICE("http://s") };
	uint8_t key[ARRAY_LEN(pem) * 2][OCSP_ID_BYTES];
	const uint8_t sha256[2][32] = { { 1 }, { 2 } };

	for (size_t n = 0; n < ARRAY_LEN(key); n++) {
		uint8_t id[OCSP_ID_BYTES];

		cr_assert_eq(ocsp_id(pem[n / 2], url[n / 2], id), 0);
		cr_assert_eq(ocsp_key(id, sha256[n % 2], key[n]), 0);
		for (size_t other = 0; other < n; other++)
			cr_expect(memcmp(key[n], key[other], OCSP_ID_BYTES) != 0, "%zu %zu", n,
			          other);
	}
}

Test(tls_ocsp, a_key_of_a_certificate_is_that_of_its_digest)
{
	const uint8_t id[OCSP_ID_BYTES] = { 7 };
	uint8_t sha256[32];
	uint8_t a[OCSP_ID_BYTES];
	uint8_t b[OCSP_ID_BYTES];

	digest_begin();
	digest_add(SLICE("leaf"));
	cr_assert_eq(digest_end(sha256), 0);
	cr_assert_eq(ocsp_key(id, sha256, a), 0);
	cr_assert_eq(ocsp_leaf_key(id, SLICE("leaf"), b), 0);
	cr_expect_arr_eq(a, b, sizeof(a));
}
