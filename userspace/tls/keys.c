/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/keys.h"

#include <errno.h>
#include <openssl/crypto.h>

#include "tls/aead.h"
#include "tls/kdf.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Bytes written to @out; 0: not hexadecimal to its end, or too long. */
static size_t hex_decode(const char *text, uint8_t *out, size_t room)
{
	size_t n = 0;

	for (; text[0] != '\0'; text += 2) {
		int hi = hex_digit(text[0]);
		int lo = hi < 0 ? -1 : hex_digit(text[1]);

		if (lo < 0 || n == room)
			return 0;
		out[n++] = (uint8_t)(hi << 4 | lo);
	}
	return n;
}

/* "LABEL <client random> <secret>" */
enum keylog_line keylog_take(struct keylog *k, const char *line)
{
	static const char client[] = "CLIENT_TRAFFIC_SECRET_0 ";
	static const char server[] = "SERVER_TRAFFIC_SECRET_0 ";
	const char *secret = strrchr(line, ' ');

	if (!secret)
		return KEYLOG_OTHER;
	if (strncmp(line, client, sizeof(client) - 1) == 0) {
		k->client_len = (uint8_t)hex_decode(secret + 1, k->client, sizeof(k->client));
		return KEYLOG_CLIENT;
	}
	if (strncmp(line, server, sizeof(server) - 1) == 0) {
		k->server_len = (uint8_t)hex_decode(secret + 1, k->server, sizeof(k->server));
		return KEYLOG_SERVER;
	}
	return KEYLOG_OTHER;
}

/* Key and IV of one direction from its traffic secret. */
static int expand(const struct record_state *r, struct record_dir *d, bool seal)
{
	const struct suite *s = &suites[r->suite];
	struct slice secret = slice_of(d->secret, s->hash_bytes);

	if (kdf_expand_label(s->digest, secret, SLICE("key"), d->key, s->key_bytes) < 0 ||
	    kdf_expand_label(s->digest, secret, SLICE("iv"), d->iv, sizeof(d->iv)) < 0)
		return -EIO;
	d->seq = 0;
	d->key_id = aead_key_id(seal);
	return 0;
}

int keys_tls13(struct record_state *r, const struct keylog *k)
{
	const struct suite *s = &suites[r->suite];

	if (k->client_len != s->hash_bytes || k->server_len != s->hash_bytes)
		return -EIO;
	memcpy(r->rx.secret, k->client, s->hash_bytes);
	memcpy(r->tx.secret, k->server, s->hash_bytes);
	if (expand(r, &r->rx, false) < 0)
		return -EIO;
	return expand(r, &r->tx, true);
}

int keys_tls12(struct record_state *r, struct slice master, const uint8_t randoms[64])
{
	static const char label[] = "key expansion";
	const struct suite *s = &suites[r->suite];
	size_t key = s->key_bytes;
	size_t iv = r->suite == SUITE_CHACHA20_POLY1305 ? 12 : 4;
	uint8_t seed[sizeof(label) - 1 + 64];
	uint8_t block[2 * (32 + 12)];
	int rc;

	memcpy(seed, label, sizeof(label) - 1);
	memcpy(seed + sizeof(label) - 1, randoms, 64);
	rc = kdf_prf(s->digest, master, slice_of(seed, sizeof(seed)), block, 2 * (key + iv));
	if (rc == 0) {
		memcpy(r->rx.key, block, key);
		memcpy(r->tx.key, block + key, key);
		memcpy(r->rx.iv, block + 2 * key, iv);
		memcpy(r->tx.iv, block + 2 * key + iv, iv);
		r->rx.seq = 0;
		r->tx.seq = 0;
		r->rx.key_id = aead_key_id(false);
		r->tx.key_id = aead_key_id(true);
	}
	OPENSSL_cleanse(block, sizeof(block));
	return rc;
}

int keys_next(const struct record_state *r, struct record_dir *d)
{
	const struct suite *s = &suites[r->suite];
	uint8_t next[48];
	int rc = kdf_expand_label(s->digest, slice_of(d->secret, s->hash_bytes),
	                          SLICE("traffic upd"), next, s->hash_bytes);

	if (rc == 0) {
		memcpy(d->secret, next, s->hash_bytes);
		rc = expand(r, d, d == &r->tx);
	}
	OPENSSL_cleanse(next, sizeof(next));
	return rc;
}
