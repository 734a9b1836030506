/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dialect.h - the header names other gateways send, and what they say under them.
 *
 * One file for each, dialect_NAME.c: a table of header -> renderer. A new dialect is a
 * row here and such a file, and a prefix in reserved.c where its names need one.
 */
#pragma once

#include <stdio.h>

#include "proto/identity.h"

/* X(CONSTANT, "word in the configuration file", symbol, "help") */
/* clang-format off */
#define DIALECTS(X)                                                                                \
	X(CLOUDFLARE, "cloudflare", dialect_cloudflare,                                            \
	  "Cloudflare's client_certificate_forwarding")                                            \
	X(CLOUDFLARE_MANAGED, "cloudflare-managed", dialect_cloudflare_managed,                    \
	  "Cloudflare's Managed Transform \"Add TLS client auth headers\"")                        \
	X(WORKERS, "workers", dialect_workers,                                                     \
	  "the headers of Cloudflare's sample Worker; others with `templates`")                    \
	X(RFC9440, "rfc9440", dialect_rfc9440, "RFC 9440, of verified clients")                    \
	X(XFCC, "xfcc", dialect_xfcc, "Envoy, of verified clients: hash and names")                \
	X(XFCC_CERT, "xfcc-cert", dialect_xfcc_cert,                                               \
	  "the same, with the certificate and its chain")                                          \
	X(NGINX, "nginx", dialect_nginx, "nginx's `$ssl_client_*`, named after the variables")     \
	X(APACHE, "apache", dialect_apache, "mod_ssl's `SSL_CLIENT_*`, as mod_headers sends them") \
	X(AWS_ALB, "aws-alb", dialect_aws_alb, "AWS ALB in verify mode, of verified clients")      \
	X(AWS_ALB_PASSTHROUGH, "aws-alb-passthrough", dialect_aws_alb_passthrough,                 \
	  "AWS ALB in passthrough mode, of verified clients")                                      \
	X(GCP, "gcp", dialect_gcp, "Google Cloud load balancers' `client_cert_*`")                 \
	X(TRAEFIK, "traefik", dialect_traefik, "Traefik's passTLSClientCert, of verified clients") \
	X(AZURE, "azure", dialect_azure, "Azure App Service and Application Gateway")
/* clang-format on */

#define X(name, word, symbol, help) DIALECT_##name,
enum dialect_id { DIALECTS(X) DIALECT_MAX };
#undef X

/* One header of a dialect. */
struct dialect_row {
	struct slice name;
	identity_renderer *render;
	const char *says; /* for docs/dialects.md */
};

#define DIALECT_ROW(name_, render_, says_)                                                         \
	{                                                                                          \
		.name = SLICE(name_), .render = (render_), .says = (says_)                         \
	}

struct dialect {
	const struct dialect_row *rows;
	size_t len;
};

/** dialect_get - its headers */
const struct dialect *dialect_get(enum dialect_id id);

/* The words, by value. */
extern const char *const dialect_words[DIALECT_MAX];

/** dialect_help - docs/dialects.md */
void dialect_help(FILE *out);
