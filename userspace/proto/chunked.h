/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * chunked.h - walks a chunked body as it passes, without taking it apart.
 *
 * The bytes up to and with the last chunk ("0" CRLF) are forwarded as they
 * came: the grammar is checked so strictly that no other reading exists. The
 * trailer section behind it is the caller's: it is a run of header fields and
 * must be cleaned like one (rewrite_trailer()).
 */
#pragma once

#include "base/slice.h"
#include "proto/refusal.h"

enum {
	CHUNK_LINE_MAX = 256, /* size and extensions, without CRLF */
	TRAILER_BYTES_MAX = 8192,
};

struct chunked {
	uint64_t left;  /* bytes of the current chunk still to come */
	uint64_t total; /* data bytes seen so far, all chunks */
	uint16_t line;  /* bytes of the current size line */
	uint8_t state;  /* private; 0 at start */
	uint8_t digits; /* hexadecimal digits of the size so far */
};

/**
 * chunked_walk - how much of @in is body
 * @c:   zeroed before the first call; kept between calls
 * @in:  the next bytes of the body
 * @max: most data bytes allowed in all, UINT64_MAX for no limit
 * @out_len: written on success: bytes of @in that belong to the body up to and
 *           with the last chunk's line; they may be forwarded
 * @out_last: true once the last chunk's line is behind; the trailer section
 *           (possibly just CRLF) starts at *@out_len
 *
 * Result does not depend on how the body is cut into calls.
 *
 * Return: REFUSAL_NONE, _CHUNK_SIZE (junk, no digit, more than 16 digits),
 *         _CHUNK_OVERFLOW, _CHUNK_EXTENSION (a byte outside token, quoted-string,
 *         ';', '=', SP, HTAB or a line over CHUNK_LINE_MAX), _CHUNK_END (no CRLF
 *         after the data), _BARE_LF, _BARE_CR, _BODY_TOO_LARGE.
 * Source: RFC 9112 section 7.1.
 */
MUST_USE enum refusal chunked_walk(struct chunked *c, struct slice in, uint64_t max,
                                   size_t *out_len, bool *out_last);

/** chunked_opaque - data of the current chunk still to come; 0 outside of it */
uint64_t chunked_opaque(const struct chunked *c);

/** chunked_skip - @n bytes of it, 1..chunked_opaque(), went past unseen: as chunked_walk() over them */
void chunked_skip(struct chunked *c, uint64_t n);

/**
 * trailer_end - length of a trailer section, with its final empty line
 * @in: bytes behind the last chunk's line, so far; TRAILER_BYTES_MAX at most
 * @out_len: 0 when more is needed
 *
 * Return: REFUSAL_NONE, _BARE_LF, _BARE_CR, _NUL, _TRAILER (too long).
 * Source: RFC 9112 section 7.1.2.
 */
MUST_USE enum refusal trailer_end(struct slice in, size_t *out_len);
