/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/policy_id.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#include "tls/digest.h"

struct ca_id {
	uint8_t bytes[DIGEST_BYTES];
};

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct ca_id));
}

static int ca_id(const X509 *ca, struct ca_id *out)
{
	unsigned char *der = NULL;
	int len = i2d_X509(ca, &der);
	int rc;

	if (len <= 0)
		return -ENOMEM;
	digest_begin();
	digest_add(slice_of(der, (size_t)len));
	rc = digest_end(out->bytes);
	OPENSSL_free(der);
	return rc;
}

static int digest(enum verify_mode mode, uint32_t depth, const struct ca_id *ids, size_t len,
                  uint8_t *out)
{
	digest_begin();
	digest_add(SLICE("sluice client auth 1"));
	digest_add(slice_of(&mode, sizeof(mode)));
	digest_add(slice_of(&depth, sizeof(depth)));
	for (size_t n = 0; n < len; n++)
		if (n == 0 || compare(&ids[n - 1], &ids[n]) != 0)
			digest_add(slice_of(ids[n].bytes, sizeof(ids[n].bytes)));
	return digest_end(out);
}

int policy_client_auth_id(enum verify_mode mode, uint32_t depth, STACK_OF(X509) * cas,
                          uint8_t out[TLS_ID_BYTES])
{
	size_t len;
	struct ca_id *ids;
	int rc = 0;

	if (mode == VERIFY_NONE)
		return digest(mode, 0, NULL, 0, out);
	len = (size_t)sk_X509_num(cas);
	ids = calloc(len, sizeof(*ids));
	if (!ids)
		return -ENOMEM;
	for (size_t n = 0; rc == 0 && n < len; n++)
		rc = ca_id(sk_X509_value(cas, (int)n), &ids[n]);
	qsort(ids, len, sizeof(*ids), compare);
	if (rc == 0)
		rc = digest(mode, depth, ids, len, out);
	free(ids);
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
