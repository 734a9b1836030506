/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tls_state.h - record states without a handshake, for tests and fuzz targets.
 */
#pragma once

#include "tls/keys.h"
#include "tls/suite.h"

static inline uint8_t *test_hex(const char *text, uint8_t *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t n = 0; text[n] && text[n + 1]; n += 2) {
		const char *hi = strchr(digits, text[n]);
		const char *lo = strchr(digits, text[n + 1]);

		must(hi && lo);
		out[n / 2] = (uint8_t)((hi - digits) << 4 | (lo - digits));
	}
	return out;
}

/* Our side of a connection whose secrets are made from @seed. */
static inline struct record_state test_state(uint16_t version, enum record_suite suite,
                                             uint8_t seed)
{
	struct record_state r = {
		.version = version,
		.suite = (uint8_t)suite,
		.hash_bytes = suites[suite].hash_bytes,
		.plain_max = RECORD_PLAIN_MAX,
		.key_updates_max = RECORD_KEY_UPDATES_MAX,
	};
	struct keylog k = { .client_len = r.hash_bytes, .server_len = r.hash_bytes };
	uint8_t randoms[64];

	memset(k.client, seed, sizeof(k.client));
	memset(k.server, seed ^ 0xFF, sizeof(k.server));
	memset(randoms, seed, sizeof(randoms));
	if (version == VERSION_TLS13)
		must(keys_tls13(&r, &k) == 0);
	else
		must(keys_tls12(&r, slice_of(k.client, 48), randoms) == 0);
	r.tx.explicit_nonce = seed;
	return r;
}

/* The other end of the same connection: what one seals the other opens. */
static inline struct record_state test_peer(const struct record_state *r)
{
	struct record_state p = *r;

	p.rx = r->tx;
	p.tx = r->rx;
	/* The place in the cache says whether a key seals. */
	p.rx.key_id = (r->tx.key_id + (1U << 20)) & ~1ULL;
	p.tx.key_id = (r->rx.key_id + (1U << 20)) | 1;
	p.tx.explicit_nonce = 7000;
	return p;
}
