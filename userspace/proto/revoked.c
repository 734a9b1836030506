/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/revoked.h"

#include <errno.h>

#include "base/text.h"
#include "proto/byte.h"

enum { DIGITS = REVOKED_KEY_BYTES * 2, DIGITS_APART = REVOKED_KEY_BYTES * 3 - 1 };

int revoked_line(struct slice line, struct revoked_line *out)
{
	struct slice rest = byte_trim(line);
	size_t n = 0;

	if (rest.len > 0 && rest.ptr[rest.len - 1] == '\r')
		rest = byte_trim(slice_sub(rest, 0, rest.len - 1));
	if (rest.len == 0 || rest.ptr[0] == '#')
		return 0;
	while (n < rest.len && !byte_is_space(rest.ptr[n]))
		n++;
	*out = (struct revoked_line){ 0 };
	if (n == rest.len) {
		out->fingerprint = rest;
		return n >= DIGITS ? 1 : -EINVAL;
	}
	out->serial = slice_sub(rest, 0, n);
	out->issuer = byte_trim(slice_sub(rest, n, rest.len - n));
	return 1;
}

int revoked_fingerprint(struct slice text, uint8_t out[REVOKED_KEY_BYTES])
{
	uint8_t digits[DIGITS];
	size_t len = 0;

	if (text.len == DIGITS)
		return text_unhex(text, out, REVOKED_KEY_BYTES);
	if (text.len != DIGITS_APART)
		return -EINVAL;
	for (size_t i = 0; i < text.len; i++) {
		if (i % 3 != 2)
			digits[len++] = text.ptr[i];
		else if (text.ptr[i] != ':')
			return -EINVAL;
	}
	return text_unhex(slice_of(digits, len), out, REVOKED_KEY_BYTES);
}

static struct slice skip(struct slice s, size_t n)
{
	return slice_sub(s, n, s.len - n);
}

int revoked_serial(struct slice text, struct sink *out)
{
	uint8_t digits[REVOKED_SERIAL_MAX];
	struct sink s = sink_of(digits, sizeof(digits));
	bool is_negative = text.len > 0 && text.ptr[0] == '-';
	bool is_any = false;

	if (is_negative)
		text = skip(text, 1);
	if (text.len > 2 && text.ptr[0] == '0' && text_lower(text.ptr[1]) == 'x')
		text = skip(text, 2);
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == ':' && i > 0)
			continue;
		if (!byte_is(text.ptr[i], BYTE_HEX))
			return -EINVAL;
		is_any = true;
		if (s.len > 0 || text.ptr[i] != '0')
			sink_putc(&s, (char)text_lower(text.ptr[i]));
	}
	if (!is_any || s.overflow || s.len + 1 > sink_room(out))
		return -EINVAL;
	if (s.len == 0)
		sink_putc(out, '0');
	else if (is_negative)
		sink_putc(out, '-');
	sink_put(out, sink_slice(&s));
	return 0;
}

/* A name on its way to its normal form. */
struct name {
	struct sink out;
	bool is_apart;  /* at the start, or right behind a separator: spaces are dropped */
	bool has_space; /* one is due before the next character, if that is not a separator */
};

static int unhex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return text_lower(c) - 'a' + 10;
}

/* The character at @at of @s, escaped or not. Return: bytes it takes; -EINVAL. */
static int next(struct slice s, size_t at, uint8_t *out_byte, bool *out_escaped)
{
	uint8_t c = s.ptr[at];
	size_t left = s.len - at;

	*out_byte = c;
	*out_escaped = c == '\\';
	if (c != '\\')
		return c < 0x20 || c == 0x7F ? -EINVAL : 1;
	if (left >= 3 && byte_is(s.ptr[at + 1], BYTE_HEX) && byte_is(s.ptr[at + 2], BYTE_HEX)) {
		*out_byte = (uint8_t)(unhex(s.ptr[at + 1]) << 4 | unhex(s.ptr[at + 2]));
		return 3;
	}
	if (left < 2 || s.ptr[at + 1] < 0x20 || s.ptr[at + 1] == 0x7F)
		return -EINVAL;
	*out_byte = s.ptr[at + 1];
	return 2;
}

static bool is_separator(uint8_t c)
{
	return c == ',' || c == ';' || c == '+';
}

/* What would be read as something else, or could not be printed, is written by its number. */
static void put_char(struct name *n, uint8_t c)
{
	if (n->has_space && c != '=')
		sink_putc(&n->out, ' ');
	n->has_space = false;
	n->is_apart = c == '=';
	if (c > 0x20 && c < 0x7F && c != '\\' && !is_separator(c)) {
		sink_putc(&n->out, (char)text_lower(c));
		return;
	}
	sink_putc(&n->out, '\\');
	text_hex(&n->out, slice_of(&c, 1));
}

static void put(struct name *n, uint8_t c, bool is_escaped)
{
	/* Spaces at either end of a value count as little as their number does. */
	if (c == ' ' || (c >= '\t' && c <= '\r')) {
		n->has_space = !n->is_apart;
	} else if (is_separator(c) && !is_escaped) {
		sink_putc(&n->out, c == '+' ? '+' : ',');
		n->has_space = false;
		n->is_apart = true;
	} else {
		put_char(n, c);
	}
}

int revoked_issuer(struct slice text, struct sink *out)
{
	uint8_t bytes[REVOKED_ISSUER_MAX];
	struct name n = { .out = sink_of(bytes, sizeof(bytes)), .is_apart = true };
	size_t at = 0;

	while (at < text.len) {
		bool is_escaped;
		uint8_t c;
		int len = next(text, at, &c, &is_escaped);

		if (len < 0)
			return len;
		put(&n, c, is_escaped);
		at += (size_t)len;
	}
	if (n.out.overflow || n.out.len == 0 || n.out.len > sink_room(out))
		return -EINVAL;
	sink_put(out, sink_slice(&n.out));
	return 0;
}

bool revoked_check(struct slice keys)
{
	if (keys.len % REVOKED_KEY_BYTES != 0 || keys.len / REVOKED_KEY_BYTES > REVOKED_MAX)
		return false;
	for (size_t at = REVOKED_KEY_BYTES; at < keys.len; at += REVOKED_KEY_BYTES)
		if (memcmp(keys.ptr + at - REVOKED_KEY_BYTES, keys.ptr + at, REVOKED_KEY_BYTES) >=
		    0)
			return false;
	return true;
}

bool revoked_has(struct slice keys, const uint8_t key[REVOKED_KEY_BYTES])
{
	size_t low = 0;
	size_t high = keys.len / REVOKED_KEY_BYTES;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = memcmp(keys.ptr + middle * REVOKED_KEY_BYTES, key, REVOKED_KEY_BYTES);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}
