/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * suite.h - what a record suite is made of. Private to this room.
 */
#pragma once

#include "tls/record.h"

enum {
	AEAD_NONCE_BYTES = 12,
	AEAD_TAG_BYTES = 16,
	EXPLICIT_NONCE_BYTES = 8, /* TLS 1.2 AES-GCM, in front of the ciphertext */
	VERSION_TLS12 = 0x0303,
	VERSION_TLS13 = 0x0304,
};

struct suite {
	const char *cipher; /* EVP's names */
	const char *digest;
	uint64_t records_max; /* sealed under one key: RFC 8446 section 5.5 */
	uint8_t key_bytes;
	uint8_t hash_bytes;
};

extern const struct suite suites[SUITE_MAX];

static inline bool record_is_tls13(const struct record_state *r)
{
	return r->version == VERSION_TLS13;
}

/* True where the nonce is sent with each record: RFC 5288. RFC 7905 has none. */
static inline bool record_has_explicit_nonce(const struct record_state *r)
{
	return !record_is_tls13(r) && r->suite != SUITE_CHACHA20_POLY1305;
}

static inline void put_be16(uint8_t *at, size_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static inline void put_be64(uint8_t *at, uint64_t v)
{
	v = __builtin_bswap64(v);
	memcpy(at, &v, sizeof(v));
}

static inline size_t get_be16(const uint8_t *at)
{
	return (size_t)at[0] << 8 | at[1];
}

static inline uint64_t get_be64(const uint8_t *at)
{
	uint64_t v;

	memcpy(&v, at, sizeof(v));
	return __builtin_bswap64(v);
}
