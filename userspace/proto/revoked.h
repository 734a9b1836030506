/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * revoked.h - a list of revoked certificates: how its entries are written, how one is found.
 *
 * An entry is the SHA-256 of a certificate, or its serial number and its issuer's name,
 * which become a digest as well (tls/revoked.h). What travels to the workers and is looked
 * through at each handshake is the digests and nothing else: sorted, each once, one behind
 * the other. It does not matter which of them is of which kind.
 */
#pragma once

#include "base/sink.h"

enum {
	REVOKED_MAX = 100000, /* entries of a list */
	REVOKED_KEY_BYTES = 32,
	REVOKED_SERIAL_MAX = 128,  /* hexadecimal digits */
	REVOKED_ISSUER_MAX = 4096, /* bytes, normalised */
};

/* One line, taken apart: the serial is empty where it is a fingerprint. Borrowed from the line. */
struct revoked_line {
	struct slice fingerprint;
	struct slice serial;
	struct slice issuer;
};

/**
 * revoked_line - one line of a file
 * @line: without its end: "SHA256", or "SERIAL ISSUER"; behind '#' at the start is a comment
 *
 * The parts are told apart, not judged. Return: 1 an entry; 0 nothing; -EINVAL neither.
 */
MUST_USE int revoked_line(struct slice line, struct revoked_line *out);

/**
 * revoked_fingerprint - the SHA-256 of a certificate from hexadecimal
 * @text: digits of any case; pairs may be separated by ':', as openssl(1) prints them
 *
 * Return: 0 or -EINVAL.
 */
MUST_USE int revoked_fingerprint(struct slice text, uint8_t out[REVOKED_KEY_BYTES]);

/**
 * revoked_serial - a serial number as it is compared: lower case, no leading zeroes
 * @text: hexadecimal, any case; may have "0x", '-', and ':' between digits
 *
 * Return: 0; -EINVAL it is none, or over REVOKED_SERIAL_MAX digits; @out is then as it was.
 */
MUST_USE int revoked_serial(struct slice text, struct sink *out);

/**
 * revoked_issuer - a name as it is compared
 * @text: in the form of RFC 2253 or 4514, most specific part first: "CN=Some CA,O=Org,C=US"
 *
 * Letters are made small; spaces around ',', '+' and '=' are dropped, others become one;
 * however a character is escaped, it comes out the same. Two names that OpenSSL holds for
 * equal come out equal, for that is the side on which a mistake lets nobody in.
 *
 * Return: 0; -EINVAL empty, a control byte, a broken escape, or over REVOKED_ISSUER_MAX;
 *         @out is then as it was.
 * Source: RFC 2253 section 2.4, RFC 4514 section 2.4; X509_NAME_cmp(3).
 */
MUST_USE int revoked_issuer(struct slice text, struct sink *out);

/** revoked_check - are these the digests of a list: whole, not too many, ascending, each once? */
bool revoked_check(struct slice keys);

/** revoked_has - is this digest one of them? @keys as revoked_check() likes it */
bool revoked_has(struct slice keys, const uint8_t key[REVOKED_KEY_BYTES]);
