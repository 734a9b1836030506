/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * policy.h - the words a host's policy is written in, each list once.
 *
 * X(CONSTANT, "word in the configuration file", "help"). The enum, the YAML
 * schema, the snapshot's JSON and docs/configuration.md take the words from here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* What the handshake asks of the client. */
#define VERIFY_MODES(X)                                                                            \
	X(NONE, "none", "no certificate is asked for")                                             \
	X(OPTIONAL, "optional", "asked for; absent is fine, a bad one ends the handshake")         \
	X(REQUEST, "request", "asked for; whatever comes is let in and the verdict passed on")     \
	X(REQUIRE, "require", "no handshake without a certificate that verifies")

#define X(name, word, help) VERIFY_##name,
enum verify_mode { VERIFY_MODES(X) VERIFY_MODE_MAX };
#undef X

/* Which requests carry the identity headers. */
#define INJECT_MODES(X)                                                                            \
	X(FIRST_REQUEST, "first_request", "the first request of each origin connection")           \
	X(EVERY_REQUEST, "every_request", "every request; origin connections are shared")

#define X(name, word, help) INJECT_##name,
enum inject_mode { INJECT_MODES(X) INJECT_MODE_MAX };
#undef X

/* RFC 9440 headers. */
#define RFC9440_MODES(X)                                                                           \
	X(OFF, "off", "neither")                                                                   \
	X(LEAF, "leaf", "Client-Cert")                                                             \
	X(CHAIN, "chain", "Client-Cert and Client-Cert-Chain")

#define X(name, word, help) RFC9440_##name,
enum rfc9440_mode { RFC9440_MODES(X) RFC9440_MODE_MAX };
#undef X

/* What becomes of X-Forwarded-Client-Cert: Envoy's forward_client_cert_details. */
#define XFCC_MODES(X)                                                                              \
	X(SANITIZE, "sanitize", "the client's is removed (the default without an xfcc dialect)")   \
	X(SANITIZE_SET, "sanitize_set",                                                            \
	  "the client's is removed, ours is sent (the default with an xfcc dialect)")              \
	X(APPEND_FORWARD, "append_forward",                                                        \
	  "a verified client's is passed on with ours behind it; needs `inject: every_request`")   \
	X(FORWARD_ONLY, "forward_only", "a verified client's is passed on, others' are removed")   \
	X(ALWAYS_FORWARD_ONLY, "always_forward_only", "whatever any client sends is passed on")

#define X(name, word, help) XFCC_##name,
enum xfcc_mode { XFCC_MODES(X) XFCC_MODE_MAX };
#undef X

/* What goes to an origin before the first request of each connection, which is then one client
 * connection's. */
#define PROXY_MODES(X)                                                                             \
	X(OFF, "off", "nothing (the default)")                                                     \
	X(V1, "v1", "a PROXY protocol header, version 1: addresses alone, as a line of text")      \
	X(V2, "v2", "one of version 2, with what proxy_tlvs asks for")

#define X(name, word, help) PROXY_##name,
enum proxy_mode { PROXY_MODES(X) PROXY_MODE_MAX };
#undef X

/* What that header holds beside the addresses. */
#define PROXY_TLVS(X)                                                                              \
	X(ALPN, "alpn", "0x01: the protocol spoken to the origin, `http/1.1` (sent by default)")   \
	X(AUTHORITY, "authority",                                                                  \
	  "0x02: the server name of the handshake; none without one (sent by default)")            \
	X(CRC32C, "crc32c", "0x03: a checksum of the header")                                      \
	X(SSL, "ssl",                                                                              \
	  "0x20: certificate shown, verified or not, and 0x21: the TLS version (sent by default)") \
	X(CERT_CN, "cert_cn", "0x22: the client certificate's common name (sent by default)")      \
	X(SSL_CIPHER, "ssl_cipher",                                                                \
	  "0x23: the cipher suite, as OpenSSL calls it (sent by default)")                         \
	X(CERT_SIG, "cert_sig", "0x24: how the certificate that we showed is signed")              \
	X(CERT_KEY, "cert_key", "0x25: kind and size of its key")                                  \
	X(SSL_GROUP, "ssl_group", "0x26: the group of the key exchange, `x25519`")                 \
	X(SSL_SIG_SCHEME, "ssl_sig_scheme",                                                        \
	  "0x27: what the handshake was signed with; nothing where it was resumed")                \
	X(CLIENT_CERT, "client_cert", "0x28: the client's certificate, DER")

#define X(name, word, help) PROXY_TLV_##name,
enum proxy_tlv { PROXY_TLVS(X) PROXY_TLV_MAX };
#undef X

/* Words that are parts of `ssl`, and those sent when none are named. */
enum {
	PROXY_TLVS_IN_SSL = 1 << PROXY_TLV_CERT_CN | 1 << PROXY_TLV_SSL_CIPHER |
	                    1 << PROXY_TLV_CERT_SIG | 1 << PROXY_TLV_CERT_KEY |
	                    1 << PROXY_TLV_SSL_GROUP | 1 << PROXY_TLV_SSL_SIG_SCHEME |
	                    1 << PROXY_TLV_CLIENT_CERT,
	PROXY_TLVS_DEFAULT = 1 << PROXY_TLV_ALPN | 1 << PROXY_TLV_AUTHORITY | 1 << PROXY_TLV_SSL |
	                     1 << PROXY_TLV_CERT_CN | 1 << PROXY_TLV_SSL_CIPHER,
};

/* What becomes of a live connection whose certificate is revoked meanwhile. */
#define REVOKED_MODES(X)                                                                           \
	X(CLOSE, "close", "it ends at once, with an alert, whatever is on its way (the default)")  \
	X(FORBID, "forbid",                                                                        \
	  "what is on its way is finished, the next request answered 403; not with `verify: request`")

#define X(name, word, help) ON_REVOKED_##name,
enum revoked_mode { REVOKED_MODES(X) REVOKED_MODE_MAX };
#undef X

/* And of one whose certificate, or one of its chain, expires meanwhile. */
#define EXPIRED_MODES(X)                                                                           \
	X(CLOSE, "close", "it ends, with an alert, once no request is on its way (the default)")   \
	X(KEEP, "keep", "nothing, until it ends by itself")

#define X(name, word, help) ON_EXPIRED_##name,
enum expired_mode { EXPIRED_MODES(X) EXPIRED_MODE_MAX };
#undef X

/* Whether a client's certificate is asked about at its CA's OCSP responder. */
#define OCSP_MODES(X)                                                                              \
	X(OFF, "off", "it is not (the default)")                                                   \
	X(SOFT, "soft",                                                                            \
	  "revoked is refused; what cannot be found out, or the responder does not know, is let "  \
	  "pass and counted")                                                                      \
	X(HARD, "hard", "whoever is not called good by an answer in force is refused")

#define X(name, word, help) OCSP_MODE_##name,
enum ocsp_mode { OCSP_MODES(X) OCSP_MODE_MAX };
#undef X

/* The words, by value. */
extern const char *const verify_words[VERIFY_MODE_MAX];
extern const char *const inject_words[INJECT_MODE_MAX];
extern const char *const rfc9440_words[RFC9440_MODE_MAX];
extern const char *const xfcc_words[XFCC_MODE_MAX];
extern const char *const proxy_words[PROXY_MODE_MAX];
extern const char *const proxy_tlv_words[PROXY_TLV_MAX];
extern const char *const revoked_words[REVOKED_MODE_MAX];
extern const char *const expired_words[EXPIRED_MODE_MAX];
extern const char *const ocsp_words[OCSP_MODE_MAX];

struct text_list {
	char **rows;
	size_t len;
};

/* Of those whose certificates verify, who is let in: whom any entry of any list means. All
 * empty: everybody. */
struct allow_list {
	struct text_list sha256;      /* of the certificate, in hexadecimal */
	struct text_list spki_sha256; /* of its SubjectPublicKeyInfo */
	struct text_list san;         /* proto/san_pattern.h */
};

/** allow_list_eq - the same texts in the same order? */
bool allow_list_eq(const struct allow_list *a, const struct allow_list *b);

/** allow_list_is_empty - is everybody let in? */
bool allow_list_is_empty(const struct allow_list *a);

enum {
	ALLOW_DIGESTS_MAX = 4096, /* in each list of a host */
	ALLOW_SANS_MAX = 256,
	HOST_NAME_MAX_BYTES = 255, /* RFC 1035 section 2.3.4 */
	OCSP_URL_MAX = 1024,       /* bytes of a responder's URL */
	VERIFY_DEPTH_MAX = 10,
	VERIFY_DEPTH_DEFAULT =
		1, /* intermediates between leaf and root; nginx's ssl_verify_depth */
};
