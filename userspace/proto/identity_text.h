/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * identity_text.h - what a certificate says, in forms that cannot break a header.
 *
 * Private to identity_*.c, dialect_*.c and template.c. Whatever comes in, what comes
 * out is printable ASCII.
 */
#pragma once

#include "proto/identity.h"

/* Of DER, and what becomes of it: RFC 7468 section 2. */
enum { PEM_LINE_BYTES = 48, PEM_CHARS = 64 };

/** put_printable - '?' for what is not printable ASCII */
void put_printable(struct sink *out, struct slice in);

/** put_escaped - RFC 2253's \XX for what is not printable ASCII, and for a backslash */
void put_escaped(struct sink *out, struct slice in);

/** put_percent - %XX for all but letters, digits, "-._~" and what @safe lists */
void put_percent(struct sink *out, struct slice in, struct slice safe);

/** put_uri - %XX for what is not printable ASCII, space, and what @not lists */
void put_uri(struct sink *out, struct slice in, struct slice not );

/** put_pem_percent - PEM, percent-encoded; of base64 what @safe lists is kept */
void put_pem_percent(struct sink *out, struct slice der, struct slice safe);

/** put_pem_line - PEM in one line: @end for each line end */
void put_pem_line(struct sink *out, struct slice der, struct slice end);

/** put_byte_sequence - RFC 8941 section 3.3.5 */
void put_byte_sequence(struct sink *out, struct slice der);
size_t byte_sequence_len(struct slice der);

/** put_date - "Mar  1 13:35:00 2022 GMT", as ASN1_TIME_print() */
void put_date(struct sink *out, int64_t seconds);

/** put_rfc3339 - "2022-03-01T13:35:00" and @zone */
void put_rfc3339(struct sink *out, int64_t seconds, struct slice zone);

/** put_decimal - a hexadecimal number of at most 64 digits, decimal; longer ones stay as they are */
void put_decimal(struct sink *out, struct slice hex);

/* Subject alternative names: kind, two bytes of length, the name; again. */
enum san_kind { SAN_DNS = 'D', SAN_URI = 'U', SAN_EMAIL = 'E', SAN_IP = 'I' };

struct san {
	enum san_kind kind;
	struct slice value; /* bytes, as the certificate has them */
};

/** san_next - take the first off @rest; false: there is none */
bool san_next(struct slice *rest, struct san *out);

/** put_ip - 4 or 16 bytes as an address; false: neither */
bool put_ip(struct sink *out, struct slice bytes);

/** put_sans - those of one kind, with @between; false: there is none */
bool put_sans(struct sink *out, struct slice sans, enum san_kind kind, struct slice between);
