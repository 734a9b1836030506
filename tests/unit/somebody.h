/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * somebody.h - clients that never were: fixed data for what renders identities.
 */
#pragma once

#include "proto/identity.h"

/* CN=James Royal,OU=Access Admins,O=Access,C=US */
#define SOMEBODY_NAME_DER                                                                          \
	"\x30\x4B"                                                                                 \
	"\x31\x0B\x30\x09\x06\x03\x55\x04\x06\x13\x02US"                                           \
	"\x31\x0F\x30\x0D\x06\x03\x55\x04\x0A\x0C\x06"                                             \
	"Access"                                                                                   \
	"\x31\x16\x30\x14\x06\x03\x55\x04\x0B\x0C\x0D"                                             \
	"Access Admins"                                                                            \
	"\x31\x13\x30\x11\x06\x03\x55\x04\x03\x0C\x0A"                                             \
	"James Roya"

/* A CN that is "é, \"x\"" CR LF, and an O of four-byte UTF-8 in the same RDN. */
#define ODD_NAME_DER                                                                               \
	"\x30\x25\x31\x23"                                                                         \
	"\x30\x0B\x06\x03\x55\x04\x0A\x0C\x04\xF0\x9F\x90\x99"                                     \
	"\x30\x14\x06\x03\x55\x04\x03\x0C\x0D\xC3\xA9, \"x\"\r\n\\=;+"

static const struct identity_meta somebody = {
	.presented = true,
	.verified = true,
	.version = 3,
	.sha256 = { 0xAB, [31] = 0x01 },
	.sha1 = { 0xCD, [19] = 0x02 },
	.verdict = SLICE("SUCCESS"),
	.der = SLICE("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN>>>>"),
	.chain_len = 2,
	.chain = { SLICE("intermediate >>"), SLICE("another >>>") },
	.subject = SLICE("CN=James Roya,OU=Access Admins,O=Access,C=US"),
	.issuer = SLICE("CN=Issuer,C=US"),
	.subject_legacy = SLICE("/C=US/O=Access/OU=Access Admins/CN=James Roya"),
	.issuer_legacy = SLICE("/C=US/CN=Issuer"),
	.subject_der = SLICE(SOMEBODY_NAME_DER),
	.issuer_der = SLICE("\x30\x0D\x31\x0B\x30\x09\x06\x03\x55\x04\x06\x13\x02US"),
	.serial = SLICE("527E0F20A20EA2A4146C78390F34CE7AF0878CA4"),
	.issuer_serial = SLICE("0A"),
	.ski = SLICE("\x27\x84\x6F\xAE"),
	.issuer_ski = SLICE("\x00\xFF"),
	.sans = SLICE("D\x00\x09"
	              "a.example"
	              "U\x00\x0D"
	              "spiffe://td/a"
	              "E\x00\x05"
	              "a@b.c"
	              "I\x00\x04\xC0\x00\x02\x01"
	              "D\x00\x09"
	              "b.example"
	              "I\x00\x10\x20\x01\x0D\xB8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"),
	.key_algorithm = SLICE("id-ecPublicKey"),
	.signature_algorithm = SLICE("ecdsa-with-SHA256"),
	.not_before = 1647869700, /* Mar 21 13:35:00 2022 GMT */
	.not_after = 4102444799,  /* Dec 31 23:59:59 2099 GMT */
};

/* Names meant to break out of wherever they are put. */
static inline struct identity_meta somebody_odd(void)
{
	struct identity_meta m = somebody;

	m.chain_len = 0;
	m.subject = SLICE("CN=\\C3\\A9\\, \\\"x\\\"\\0D\\0A\\\\=\\;\\++O=\\F0\\9F\\90\\99");
	m.subject_legacy = SLICE("/O=\\xF0\\x9F\\x90\\x99+CN=\\xC3\\xA9, \"x\"\\x0D\\x0A\\=;+");
	m.subject_der = SLICE(ODD_NAME_DER);
	m.issuer = SLICE("");
	m.issuer_legacy = SLICE("");
	m.issuer_der = SLICE("\x30\x00");
	m.serial = SLICE("-0123456789ABCDEF0123456789ABCDEF");
	m.issuer_serial = SLICE("");
	m.ski = SLICE("");
	m.issuer_ski = SLICE("");
	m.sans = SLICE("D\x00\x0A"
	               "a\r\nX: b\"\\,"
	               "U\x00\x0F"
	               "urn:x?a=b;,\xC3\xA9 c"
	               "U\x00\x00"
	               "E\x00\x03\x00@\xFF"
	               "I\x00\x03\x01\x02\x03");
	m.not_before = -1;
	m.not_after = 253402300799; /* Dec 31 23:59:59 9999 GMT */
	return m;
}

static inline struct identity_meta somebody_failed(void)
{
	struct identity_meta m = somebody;

	m.verified = false;
	m.chain_len = 0;
	m.verdict = SLICE("FAILED:certificate has expired");
	return m;
}

static inline struct identity_meta somebody_revoked(void)
{
	struct identity_meta m = somebody_failed();

	m.revoked = true;
	m.verdict = SLICE("FAILED:certificate revoked");
	return m;
}
