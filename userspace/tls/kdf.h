/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kdf.h - TLS's two key derivation functions, over EVP_KDF. Private to this room.
 *
 * One context of each for the process, made once: a worker is one thread, and a
 * look-up by name for each derivation would cost more than the derivation.
 */
#pragma once

#include "base/slice.h"

/** kdf_init - make the contexts; later calls do nothing. Return: 0; -ENOTSUP; -ENOMEM. */
MUST_USE int kdf_init(void);

/**
 * kdf_expand_label - HKDF-Expand-Label with an empty context
 * @digest: EVP's name of the handshake hash
 * @secret: its length in bytes
 * @label:  without "tls13 "
 * @out:    @len bytes
 *
 * Return: 0 or -EIO. Source: RFC 8446 section 7.1.
 */
MUST_USE int kdf_expand_label(const char *digest, struct slice secret, struct slice label,
                              uint8_t *out, size_t len);

/**
 * kdf_prf - TLS 1.2's PRF
 * @seed: label and seed, one behind the other
 *
 * Return: 0 or -EIO. Source: RFC 5246 section 5.
 */
MUST_USE int kdf_prf(const char *digest, struct slice secret, struct slice seed, uint8_t *out,
                     size_t len);
