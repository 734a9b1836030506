/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * words.h - what a handshake settled, in the words that other servers have for it.
 */
#pragma once

#include <stdint.h>

struct ssl_st; /* OpenSSL's SSL, by its tag: this header is read in rooms that do not include it */

/* Texts are static; NULL: not known. */
struct tls_words {
	const char *cipher;     /* OpenSSL's name, "ECDHE-RSA-AES128-GCM-SHA256" */
	const char *group;      /* of the key exchange, IANA's name: "x25519" */
	const char *sig_scheme; /* that we signed with, RFC 8446 section 4.2.3; NULL: resumed */
	const char *sig_alg;    /* that our certificate is signed with, "ecdsa-with-SHA256" */
	const char *key_kind;   /* of its key, "EC"; NULL: then key_bits is 0 */
	uint32_t key_bits;
};

/** tls_words_of - of a server's handshake that is done */
void tls_words_of(struct ssl_st *ssl, struct tls_words *out);
