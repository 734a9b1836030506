/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/ocsp.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <stdio.h>

#include "tls/digest.h"
#include "tls/x509.h"

int ocsp_id(struct slice ca_pem, struct slice responder, uint8_t out[OCSP_ID_BYTES])
{
	const uint64_t len = ca_pem.len;

	digest_begin();
	digest_add(SLICE("sluice ocsp 1"));
	digest_add(slice_of(&len, sizeof(len)));
	digest_add(ca_pem);
	digest_add(responder);
	return digest_end(out);
}

int ocsp_key(const uint8_t id[OCSP_ID_BYTES], const uint8_t sha256[32], uint8_t out[OCSP_ID_BYTES])
{
	digest_begin();
	digest_add(SLICE("sluice ocsp certificate 1"));
	digest_add(slice_of(id, OCSP_ID_BYTES));
	digest_add(slice_of(sha256, 32));
	return digest_end(out);
}

int ocsp_leaf_key(const uint8_t id[OCSP_ID_BYTES], struct slice leaf, uint8_t out[OCSP_ID_BYTES])
{
	uint8_t sha256[DIGEST_BYTES];
	int rc;

	digest_begin();
	digest_add(leaf);
	rc = digest_end(sha256);
	return rc < 0 ? rc : ocsp_key(id, sha256, out);
}

/* What a check is about, and how far it has come. */
struct check {
	X509 *leaf, *issuer;
	int64_t now;
	struct ocsp_verdict *out;
};

static void failed(const struct check *c, const char *why)
{
	*c->out = (struct ocsp_verdict){ .status = OCSP_FAILED };
	(void)snprintf(c->out->why, sizeof(c->out->why), "%s", why);
}

/*
 * Trusted is the issuer and nobody else. Without OCSP_NOEXPLICIT an anchor that is trusted
 * for OCSP explicitly could sign for every CA.
 */
static bool is_signed(const struct check *c, OCSP_BASICRESP *basic)
{
	STACK_OF(X509) *issuers = sk_X509_new_null();
	X509_STORE *store = X509_STORE_new();
	bool ok = issuers && store;

	ok = ok && sk_X509_push(issuers, c->issuer) > 0 &&
	     X509_STORE_add_cert(store, c->issuer) == 1 &&
	     X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) == 1;
	if (ok) {
		X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), c->now);
		ok = OCSP_basic_verify(basic, issuers, store, OCSP_NOEXPLICIT) == 1;
	}
	X509_STORE_free(store);
	sk_X509_free(issuers);
	return ok;
}

struct times {
	ASN1_GENERALIZEDTIME *this_update, *next_update; /* borrowed; next may be NULL */
};

/* NULL, or what is wrong with when it was said. */
static const char *check_times(const struct check *c, const struct times *t, int64_t *from,
                               int64_t *until)
{
	if (!t->this_update || x509_time(t->this_update, from) < 0)
		return "no time of its making";
	if (*from > c->now + OCSP_SKEW_S)
		return "it is of a time to come";
	if (!t->next_update) {
		*until = 0;
		return c->now - *from > OCSP_AGE_MAX_S ? "it is old and says of no end" : NULL;
	}
	if (x509_time(t->next_update, until) < 0 || *until < *from)
		return "no time of its end";
	if (c->now >= *until + OCSP_SKEW_S)
		return "it is out of date";
	*until += OCSP_SKEW_S;
	return NULL;
}

/* Found under SHA-1, as it was asked for, or under SHA-256. */
static bool find(const struct check *c, OCSP_BASICRESP *basic, int *status, struct times *t)
{
	const EVP_MD *const digests[] = { EVP_sha1(), EVP_sha256() };
	bool found = false;

	for (size_t n = 0; n < ARRAY_LEN(digests) && !found; n++) {
		OCSP_CERTID *id = OCSP_cert_to_id(digests[n], c->leaf, c->issuer);

		found = id && OCSP_resp_find_status(basic, id, status, NULL, NULL, &t->this_update,
		                                    &t->next_update) == 1;
		OCSP_CERTID_free(id);
	}
	return found;
}

static void conclude(const struct check *c, OCSP_BASICRESP *basic)
{
	struct times t = { 0 };
	const char *wrong;
	int64_t from = 0;
	int64_t until = 0;
	int status;

	if (!find(c, basic, &status, &t)) {
		failed(c, "the answer is about another certificate");
		return;
	}
	wrong = check_times(c, &t, &from, &until);
	if (wrong) {
		failed(c, wrong);
		return;
	}
	*c->out = (struct ocsp_verdict){ .from = from, .until = until };
	switch (status) {
	case V_OCSP_CERTSTATUS_GOOD:
		c->out->status = OCSP_GOOD;
		break;
	case V_OCSP_CERTSTATUS_REVOKED:
		c->out->status = OCSP_REVOKED;
		break;
	case V_OCSP_CERTSTATUS_UNKNOWN:
		c->out->status = OCSP_UNKNOWN;
		break;
	default:
		failed(c, "a status that does not exist");
	}
}

static void check_basic(const struct check *c, OCSP_RESPONSE *response)
{
	OCSP_BASICRESP *basic = OCSP_response_get1_basic(response);

	if (!basic)
		failed(c, "no basic response in the answer");
	else if (!is_signed(c, basic))
		failed(c, "nobody who may has signed the answer");
	else
		conclude(c, basic);
	OCSP_BASICRESP_free(basic);
}

void ocsp_check(struct slice response, X509 *leaf, X509 *issuer, int64_t now,
                struct ocsp_verdict *out)
{
	const struct check c = { .leaf = leaf, .issuer = issuer, .now = now, .out = out };
	const unsigned char *at = response.ptr;
	OCSP_RESPONSE *r = NULL;

	if (response.len <= OCSP_RESPONSE_MAX)
		r = d2i_OCSP_RESPONSE(NULL, &at, (long)response.len);
	if (!r || at != response.ptr + response.len)
		failed(&c, "no OCSP response");
	else if (OCSP_response_status(r) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
		failed(&c, "the responder refused");
	else
		check_basic(&c, r);
	OCSP_RESPONSE_free(r);
	ERR_clear_error();
}
