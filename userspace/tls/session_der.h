/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * session_der.h - a serialised session without its certificate. Private to this room.
 */
#pragma once

#include "base/sink.h"

/**
 * session_der_cut - copy a session's DER, leaving out the peer's certificate
 * @in:  of i2d_SSL_SESSION(): a SEQUENCE whose member [3] is the certificate, if any
 * @out: gets a SEQUENCE with all other members, in order; overflow is the caller's to see
 *
 * OpenSSL keeps the certificate for the application's sake and does not need it
 * to resume; parsing it again would cost as much as a signature.
 *
 * Return: 0; -EBADMSG not one definite-length SEQUENCE of short-tagged members; @out is
 *         then of no use.
 * Source: ITU-T X.690 sections 8.1.2, 8.1.3, 10.1; SSL_SESSION_ASN1 in OpenSSL's ssl/ssl_asn1.c,
 *         where the tag has not changed since 0.9.
 */
MUST_USE int session_der_cut(struct slice in, struct sink *out);
