/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "base/sink.h"

enum { FINGERPRINT_BYTES = 32 };

/**
 * fingerprint_of - the SHA-256 of a certificate's DER
 * @pem: exactly one certificate; other PEM objects are passed over
 * @out: written on success only
 *
 * Return: 0; -EINVAL none, or one that cannot be read; -E2BIG several; -ENOMEM.
 */
MUST_USE int fingerprint_of(struct slice pem, uint8_t out[FINGERPRINT_BYTES]);
