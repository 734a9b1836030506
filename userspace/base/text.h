/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * text.h - numbers and bytes as text, into a sink or out of a slice.
 *
 * No locale, no NUL, no allocation. ASCII only.
 */
#pragma once

#include "base/sink.h"

/** text_hex - two lower-case hexadecimal digits for each byte of @in */
void text_hex(struct sink *out, struct slice in);

/** text_unhex - @len bytes out of exactly twice as many digits, of any case. Return: 0 or -EINVAL. */
MUST_USE int text_unhex(struct slice in, uint8_t *out, size_t len);

/** text_hex_upper - the same in upper case */
void text_hex_upper(struct sink *out, struct slice in);

/** text_base64 - RFC 4648 section 4, padded, no line breaks */
void text_base64(struct sink *out, struct slice in);

/** text_u64 - decimal, no sign, no leading zeroes */
void text_u64(struct sink *out, uint64_t value);

/**
 * text_json - @in as the inside of a JSON string (RFC 8259 section 7)
 *
 * Quote, backslash and control bytes are escaped; bytes that are not part of
 * well-formed UTF-8 become U+FFFD, so the line stays valid whatever a peer sent.
 */
void text_json(struct sink *out, struct slice in);

/** text_is_utf8 - well-formed UTF-8 (RFC 3629 section 4) without control characters; true when empty */
bool text_is_utf8(struct slice in);

/**
 * text_parse_u64 - decimal digits to a number
 * @in:  1..20 digits and nothing else: no sign, no space
 * @out: written on success only
 *
 * Return: 0; -EINVAL not digits or empty; -ERANGE over UINT64_MAX.
 */
MUST_USE int text_parse_u64(struct slice in, uint64_t *out);

/** text_lower - one ASCII letter to lower case, any other byte unchanged */
static inline uint8_t text_lower(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') ? (uint8_t)(c | 0x20U) : c;
}

/** text_eq_nocase - equal but for the case of ASCII letters */
bool text_eq_nocase(struct slice a, struct slice b);
