/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/allow.h"

#include <errno.h>
#include <stdlib.h>

#include "base/text.h"
#include "proto/san_pattern.h"
#include "tls/digest.h"
#include "tls/x509.h"

enum {
	SAN_SCRATCH_BYTES = 65536, /* as large as all a client may send */
	SANS_MAX = 256,            /* names of one certificate that are looked at */
};

struct sha256 {
	uint8_t bytes[DIGEST_BYTES];
};

struct allow {
	struct sha256 *leafs, *keys; /* sorted */
	size_t leafs_len, keys_len;
	struct san_pattern *sans;
	size_t sans_len;
	char *text; /* what the patterns point into */
	uint8_t id[TLS_ID_BYTES];
};

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct sha256));
}

static int read_digests(const struct text_list *texts, struct sha256 **out, size_t *out_len)
{
	struct sha256 *rows = calloc(texts->len + 1, sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	*out = rows;
	for (size_t n = 0; n < texts->len; n++) {
		struct slice text = slice_of(texts->rows[n], strlen(texts->rows[n]));

		if (text_unhex(text, rows[n].bytes, sizeof(rows[n].bytes)) < 0)
			return -EINVAL;
	}
	qsort(rows, texts->len, sizeof(*rows), compare);
	*out_len = texts->len;
	return 0;
}

/* The patterns outlive the texts: both are kept. */
static int read_sans(struct allow *a, const struct text_list *texts)
{
	size_t bytes = 1;
	char *at;

	for (size_t n = 0; n < texts->len; n++)
		bytes += strlen(texts->rows[n]);
	a->sans = calloc(texts->len + 1, sizeof(*a->sans));
	a->text = malloc(bytes);
	if (!a->sans || !a->text)
		return -ENOMEM;
	at = a->text;
	for (size_t n = 0; n < texts->len; n++) {
		size_t len = strlen(texts->rows[n]);

		memcpy(at, texts->rows[n], len);
		if (san_pattern_parse(slice_of(at, len), &a->sans[n]))
			return -EINVAL;
		at += len;
	}
	a->sans_len = texts->len;
	return 0;
}

static void add_list(const void *rows, size_t len, size_t size)
{
	const uint64_t count = len;

	digest_add(slice_of(&count, sizeof(count)));
	digest_add(slice_of(rows, len * size));
}

static int make_id(struct allow *a, const struct text_list *sans)
{
	digest_begin();
	digest_add(SLICE("sluice allow 1"));
	add_list(a->leafs, a->leafs_len, sizeof(*a->leafs));
	add_list(a->keys, a->keys_len, sizeof(*a->keys));
	for (size_t n = 0; n < sans->len; n++)
		add_list(sans->rows[n], strlen(sans->rows[n]), 1);
	return digest_end(a->id);
}

int allow_new(const struct allow_list *texts, struct allow **out)
{
	struct allow *a;
	int rc;

	if (texts->sha256.len + texts->spki_sha256.len + texts->san.len == 0) {
		*out = NULL;
		return 0;
	}
	a = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	rc = read_digests(&texts->sha256, &a->leafs, &a->leafs_len);
	if (rc == 0)
		rc = read_digests(&texts->spki_sha256, &a->keys, &a->keys_len);
	if (rc == 0)
		rc = read_sans(a, &texts->san);
	if (rc == 0)
		rc = make_id(a, &texts->san);
	if (rc < 0) {
		allow_free(a);
		return rc;
	}
	*out = a;
	return 0;
}

void allow_free(struct allow *a)
{
	if (!a)
		return;
	free(a->leafs);
	free(a->keys);
	free(a->sans);
	free(a->text);
	free(a);
}

/* @der is freed. */
static bool has_digest(const struct sha256 *rows, size_t len, unsigned char *der, int der_len)
{
	struct sha256 key = { 0 };
	bool ok = false;

	if (der_len > 0) {
		digest_begin();
		digest_add(slice_of(der, (size_t)der_len));
		ok = digest_end(key.bytes) == 0 &&
		     bsearch(&key, rows, len, sizeof(*rows), compare) != NULL;
	}
	OPENSSL_free(der);
	return ok;
}

static bool has_leaf(const struct allow *a, const X509 *leaf)
{
	unsigned char *der = NULL;
	int len = a->leafs_len > 0 ? i2d_X509(leaf, &der) : 0;

	return has_digest(a->leafs, a->leafs_len, der, len);
}

static bool has_key(const struct allow *a, const X509 *leaf)
{
	unsigned char *der = NULL;
	int len = a->keys_len > 0 ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &der) : 0;

	return has_digest(a->keys, a->keys_len, der, len);
}

static bool has_san(const struct allow *a, const X509 *leaf)
{
	static uint8_t scratch[SAN_SCRATCH_BYTES]; /* too large for a stack; used up in this call */
	struct sink names = sink_of(scratch, sizeof(scratch));
	struct slice rest;
	struct san san;

	if (a->sans_len == 0)
		return false;
	x509_put_sans(leaf, &names);
	if (names.overflow)
		return false;
	rest = sink_slice(&names);
	for (size_t looked = 0; looked < SANS_MAX && san_next(&rest, &san); looked++)
		for (size_t n = 0; n < a->sans_len; n++)
			if (san_pattern_matches(&a->sans[n], &san))
				return true;
	return false;
}

bool allow_has(const struct allow *a, const X509 *leaf)
{
	return has_leaf(a, leaf) || has_key(a, leaf) || has_san(a, leaf);
}

const uint8_t *allow_id(const struct allow *a)
{
	return a->id;
}
