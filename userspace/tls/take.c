/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a finished handshake to a record state: mechanism and sources in keys.h.
 */
#include <errno.h>
#include <openssl/crypto.h>

#include "tls/handshake_priv.h"
#include "tls/suite.h"

/* IANA's numbers. No others are offered. */
static int suite_of(const SSL_CIPHER *cipher, uint8_t *out)
{
	switch (SSL_CIPHER_get_protocol_id(cipher)) {
	case 0x1301: /* TLS_AES_128_GCM_SHA256 */
	case 0xC02B: /* TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 */
	case 0xC02F: /* TLS_ECDHE_RSA_... */
		*out = SUITE_AES_128_GCM;
		return 0;
	case 0x1302: /* TLS_AES_256_GCM_SHA384 */
	case 0xC02C: /* TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 */
	case 0xC030: /* TLS_ECDHE_RSA_... */
		*out = SUITE_AES_256_GCM;
		return 0;
	case 0x1303: /* TLS_CHACHA20_POLY1305_SHA256 */
	case 0xCCA9: /* TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 */
	case 0xCCA8: /* TLS_ECDHE_RSA_... */
		*out = SUITE_CHACHA20_POLY1305;
		return 0;
	default:
		return -EIO;
	}
}

/* RFC 6066 section 4: what the client can take in one record. */
static uint16_t plain_max(const SSL *ssl)
{
	uint8_t mode = SSL_SESSION_get_max_fragment_length(SSL_get_session(ssl));

	if (mode < TLSEXT_max_fragment_length_512 || mode > TLSEXT_max_fragment_length_4096)
		return RECORD_PLAIN_MAX;
	return (uint16_t)(512U << (mode - TLSEXT_max_fragment_length_512));
}

static int tls12_keys(struct tls_handshake *h, struct record_state *r)
{
	uint8_t master[SSL_MAX_MASTER_KEY_LENGTH];
	uint8_t randoms[64];
	size_t len = SSL_SESSION_get_master_key(SSL_get_session(h->ssl), master, sizeof(master));
	int rc = -EIO;

	if (len > 0 && SSL_get_server_random(h->ssl, randoms, 32) == 32 &&
	    SSL_get_client_random(h->ssl, randoms + 32, 32) == 32)
		rc = keys_tls12(r, slice_of(master, len), randoms);
	OPENSSL_cleanse(master, sizeof(master));
	r->tx.explicit_nonce = get_be64(h->wire.last_explicit) + 1;
	return rc;
}

static int derive(struct tls_handshake *h, struct record_state *r)
{
	bool is_tls13 = SSL_version(h->ssl) == TLS1_3_VERSION;
	int rc = suite_of(SSL_get_current_cipher(h->ssl), &r->suite);

	if (rc < 0)
		return rc;
	r->version = is_tls13 ? VERSION_TLS13 : VERSION_TLS12;
	r->hash_bytes = suites[r->suite].hash_bytes;
	r->plain_max = plain_max(h->ssl);
	r->key_updates_max = RECORD_KEY_UPDATES_MAX;
	rc = is_tls13 ? keys_tls13(r, &h->keylog) : tls12_keys(h, r);
	/* Records that OpenSSL took and sent under these keys: Finished, tickets. */
	r->rx.seq = h->wire.records_in;
	r->tx.seq = h->wire.records_out;
	return rc;
}

int tls_handshake_take(struct tls_handshake *h, struct tls_result *out)
{
	struct tls_result r = { .sni = h->sni, .user = h->user };
	int rc;

	must(h->step == TLS_STEP_DONE);
	must(h->host);
	if (h->identity_rc < 0)
		return h->identity_rc;
	rc = derive(h, &r.record);
	if (rc < 0) {
		record_cleanse(&r.record);
		return rc;
	}
	r.version = SSL_get_version(h->ssl);
	r.cipher = SSL_CIPHER_standard_name(SSL_get_current_cipher(h->ssl));
	tls_words_of(h->ssl, &r.words);
	r.resumed = SSL_session_reused(h->ssl);
	r.host = h->host;
	h->host = NULL;
	r.identity = h->identity;
	h->identity = NULL;
	*out = r;
	record_cleanse(&r.record);
	return 0;
}
