/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cutting the certificate out of a session's DER. Whatever comes in, what comes out
 * is no longer, cuts to itself, and has no certificate; if OpenSSL took it for a
 * session before, it still does, and for the same one.
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "tls/session_der.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { IN_MAX = 4096 };

static SSL_SESSION *parse(struct slice der)
{
	const unsigned char *at = der.ptr;

	return d2i_SSL_SESSION(NULL, &at, (long)der.len);
}

static void same_session(SSL_SESSION *before, struct slice cut)
{
	SSL_SESSION *after = parse(cut);
	unsigned int len[2];
	const uint8_t *id[2];

	must(after);
	must(!SSL_SESSION_get0_peer(after));
	id[0] = SSL_SESSION_get_id(before, &len[0]);
	id[1] = SSL_SESSION_get_id(after, &len[1]);
	must(slice_eq(slice_of(id[0], len[0]), slice_of(id[1], len[1])));
	must(SSL_SESSION_get_protocol_version(before) == SSL_SESSION_get_protocol_version(after));
	must(SSL_SESSION_get_timeout(before) == SSL_SESSION_get_timeout(after));
	SSL_SESSION_free(after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t room[IN_MAX + 8];
	static uint8_t again[IN_MAX + 8];
	struct slice in = slice_of(data, len < IN_MAX ? len : IN_MAX);
	struct sink cut = sink_of(room, sizeof(room));
	struct sink twice = sink_of(again, sizeof(again));
	SSL_SESSION *before;

	if (session_der_cut(in, &cut) < 0)
		return 0;
	must(!cut.overflow);
	must(cut.len <= in.len);
	must(session_der_cut(sink_slice(&cut), &twice) == 0);
	must(slice_eq(sink_slice(&cut), sink_slice(&twice)));
	before = parse(in);
	if (before)
		same_session(before, sink_slice(&cut));
	SSL_SESSION_free(before);
	ERR_clear_error();
	return 0;
}
