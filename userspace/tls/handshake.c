/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/handshake.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>

#include "tls/handshake_priv.h"
#include "tls/suite.h"

static int handshake_index(void)
{
	static int index = -1;

	if (index < 0)
		index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	return index;
}

struct tls_handshake *handshake_of(const SSL *ssl)
{
	return SSL_get_ex_data(ssl, handshake_index());
}

int tls_handshake_new(struct tls_worker *w, void *lookup_arg, struct tls_handshake **out)
{
	struct tls_handshake *h = calloc(1, sizeof(*h));
	BIO *bio;

	if (!h)
		return -ENOMEM;
	h->w = w;
	h->lookup_arg = lookup_arg;
	h->ssl = SSL_new(w->front);
	bio = wire_bio(&h->wire);
	if (!h->ssl || !bio || SSL_set_ex_data(h->ssl, handshake_index(), h) != 1) {
		BIO_free(bio);
		tls_handshake_free(h);
		return -ENOMEM;
	}
	SSL_set_bio(h->ssl, bio, bio); /* takes the one reference for both directions */
	SSL_set_accept_state(h->ssl);
	*out = h;
	return 0;
}

void tls_handshake_free(struct tls_handshake *h)
{
	if (!h)
		return;
	/* Without this a session counts as broken off and is removed from the store. */
	if (h->step == TLS_STEP_DONE)
		SSL_set_shutdown(h->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(h->ssl);
	identity_unref(h->bond.identity);
	identity_unref(h->identity);
	tls_host_unref(h->host);
	OPENSSL_cleanse(h, sizeof(*h));
	free(h);
}

long handshake_verdict(const struct tls_handshake *h)
{
	return h->verify_error != X509_V_OK ? h->verify_error : SSL_get_verify_result(h->ssl);
}

STACK_OF(X509) * handshake_issuers(const struct tls_handshake *h)
{
	STACK_OF(X509) *chain = SSL_get0_verified_chain(h->ssl);
	STACK_OF(X509) *above = NULL;

	if (chain && handshake_verdict(h) == X509_V_OK)
		above = sk_X509_dup(chain);
	if (above)
		(void)sk_X509_shift(above);
	return above;
}

void handshake_identify(struct tls_handshake *h)
{
	X509 *leaf = SSL_get0_peer_certificate(h->ssl);
	STACK_OF(X509) * chain;

	if (h->is_identified)
		return;
	h->is_identified = true;
	if (SSL_session_reused(h->ssl)) {
		h->identity = h->bond.identity;
		h->bond.identity = NULL;
		return;
	}
	if (!leaf)
		return;
	chain = handshake_issuers(h);
	h->identity_rc =
		identity_intern(h->w->identities, leaf, chain, handshake_verdict(h), &h->identity);
	sk_X509_free(chain);
}

/* What must be true of any handshake that OpenSSL calls finished. */
static const char *flaw(const struct tls_handshake *h)
{
	enum verify_mode verify;

	if (!h->host)
		return "no host chosen";
	verify = h->host->verify;
	if (!wire_is_between_records(&h->wire) || SSL_has_pending(h->ssl))
		return "hand-off within a record";
	if (!hello_agrees(h))
		return "host name read in two ways";
	if (SSL_session_reused(h->ssl) && !h->found)
		return "resumed from a session that is not ours";
	if (h->identity_rc < 0)
		return NULL; /* told by tls_handshake_take() */
	if (verify == VERIFY_REQUIRE && !h->identity)
		return "no certificate where one is required";
	if (verify == VERIFY_NONE && h->identity)
		return "a certificate that nobody asked for";
	if (verify != VERIFY_REQUEST && h->identity && !h->identity->meta.verified)
		return "certificate not verified";
	return NULL;
}

static enum tls_step finish(struct tls_handshake *h)
{
	const char *why;

	handshake_identify(h);
	why = flaw(h);
	if (!why)
		return TLS_STEP_DONE;
	handshake_fail(h, TLS_FAILURE_INTERNAL, why);
	return TLS_STEP_FAILED;
}

static enum tls_step advance(struct tls_handshake *h)
{
	int rc;

	ERR_clear_error();
	rc = SSL_do_handshake(h->ssl);
	if (h->wire.overflow) {
		handshake_fail(h, TLS_FAILURE_INTERNAL, "output over HANDSHAKE_OUT_MAX");
		return TLS_STEP_FAILED;
	}
	if (rc == 1)
		return finish(h);
	if (SSL_get_error(h->ssl, rc) == SSL_ERROR_WANT_READ)
		return TLS_STEP_MORE;
	handshake_fail_openssl(h);
	return TLS_STEP_FAILED;
}

enum tls_step tls_handshake_step(struct tls_handshake *h, struct slice in, size_t *out_consumed,
                                 struct sink *out)
{
	size_t room = HANDSHAKE_IN_MAX - h->in_total;

	must(h->step == TLS_STEP_MORE);
	h->wire.in = slice_sub(in, 0, in.len < room ? in.len : room);
	h->wire.taken = 0;
	h->wire.out = out;
	if (wire_has_record(&h->wire))
		h->step = advance(h);
	*out_consumed = h->wire.taken;
	h->in_total += h->wire.taken;
	if (h->step == TLS_STEP_MORE && in.len > room) {
		handshake_fail(h, TLS_FAILURE_TOO_LARGE, "over HANDSHAKE_IN_MAX");
		h->step = TLS_STEP_FAILED;
	}
	h->wire.in = slice_of(NULL, 0);
	h->wire.taken = 0;
	h->wire.out = NULL;
	return h->step;
}

enum tls_failure tls_handshake_failure(const struct tls_handshake *h, const char **out_text)
{
	*out_text = h->text;
	return h->failure;
}

const struct hostname *tls_handshake_sni(const struct tls_handshake *h)
{
	return &h->sni;
}
