/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which host a connection is for, and so which policy holds.
 *
 * Decided in the ClientHello callback, which comes before OpenSSL looks for a
 * session: the servername callback is too late for that in TLS 1.3
 * (CVE-2025-23419). What is read here must be what OpenSSL reads afterwards.
 */
#include "sys/clock.h"
#include "tls/alert.h"
#include "tls/handshake_priv.h"
#include "tls/suite.h"
#include "tls/tickets.h"

enum { NAME_TYPE_HOST = 0 };

/*
 * server_name extension: list length (2), then one entry: type (1), length (2), name.
 * False: something else, also more than one entry, which RFC 6066 forbids for one type
 * and OpenSSL refuses for any.
 */
static bool parse_server_name(struct slice ext, struct slice *out)
{
	if (ext.len < 5 || get_be16(ext.ptr) != ext.len - 2 || ext.ptr[2] != NAME_TYPE_HOST ||
	    get_be16(ext.ptr + 3) != ext.len - 5)
		return false;
	*out = slice_sub(ext, 5, ext.len - 5);
	return true;
}

/* Return: 1 a name; 0 none was sent; -1 none that we could match. */
static int read_sni(SSL *ssl, struct hostname *out)
{
	const unsigned char *ext;
	struct slice name;
	size_t len;

	out->len = 0;
	if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &ext, &len) != 1)
		return 0;
	if (!parse_server_name(slice_of(ext, len), &name) || hostname_normal(name, out) < 0) {
		out->len = 0;
		return -1;
	}
	return 1;
}

/* SSL_set_SSL_CTX() brings certificate, CAs and suites. What an SSL object takes from its
 * context when it is made it does not bring. */
static bool put_under(struct tls_handshake *h, struct tls_host *host)
{
	if (SSL_set_SSL_CTX(h->ssl, host->ctx) != host->ctx ||
	    SSL_set_session_id_context(h->ssl, host->session_context,
	                               sizeof(host->session_context)) != 1)
		return false;
	SSL_set_verify(h->ssl, verify_mode_flags(host->verify), verify_on_certificate);
	SSL_set_verify_depth(h->ssl, (int)host->verify_depth);
	if (h->w->tickets)
		tickets_put_under(h->ssl, host->session_timeout_s);
	return host->session_timeout_s > 0 || SSL_set_num_tickets(h->ssl, 0) == 1;
}

static int refuse(struct tls_handshake *h, int *alert, const char *why)
{
	handshake_fail(h, TLS_FAILURE_SNI_UNKNOWN, why);
	*alert = ALERT_UNRECOGNIZED_NAME;
	return SSL_CLIENT_HELLO_ERROR;
}

/* After HelloRetryRequest. Everything but a few extensions must be as before (RFC 8446
 * section 4.1.2); this is what the policy hangs on. */
static int second_hello(struct tls_handshake *h, const struct hostname *sni, int *alert)
{
	if (slice_eq(hostname_slice(sni), hostname_slice(&h->sni)))
		return SSL_CLIENT_HELLO_SUCCESS;
	handshake_fail(h, TLS_FAILURE_PROTOCOL, "second ClientHello asks for another host");
	*alert = ALERT_ILLEGAL_PARAMETER;
	return SSL_CLIENT_HELLO_ERROR;
}

int hello_on_client_hello(SSL *ssl, int *alert, void *arg)
{
	struct tls_handshake *h = handshake_of(ssl);
	struct hostname sni;
	struct tls_host *host;
	int found = read_sni(ssl, &sni);

	(void)arg;
	if (found < 0)
		return refuse(h, alert, "not a host name");
	if (h->host)
		return second_hello(h, &sni, alert);
	h->sni = sni;
	if (SSL_client_hello_isv2(ssl))
		return refuse(h, alert, "SSL 2 ClientHello");
	host = h->w->lookup(h->lookup_arg, &sni, &h->user);
	if (!host)
		return refuse(h, alert,
		              found ? "no host of that name" : "no name sent, no default host");
	h->host = tls_host_ref(host);
	if (put_under(h, host))
		return SSL_CLIENT_HELLO_SUCCESS;
	handshake_fail(h, TLS_FAILURE_INTERNAL, "host could not be put in force");
	*alert = ALERT_INTERNAL_ERROR;
	return SSL_CLIENT_HELLO_ERROR;
}

bool hello_agrees(const struct tls_handshake *h)
{
	const char *name = SSL_get_servername(h->ssl, TLSEXT_NAMETYPE_host_name);
	struct hostname normal;

	if (!h->host)
		return false;
	if (!name)
		return h->sni.len == 0;
	return hostname_normal(slice_of(name, strlen(name)), &normal) == 0 &&
	       slice_eq(hostname_slice(&normal), hostname_slice(&h->sni));
}

/* Seconds that a client may keep the session that it is given now. A resumed one does
 * not live longer than the one it came from. */
static int64_t session_seconds(const struct tls_handshake *h)
{
	int64_t left;

	if (!SSL_session_reused(h->ssl))
		return h->host->session_timeout_s;
	left = h->bond.expires - clock_wall_ms() / 1000;
	return left > 0 ? left : 0;
}

int hello_on_servername(SSL *ssl, int *alert, void *arg)
{
	struct tls_handshake *h = handshake_of(ssl);
	SSL_SESSION *session = SSL_get_session(ssl);

	(void)arg;
	if (!hello_agrees(h)) {
		handshake_fail(h, TLS_FAILURE_SNI_UNKNOWN, "host name read in two ways");
		*alert = ALERT_UNRECOGNIZED_NAME;
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	}
	if (session)
		(void)SSL_SESSION_set_timeout(session, (long)session_seconds(h));
	return h->sni.len > 0 ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}
