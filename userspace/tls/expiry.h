/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "base/slice.h"

/**
 * expiry_of - when the first of a text's certificates expires
 * @pem: certificates, one at least
 * @out: the earliest notAfter, seconds since 1970
 *
 * Return: 0; -EINVAL none, or one that cannot be read; -ENOMEM.
 */
MUST_USE int expiry_of(struct slice pem, int64_t *out);
