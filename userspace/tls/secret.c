/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/secret.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "tls/digest.h"

int secret_random(uint8_t *out, size_t len)
{
	must(len <= INT16_MAX);
	return RAND_bytes(out, (int)len) == 1 ? 0 : -EIO;
}

int secret_hash(const uint8_t salt[SECRET_SALT_BYTES], struct slice secret,
                uint8_t out[SECRET_HASH_BYTES])
{
	static_assert((int)DIGEST_BYTES == (int)SECRET_HASH_BYTES, "one hash");
	digest_begin();
	digest_add(slice_of(salt, SECRET_SALT_BYTES));
	digest_add(secret);
	return digest_end(out);
}

bool secret_eq(const uint8_t a[SECRET_HASH_BYTES], const uint8_t b[SECRET_HASH_BYTES])
{
	return CRYPTO_memcmp(a, b, SECRET_HASH_BYTES) == 0;
}
