/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * secret.h - secrets that are made here and kept as salted hashes.
 *
 * One round of SHA-256 is enough for what is 128 random bits; it would not be for a password.
 */
#pragma once

#include "base/slice.h"

enum { SECRET_SALT_BYTES = 16, SECRET_HASH_BYTES = 32 };

/** secret_random - @len bytes nobody can guess. Return: 0; -EIO. */
MUST_USE int secret_random(uint8_t *out, size_t len);

/** secret_hash - Return: 0; -EIO, and @out is unchanged. */
MUST_USE int secret_hash(const uint8_t salt[SECRET_SALT_BYTES], struct slice secret,
                         uint8_t out[SECRET_HASH_BYTES]);

/** secret_eq - the same? How long it takes does not depend on what is in them. */
bool secret_eq(const uint8_t a[SECRET_HASH_BYTES], const uint8_t b[SECRET_HASH_BYTES]);
