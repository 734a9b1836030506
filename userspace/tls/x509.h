/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * x509.h - a certificate's fields as plain data. Private to this room.
 */
#pragma once

#include <openssl/x509.h>

#include "base/sink.h"

/** x509_put_der - append the DER; overflow is the sink's. Return: 0 or -ENOMEM. */
MUST_USE int x509_put_der(const X509 *x, struct sink *out);

/**
 * x509_put_name - append a name as RFC 2253 text
 *
 * Printable ASCII, whatever the certificate says: other characters are escaped as
 * \XX of their UTF-8. A name that cannot be read at all gives nothing.
 */
void x509_put_name(const X509_NAME *name, struct sink *out);

/**
 * x509_put_name_legacy - append a name as "/C=../CN=..", X509_NAME_oneline()
 *
 * Printable ASCII: other bytes are \xXX; '/' and '+' in a value have a backslash before them.
 */
void x509_put_name_legacy(const X509_NAME *name, struct sink *out);

/** x509_put_name_der - append a name's DER */
void x509_put_name_der(const X509_NAME *name, struct sink *out);

/** x509_put_serial - append a serial number, upper-case hexadecimal; NULL is nothing */
void x509_put_serial(const ASN1_INTEGER *serial, struct sink *out);

/** x509_put_octets - append a string's bytes; NULL is nothing */
void x509_put_octets(const ASN1_STRING *s, struct sink *out);

/** x509_put_sans - append the subject alternative names, see proto/identity_text.h */
void x509_put_sans(const X509 *x, struct sink *out);

/* Names of algorithms as OpenSSL has them; they outlive the certificate. */
struct slice x509_key_algorithm(const X509 *x);
struct slice x509_signature_algorithm(const X509 *x);

/** x509_error_text - X509_verify_cert_error_string(), and our own words for what is our own */
const char *x509_error_text(long error);

/** x509_time - seconds since 1970. Return: 0; -EINVAL no such time. */
MUST_USE int x509_time(const ASN1_TIME *t, int64_t *out);
