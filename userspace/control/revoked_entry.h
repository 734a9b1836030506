/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * revoked_entry.h - one entry of a list of revoked certificates, as it is kept: what cannot
 * be told apart is spelled alike.
 */
#pragma once

#include "base/text.h"
#include "proto/revoked.h"
#include "store/revocations_db.h"

enum { REVOKED_ID_DIGITS = REVOKED_KEY_BYTES * 2 };

enum revoked_kind { REVOKED_SHA256, REVOKED_SERIAL };

struct revoked_entry {
	uint8_t key[REVOKED_KEY_BYTES]; /* what it comes to in the list: its id */
	enum revoked_kind kind;
	char value[REVOCATION_VALUE_MAX + 1]; /* lower-case hexadecimal; "serial issuer" */
};

static_assert(REVOCATION_VALUE_MAX >= REVOKED_SERIAL_MAX + 2 + REVOKED_ISSUER_MAX,
              "whatever can be named can be kept");

/** revoked_kind_word - as revocation_row.kind has it */
const char *revoked_kind_word(enum revoked_kind kind);

/**
 * revoked_entry_sha256 - of a certificate's fingerprint, as revoked_fingerprint() takes it
 * revoked_entry_serial - of what revoked_serial() and revoked_issuer() take
 *
 * Return: 0; -EINVAL it is none; -EIO.
 */
MUST_USE int revoked_entry_sha256(struct slice text, struct revoked_entry *out);
MUST_USE int revoked_entry_serial(struct slice serial, struct slice issuer,
                                  struct revoked_entry *out);

/** revoked_entry_stored - of a row of the store. Return: as above; -EINVAL also for a kind that is not known. */
MUST_USE int revoked_entry_stored(const struct revocation_row *row, struct revoked_entry *out);

/** revoked_id - the key in hexadecimal, and NUL */
void revoked_id(const uint8_t key[REVOKED_KEY_BYTES], char out[REVOKED_ID_DIGITS + 1]);
