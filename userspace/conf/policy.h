/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * policy.h - the words a host's policy is written in, each list once.
 *
 * X(CONSTANT, "word in the configuration file", "help"). The enum, the YAML
 * schema, the snapshot's JSON and docs/configuration.md take the words from here.
 */
#pragma once

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

/* The words, by value. */
extern const char *const verify_words[VERIFY_MODE_MAX];
extern const char *const inject_words[INJECT_MODE_MAX];
extern const char *const rfc9440_words[RFC9440_MODE_MAX];

enum {
	HOST_NAME_MAX_BYTES = 255, /* RFC 1035 section 2.3.4 */
	VERIFY_DEPTH_MAX = 10,
	VERIFY_DEPTH_DEFAULT =
		1, /* intermediates between leaf and root; nginx's ssl_verify_depth */
};
