/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/secret.h"

#include <criterion/criterion.h>

#include "base/text.h"

static const uint8_t salt[SECRET_SALT_BYTES] = "0123456789abcdef";

Test(secret, a_hash_is_sha_256_of_salt_and_secret)
{
	uint8_t hash[SECRET_HASH_BYTES];
	char text[2 * SECRET_HASH_BYTES + 1] = "";
	struct sink s = sink_of(text, sizeof(text) - 1);

	/* printf 0123456789abcdefsecret | sha256sum */
	cr_assert_eq(secret_hash(salt, SLICE("secret"), hash), 0);
	text_hex(&s, slice_of(hash, sizeof(hash)));
	cr_expect_str_eq(text, "c5310e3d1e5823ef77ce3a5804988a72fc60c307a0c8959f3461e202e4a8d814");
}

Test(secret, other_salts_and_secrets_have_other_hashes)
{
	uint8_t other[SECRET_SALT_BYTES] = { 0 };
	uint8_t a[SECRET_HASH_BYTES];
	uint8_t b[SECRET_HASH_BYTES];

	cr_assert_eq(secret_hash(salt, SLICE("secret"), a), 0);
	cr_assert_eq(secret_hash(salt, SLICE("secret"), b), 0);
	cr_expect(secret_eq(a, b));
	cr_assert_eq(secret_hash(other, SLICE("secret"), b), 0);
	cr_expect_not(secret_eq(a, b));
	cr_assert_eq(secret_hash(salt, SLICE("secreT"), b), 0);
	cr_expect_not(secret_eq(a, b));
}

Test(secret, what_is_random_does_not_come_twice)
{
	uint8_t a[16];
	uint8_t b[16];

	cr_assert_eq(secret_random(a, sizeof(a)), 0);
	cr_assert_eq(secret_random(b, sizeof(b)), 0);
	cr_expect(memcmp(a, b, sizeof(a)) != 0);
}
