/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/tickets.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>

#include "sys/clock.h"
#include "tls/handshake_priv.h"
#include "tls/suite.h"
#include "tls/ticket_client.h"

struct tickets {
	EVP_CIPHER *cipher;
	struct ticket_keys keys;
};

int tls_ticket_key_make(struct ticket_key *out)
{
	struct ticket_key k = { .made = clock_wall_ms() / 1000 };
	int r = 0;

	if (RAND_bytes(k.name, sizeof(k.name)) != 1 ||
	    RAND_priv_bytes(k.cipher, sizeof(k.cipher)) != 1 ||
	    RAND_priv_bytes(k.mac, sizeof(k.mac)) != 1)
		r = -EIO;
	if (r == 0)
		*out = k;
	OPENSSL_cleanse(&k, sizeof(k));
	return r;
}

int tickets_new(struct tickets **out)
{
	struct tickets *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	if (!t->cipher) {
		tickets_free(t);
		return -ENOTSUP;
	}
	*out = t;
	return 0;
}

void tickets_free(struct tickets *t)
{
	if (!t)
		return;
	EVP_CIPHER_free(t->cipher);
	OPENSSL_cleanse(t, sizeof(*t));
	free(t);
}

void tickets_set_keys(struct tickets *t, const struct ticket_keys *keys)
{
	must(keys->len <= TICKET_KEYS_MAX);
	t->keys = *keys;
}

void tls_worker_ticket_keys(struct tls_worker *w, const struct ticket_keys *keys)
{
	if (w->tickets)
		tickets_set_keys(w->tickets, keys);
}

static bool set_mac(EVP_MAC_CTX *mac, const struct ticket_key *k)
{
	char digest[] = "SHA256";
	uint8_t key[sizeof(k->mac)];
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key, sizeof(key)),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	bool ok;

	memcpy(key, k->mac, sizeof(key));
	ok = EVP_MAC_CTX_set_params(mac, params) == 1;
	OPENSSL_cleanse(key, sizeof(key));
	return ok;
}

/* Return: 1; 0 no ticket, which TLS 1.2 can say; -1 ends the handshake. */
static int seal_with(const struct tickets *t, unsigned char *name, unsigned char *iv,
                     EVP_CIPHER_CTX *c, EVP_MAC_CTX *mac)
{
	const struct ticket_key *k = &t->keys.rows[0];

	if (t->keys.len == 0)
		return 0;
	if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(t->cipher)) != 1 ||
	    EVP_EncryptInit_ex(c, t->cipher, NULL, k->cipher, iv) != 1 || !set_mac(mac, k))
		return -1;
	memcpy(name, k->name, sizeof(k->name));
	return 1;
}

/* Return: 1; 2 the same, and give it a new one; 0 not ours; -1 ends the handshake. */
static int open_with(const struct tickets *t, const unsigned char *name, const unsigned char *iv,
                     EVP_CIPHER_CTX *c, EVP_MAC_CTX *mac)
{
	for (size_t n = 0; n < t->keys.len; n++) {
		const struct ticket_key *k = &t->keys.rows[n];

		if (memcmp(k->name, name, sizeof(k->name)) != 0)
			continue;
		if (EVP_DecryptInit_ex(c, t->cipher, NULL, k->cipher, iv) != 1 || !set_mac(mac, k))
			return -1;
		return n == 0 ? 1 : 2;
	}
	return 0;
}

static int on_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *c,
                  EVP_MAC_CTX *mac, int seal)
{
	const struct tls_handshake *h = handshake_of(ssl);
	const struct tickets *t = h->w->tickets;

	if (!seal)
		return open_with(t, name, iv, c, mac);
	return h->fits_no_ticket ? 0 : seal_with(t, name, iv, c, mac);
}

/* A session goes into a ticket, if it may. Return: 1. */
static int on_seal(SSL *ssl, void *arg)
{
	struct tls_handshake *h = handshake_of(ssl);

	(void)arg;
	if (SSL_get_options(ssl) & SSL_OP_NO_TICKET)
		return 1;
	handshake_identify(h);
	if (h->w->tickets->keys.len > 0 && resume_may_keep(h) && ticket_client_put(h)) {
		h->w->stats->tickets_sealed++;
		return 1;
	}
	h->fits_no_ticket = true;
	(void)SSL_set_options(ssl, SSL_OP_NO_TICKET);
	return 1;
}

/* One that gave a certificate away is used once in TLS 1.3 (RFC 8446 appendix C.4). */
static SSL_TICKET_RETURN use(const SSL_SESSION *session, bool renew)
{
	if (renew || SSL_SESSION_get_protocol_version(session) == TLS1_3_VERSION)
		return SSL_TICKET_RETURN_USE_RENEW;
	return SSL_TICKET_RETURN_USE;
}

static SSL_TICKET_RETURN on_open(SSL *ssl, SSL_SESSION *session, const unsigned char *name,
                                 size_t name_len, SSL_TICKET_STATUS status, void *arg)
{
	struct tls_handshake *h = handshake_of(ssl);
	struct session_bond bond = { .identity = NULL };
	bool is_ours = status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW;
	bool is_good;

	(void)name;
	(void)name_len;
	(void)arg;
	if (status == SSL_TICKET_EMPTY) /* it has none and would like one */
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	is_good = is_ours && ticket_client_get(h->w->identities, session, &bond);
	is_good = resume_found(h, session, is_good ? &bond : NULL);
	identity_unref(bond.identity);
	if (!is_good)
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	return use(session, status == SSL_TICKET_SUCCESS_RENEW);
}

int tickets_context(SSL_CTX *c)
{
	if (SSL_CTX_set_tlsext_ticket_key_evp_cb(c, on_key) != 1 ||
	    SSL_CTX_set_session_ticket_cb(c, on_seal, on_open, NULL) != 1)
		return -ENOTSUP;
	(void)SSL_CTX_clear_options(c, SSL_OP_NO_TICKET);
	return 0;
}

/* pre_shared_key (RFC 8446 section 4.2.11): list length (2), then length (2) and bytes of the
 * first identity. */
static bool has_id_for_ticket(SSL *ssl)
{
	const unsigned char *ext;
	size_t len;

	return SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_psk, &ext, &len) == 1 && len >= 4 &&
	       get_be16(ext + 2) == SESSION_ID_BYTES;
}

void tickets_put_under(SSL *ssl, uint32_t session_timeout_s)
{
	if (session_timeout_s == 0 || has_id_for_ticket(ssl))
		(void)SSL_set_options(ssl, SSL_OP_NO_TICKET);
}
