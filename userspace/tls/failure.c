/* SPDX-License-Identifier: GPL-2.0-only */
#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <stdio.h>

#include "tls/handshake_priv.h"

const char *tls_failure_label(enum tls_failure f)
{
#define X(name, label) [TLS_FAILURE_##name] = (label),
	static const char *const labels[TLS_FAILURE_MAX] = { TLS_FAILURES(X) };
#undef X

	must(f < TLS_FAILURE_MAX);
	return labels[f];
}

void handshake_fail(struct tls_handshake *h, enum tls_failure why, const char *text)
{
	if (h->failure != TLS_FAILURE_NONE)
		return;
	h->failure = why;
	(void)snprintf(h->text, sizeof(h->text), "%s", text);
}

static enum tls_failure classify(int reason)
{
	switch (reason) {
	case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
		return TLS_FAILURE_CERT_MISSING;
	case SSL_R_CERTIFICATE_VERIFY_FAILED:
	case SSL_R_EE_KEY_TOO_SMALL:
	case SSL_R_CA_KEY_TOO_SMALL:
	case SSL_R_CA_MD_TOO_WEAK:
	case SSL_R_UNKNOWN_CERTIFICATE_TYPE:
		return TLS_FAILURE_CERT_REJECTED;
	case SSL_R_EXCESSIVE_MESSAGE_SIZE:
		return TLS_FAILURE_TOO_LARGE;
	case ERR_R_MALLOC_FAILURE:
	case ERR_R_INTERNAL_ERROR:
		return TLS_FAILURE_INTERNAL;
	default:
		return reason > SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256
		               ? TLS_FAILURE_PEER_ALERT
		               : TLS_FAILURE_PROTOCOL;
	}
}

/* The queue may begin with what a decoder found; what libssl made of it tells more. */
void handshake_fail_openssl(struct tls_handshake *h)
{
	unsigned long first = 0;
	unsigned long e;

	while ((e = ERR_get_error()) != 0) {
		if (first == 0)
			first = e;
		if (ERR_GET_LIB(e) != ERR_LIB_SSL)
			continue;
		first = e;
		break;
	}
	ERR_clear_error();
	if (first == 0)
		handshake_fail(h, TLS_FAILURE_PROTOCOL, "not TLS");
	else if (ERR_GET_LIB(first) == ERR_LIB_SSL)
		handshake_fail(h, classify(ERR_GET_REASON(first)), ERR_reason_error_string(first));
	else
		handshake_fail(h, TLS_FAILURE_PROTOCOL, ERR_reason_error_string(first));
}
