/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/reserved.h"

#include "base/text.h"
#include "proto/byte.h"

/*
 * X(first letter, prefix, whose). Prefixes, not names: each of these families has
 * grown members. A prefix is in its folded form: lower case, '-' for all else.
 * The first letter finds the row; test_proto_reserved.c holds it to the prefix.
 */
/* clang-format off */
#define RESERVED_PREFIXES(X)                                                                       \
	X('c', "cf-client-cert",              "Cloudflare: Cf-Client-Cert-Der-Base64, -Sha256")    \
	X('c', "cf-cert-",                    "Cloudflare: the cf-cert-* of a Managed Transform")  \
	X('c', "client-cert",                 "RFC 9440; Google's and Azure's client_cert_*")      \
	X('s', "ssl-client",                  "Apache, nginx, ingress-nginx, Tomcat")              \
	X('w', "wl-proxy-client-cert",        "WebLogic")                                          \
	X('x', "x-amzn-mtls-",                "AWS: X-Amzn-Mtls-Clientcert-*")                     \
	X('x', "x-arr-clientcert",            "Azure App Service")                                 \
	X('x', "x-cert-",                     "Cloudflare Workers: X-CERT-ISSUER-DN and so on")    \
	X('x', "x-client-cert",               "Google, Azure, BIG-IP: -Present, -Hash and so on")  \
	X('x', "x-client-dn",                 "Puppet")                                            \
	X('x', "x-client-verify",             "Puppet, nginx by custom")                           \
	X('x', "x-forwarded-client-cert",     "Envoy: XFCC")                                       \
	X('x', "x-forwarded-ssl-client-cert", "Traefik 1")                                         \
	X('x', "x-forwarded-tls-client-cert", "Traefik, with -Info")                               \
	X('x', "x-ssl-",                      "HAProxy and nginx by custom: X-SSL-Client-*, X-SSL-Issuer")
/* clang-format on */

static const struct {
	char first;
	struct slice prefix;
} prefixes[] = {
#define X(first_, prefix_, whose) { .first = (first_), .prefix = SLICE(prefix_) },
	RESERVED_PREFIXES(X)
#undef X
};

/* A bit for each letter that a prefix starts with: most names are done with here. */
#define LETTER(c)                 (1U << ((c) - 'a'))
#define X(first_, prefix_, whose) | LETTER(first_)
static const uint32_t starts = 0 RESERVED_PREFIXES(X);
#undef X

/* Lower case, and '-' for whatever is not a letter or a digit. */
#define FOLD(c)                                                                                    \
	((c) >= 'A' && (c) <= 'Z'                                                                  \
	         ? (c) | 0x20                                                                      \
	         : (((c) >= 'a' && (c) <= 'z') || ((c) >= '0' && (c) <= '9') ? (c) : '-'))

static const uint8_t fold[256] = { BYTE_TABLE(FOLD) };

/* Both are folded: a configured prefix comes as the operator wrote it. */
static bool has_prefix(struct slice name, struct slice prefix)
{
	if (prefix.len == 0 || name.len < prefix.len)
		return false;
	for (size_t i = 0; i < prefix.len; i++)
		if (fold[name.ptr[i]] != fold[prefix.ptr[i]])
			return false;
	return true;
}

static bool built_in(struct slice name)
{
	uint8_t first = fold[name.ptr[0]];

	if (first < 'a' || !(starts & LETTER(first)))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if ((uint8_t)prefixes[i].first == first && has_prefix(name, prefixes[i].prefix))
			return true;
	return false;
}

bool reserved_has(const struct reserved *more, struct slice name)
{
	if (name.len == 0)
		return false;
	if (built_in(name))
		return true;
	if (!more)
		return false;
	must(more->len <= RESERVED_NAMES_MAX);
	for (size_t i = 0; i < more->len; i++)
		if (has_prefix(name, more->names[i]))
			return true;
	return false;
}
