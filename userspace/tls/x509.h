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

/** x509_put_serial - append the serial number, upper-case hexadecimal */
void x509_put_serial(const X509 *x, struct sink *out);

/** x509_time - seconds since 1970. Return: 0; -EINVAL no such time. */
MUST_USE int x509_time(const ASN1_TIME *t, int64_t *out);
