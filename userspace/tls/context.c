/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>

#include "tls/handshake_priv.h"
#include "tls/tickets.h"

enum { SECURITY_LEVEL = 2 }; /* 112 bits: no RSA under 2048, no SHA-1 */

static void on_keylog(const SSL *ssl, const char *line)
{
	struct tls_handshake *h = handshake_of(ssl);

	/* OpenSSL logs a secret when it begins to use it: what is on the wire from here on
	 * is sealed with it. */
	switch (keylog_take(&h->keylog, line)) {
	case KEYLOG_CLIENT:
		h->wire.records_in = 0;
		break;
	case KEYLOG_SERVER:
		h->wire.records_out = 0;
		break;
	case KEYLOG_OTHER:
		break;
	}
}

/*
 * Hybrid post-quantum first where OpenSSL has it (3.5). P-521 is for the clients whose
 * certificates have such a key: in TLS 1.2 it is looked for here (RFC 8422 section 5.1).
 * Arrays: the macro takes no const.
 */
static bool set_groups(SSL_CTX *c)
{
	char hybrid[] = "X25519MLKEM768:X25519:P-256:P-384:P-521";
	char classic[] = "X25519:P-256:P-384:P-521";

	return SSL_CTX_set1_groups_list(c, hybrid) == 1 ||
	       SSL_CTX_set1_groups_list(c, classic) == 1;
}

static bool set_protocol(SSL_CTX *c)
{
	/* No auto chain: OpenSSL would build the server's chain anew in each handshake, out of
	 * the CAs that are meant for clients. */
	SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
	                               SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_read_ahead(c, 0);
	SSL_CTX_set_max_cert_list(c, CLIENT_CHAIN_MAX);
	SSL_CTX_set_security_level(c, SECURITY_LEVEL);
	return SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_max_proto_version(c, TLS1_3_VERSION) == 1 &&
	       SSL_CTX_set_max_early_data(c, 0) == 1 &&
	       SSL_CTX_set_cipher_list(c, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
	       SSL_CTX_set_ciphersuites(c, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
	                                   "TLS_CHACHA20_POLY1305_SHA256") == 1 &&
	       set_groups(c);
}

/* NO_TICKET makes sessions stateful in TLS 1.3 too: the ticket is only their name. */
static bool set_sessions(SSL_CTX *c, const struct tls_worker *w)
{
	bool kept = w->sessions != NULL;

	SSL_CTX_set_session_cache_mode(c, kept ? SSL_SESS_CACHE_SERVER |
	                                                  SSL_SESS_CACHE_NO_INTERNAL |
	                                                  SSL_SESS_CACHE_NO_AUTO_CLEAR
	                                       : SSL_SESS_CACHE_OFF);
	SSL_CTX_sess_set_new_cb(c, resume_on_new);
	SSL_CTX_sess_set_get_cb(c, resume_on_get);
	SSL_CTX_sess_set_remove_cb(c, resume_on_remove);
	if (w->tickets && tickets_context(c) < 0)
		return false;
	return SSL_CTX_set_num_tickets(c, kept || w->tickets ? 1 : 0) == 1;
}

static int worker_index(void)
{
	static int index = -1;

	if (index < 0)
		index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	return index;
}

struct tls_worker *worker_of(const SSL_CTX *ctx)
{
	return SSL_CTX_get_ex_data(ctx, worker_index());
}

int context_new(struct tls_worker *w, SSL_CTX **out)
{
	SSL_CTX *c = SSL_CTX_new(TLS_server_method());

	if (!c)
		return -ENOMEM;
	if (!set_protocol(c) || !set_sessions(c, w) ||
	    SSL_CTX_set_ex_data(c, worker_index(), w) != 1) {
		SSL_CTX_free(c);
		return -ENOTSUP;
	}
	/* On every context: OpenSSL asks the one in force, which changes in the ClientHello
	 * callback, and a HelloRetryRequest brings a second ClientHello. */
	SSL_CTX_set_client_hello_cb(c, hello_on_client_hello, NULL);
	SSL_CTX_set_tlsext_servername_callback(c, hello_on_servername);
	SSL_CTX_set_keylog_callback(c, on_keylog);
	SSL_CTX_set_cert_verify_callback(c, verify_on_chain, NULL);
	*out = c;
	return 0;
}
