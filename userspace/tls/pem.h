/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pem.h - certificates and keys out of PEM text. Private to this room.
 */
#pragma once

#include <openssl/x509.h>

#include "base/slice.h"

enum { PEM_CERTIFICATES_MAX = 1000, PEM_CRLS_MAX = 256 }; /* in one text */

/**
 * pem_certificates - all certificates of a text, in order; other PEM objects are passed over
 *
 * Return: 0, with at least one in @out, the caller's; -EINVAL none, or one that cannot be
 *         read; -E2BIG; -ENOMEM.
 */
MUST_USE int pem_certificates(struct slice pem, STACK_OF(X509) * *out);

/** pem_key - the first private key of a text. Return: 0; -EINVAL none, or it is encrypted; -ENOMEM. */
MUST_USE int pem_key(struct slice pem, EVP_PKEY **out);

/** pem_crls - as pem_certificates(), of CRLs */
MUST_USE int pem_crls(struct slice pem, STACK_OF(X509_CRL) * *out);
