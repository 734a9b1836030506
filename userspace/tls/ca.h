/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ca.h - is that text a client CA?
 */
#pragma once

#include "base/slice.h"

enum {
	CA_PEM_BYTES_MAX = 48 * 1024,
	CA_CHAIN_MAX = 10, /* certificates */
	CA_SHA256_TEXT = 64,
	CA_FINGERPRINT_TEXT_MAX = 64,
};

struct ca_info {
	char *pem; /* the certificates alone, as we write them; malloc'ed, the caller's */
	char sha256[CA_SHA256_TEXT + 1];           /* of the first one's DER, hexadecimal */
	char fingerprint[CA_FINGERPRINT_TEXT_MAX]; /* "MD5 Fingerprint=1E:80:...", the first one's */
	int64_t expires_at;                        /* the first one, seconds since 1970 */
};

/**
 * ca_read - look at a certificate, or a chain: the CA, then who signed it
 * @why: what is wrong, a literal, on -EINVAL
 *
 * Every one must be a CA by its basicConstraints. All of them become anchors: an intermediate
 * is as good as its root. A text that holds a private key is refused.
 *
 * Return: 0; -EINVAL; -ENOMEM.
 */
MUST_USE int ca_read(struct slice pem, struct ca_info *out, const char **why);
