/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/policy_id.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#include "tls/digest.h"

struct id {
	uint8_t bytes[DIGEST_BYTES];
};

struct ids {
	struct id *rows; /* sorted, each once */
	uint64_t len;
};

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct id));
}

/* @der is freed. */
static int id_of(unsigned char *der, int len, struct id *out)
{
	int rc;

	if (len <= 0)
		return -ENOMEM;
	digest_begin();
	digest_add(slice_of(der, (size_t)len));
	rc = digest_end(out->bytes);
	OPENSSL_free(der);
	return rc;
}

static void sort(struct ids *ids)
{
	uint64_t kept = 0;

	qsort(ids->rows, ids->len, sizeof(*ids->rows), compare);
	for (uint64_t n = 0; n < ids->len; n++)
		if (kept == 0 || compare(&ids->rows[kept - 1], &ids->rows[n]) != 0)
			ids->rows[kept++] = ids->rows[n];
	ids->len = kept;
}

static int alloc(struct ids *ids, int len)
{
	ids->len = len > 0 ? (uint64_t)len : 0;
	ids->rows = calloc(ids->len + 1, sizeof(*ids->rows));
	return ids->rows ? 0 : -ENOMEM;
}

static int ids_of_cas(STACK_OF(X509) * cas, struct ids *out)
{
	int rc = alloc(out, sk_X509_num(cas));

	for (int n = 0; rc == 0 && n < sk_X509_num(cas); n++) {
		unsigned char *der = NULL;
		int len = i2d_X509(sk_X509_value(cas, n), &der);

		rc = id_of(der, len, &out->rows[n]);
	}
	if (rc == 0)
		sort(out);
	return rc;
}

static int ids_of_crls(STACK_OF(X509_CRL) * crls, struct ids *out)
{
	int rc = alloc(out, sk_X509_CRL_num(crls));

	for (int n = 0; rc == 0 && n < sk_X509_CRL_num(crls); n++) {
		unsigned char *der = NULL;
		int len = i2d_X509_CRL(sk_X509_CRL_value(crls, n), &der);

		rc = id_of(der, len, &out->rows[n]);
	}
	if (rc == 0)
		sort(out);
	return rc;
}

/* With its length before it, so that no two lists of lists read alike. */
static void add_ids(const struct ids *ids)
{
	digest_add(slice_of(&ids->len, sizeof(ids->len)));
	digest_add(slice_of(ids->rows, ids->len * sizeof(*ids->rows)));
}

static int digest(const struct policy_demand *d, const struct ids *cas, const struct ids *crls,
                  uint8_t *out)
{
	static const uint8_t no_id[TLS_ID_BYTES];

	digest_begin();
	digest_add(SLICE("sluice client auth 3"));
	digest_add(slice_of(&d->verify, sizeof(d->verify)));
	digest_add(slice_of(&d->depth, sizeof(d->depth)));
	digest_add(slice_of(&d->crl_soft_fail, sizeof(d->crl_soft_fail)));
	digest_add(slice_of(&d->ocsp, sizeof(d->ocsp)));
	digest_add(slice_of(d->ocsp == OCSP_MODE_OFF ? no_id : d->ocsp_id, TLS_ID_BYTES));
	add_ids(cas);
	add_ids(crls);
	digest_add(slice_of(d->allow_id, d->allow_id ? TLS_ID_BYTES : 0)); /* last: or nothing */
	return digest_end(out);
}

int policy_client_auth_id(const struct policy_demand *d, uint8_t out[TLS_ID_BYTES])
{
	const struct policy_demand none = { .verify = VERIFY_NONE };
	struct ids cas = { 0 };
	struct ids crls = { 0 };
	int rc;

	if (d->verify == VERIFY_NONE)
		return digest(&none, &cas, &crls, out);
	rc = ids_of_cas(d->cas, &cas);
	if (rc == 0)
		rc = ids_of_crls(d->crls, &crls);
	if (rc == 0)
		rc = digest(d, &cas, &crls, out);
	free(cas.rows);
	free(crls.rows);
	return rc;
}

int policy_session_context(struct slice name, const uint8_t client_auth_id[TLS_ID_BYTES],
                           uint8_t out[TLS_ID_BYTES])
{
	digest_begin();
	digest_add(SLICE("sluice session 1"));
	digest_add(
		slice_of(client_auth_id, TLS_ID_BYTES)); /* of a fixed length, so it goes first */
	digest_add(name);
	return digest_end(out);
}
