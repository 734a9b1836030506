/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * known.h - the field names that mean something to us, found in one look.
 *
 * X(CONSTANT, "name", first letter, last letter, kind). The letters feed the
 * hash of known.c, which wants constants; test_proto_known.c holds them to the names.
 * Any name of this list is unwelcome in a trailer section: framing, routing,
 * authentication, conditions, control of caches, content format (RFC 9110 section 6.5.1).
 */
#pragma once

#include "base/slice.h"

enum known_kind {
	KIND_END, /* end to end: copied */
	KIND_HOP, /* hop by hop: ends here (RFC 9110 section 7.6.1) */
	KIND_OWN, /* what we send is our own making, or nothing */
};

/* clang-format off */
#define KNOWN_FIELDS(X)                                                                            \
	X(CONNECTION,          "connection",                'c', 'n', KIND_HOP)                    \
	X(KEEP_ALIVE,          "keep-alive",                'k', 'e', KIND_HOP)                    \
	X(TE,                  "te",                        't', 'e', KIND_HOP)                    \
	X(UPGRADE,             "upgrade",                   'u', 'e', KIND_HOP)                    \
	X(HTTP2_SETTINGS,      "http2-settings",            'h', 's', KIND_HOP)                    \
	X(PROXY,               "proxy",                     'p', 'y', KIND_HOP)                    \
	X(PROXY_CONNECTION,    "proxy-connection",          'p', 'n', KIND_HOP)                    \
	X(PROXY_AUTHENTICATE,  "proxy-authenticate",        'p', 'e', KIND_HOP)                    \
	X(PROXY_AUTHORIZATION, "proxy-authorization",       'p', 'n', KIND_HOP)                    \
	X(PROXY_AUTH_INFO,     "proxy-authentication-info", 'p', 'o', KIND_HOP)                    \
	X(TRANSFER_ENCODING,   "transfer-encoding",         't', 'g', KIND_OWN)                    \
	X(CONTENT_LENGTH,      "content-length",            'c', 'h', KIND_OWN)                    \
	X(HOST,                "host",                      'h', 't', KIND_OWN)                    \
	X(EXPECT,              "expect",                    'e', 't', KIND_OWN)                    \
	X(CLIENT_CERT,         "client-cert",               'c', 't', KIND_OWN)                    \
	X(CLIENT_CERT_CHAIN,   "client-cert-chain",         'c', 'n', KIND_OWN)                    \
	X(TRAILER,             "trailer",                   't', 'r', KIND_END)                    \
	X(VARY,                "vary",                      'v', 'y', KIND_END)                    \
	X(AGE,                 "age",                       'a', 'e', KIND_END)                    \
	X(AUTH_INFO,           "authentication-info",       'a', 'o', KIND_END)                    \
	X(AUTHORIZATION,       "authorization",             'a', 'n', KIND_END)                    \
	X(CACHE_CONTROL,       "cache-control",             'c', 'l', KIND_END)                    \
	X(CONTENT_ENCODING,    "content-encoding",          'c', 'g', KIND_END)                    \
	X(CONTENT_RANGE,       "content-range",             'c', 'e', KIND_END)                    \
	X(CONTENT_TYPE,        "content-type",              'c', 'e', KIND_END)                    \
	X(COOKIE,              "cookie",                    'c', 'e', KIND_END)                    \
	X(DATE,                "date",                      'd', 'e', KIND_END)                    \
	X(EXPIRES,             "expires",                   'e', 's', KIND_END)                    \
	X(FORWARDED,           "forwarded",                 'f', 'd', KIND_END)                    \
	X(IF_MATCH,            "if-match",                  'i', 'h', KIND_END)                    \
	X(IF_MODIFIED_SINCE,   "if-modified-since",         'i', 'e', KIND_END)                    \
	X(IF_NONE_MATCH,       "if-none-match",             'i', 'h', KIND_END)                    \
	X(IF_RANGE,            "if-range",                  'i', 'e', KIND_END)                    \
	X(IF_UNMODIFIED_SINCE, "if-unmodified-since",       'i', 'e', KIND_END)                    \
	X(LOCATION,            "location",                  'l', 'n', KIND_END)                    \
	X(MAX_FORWARDS,        "max-forwards",              'm', 's', KIND_END)                    \
	X(PRAGMA,              "pragma",                    'p', 'a', KIND_END)                    \
	X(RANGE,               "range",                     'r', 'e', KIND_END)                    \
	X(RETRY_AFTER,         "retry-after",               'r', 'r', KIND_END)                    \
	X(SET_COOKIE,          "set-cookie",                's', 'e', KIND_END)                    \
	X(WARNING,             "warning",                   'w', 'g', KIND_END)                    \
	X(WWW_AUTHENTICATE,    "www-authenticate",          'w', 'e', KIND_END)
/* clang-format on */

#define X(constant, name, first, last, kind) KNOWN_##constant,
enum known { KNOWN_NONE, KNOWN_FIELDS(X) KNOWN_MAX };
#undef X

/** known_field - which of the list is @name, any case? KNOWN_NONE for any other */
enum known known_field(struct slice name);

/** known_kind - KIND_END for KNOWN_NONE */
enum known_kind known_kind(enum known field);
