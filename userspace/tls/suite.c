/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/suite.h"

/* RFC 8446 section 5.5: 2^24.5 full records keep an attacker's advantage under 2^-57.
 * A few are left for the KeyUpdate or the alert that comes after. ChaCha20-Poly1305
 * has no limit that a connection could reach. */
#define MAX_AES_128_GCM       23000000
#define MAX_AES_256_GCM       23000000
#define MAX_CHACHA20_POLY1305 (UINT64_MAX >> 1)

#define CIPHER_AES_128_GCM       "AES-128-GCM"
#define CIPHER_AES_256_GCM       "AES-256-GCM"
#define CIPHER_CHACHA20_POLY1305 "ChaCha20-Poly1305"

#define X(name, key, hash)                                                                         \
	[SUITE_##name] = { .cipher = CIPHER_##name,                                                \
		           .digest = (hash) == 48 ? "SHA2-384" : "SHA2-256",                       \
		           .records_max = MAX_##name,                                              \
		           .key_bytes = (key),                                                     \
		           .hash_bytes = (hash) },
const struct suite suites[SUITE_MAX] = { RECORD_SUITES(X) };
#undef X
