/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/text.h"

#include <errno.h>

static void hex(struct sink *out, struct slice in, const char *digits)
{
	for (size_t i = 0; i < in.len; i++) {
		const char pair[2] = { digits[in.ptr[i] >> 4], digits[in.ptr[i] & 15] };

		sink_put(out, slice_of(pair, sizeof(pair)));
	}
}

void text_hex(struct sink *out, struct slice in)
{
	hex(out, in, "0123456789abcdef");
}

void text_hex_upper(struct sink *out, struct slice in)
{
	hex(out, in, "0123456789ABCDEF");
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = text_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int text_unhex(struct slice in, uint8_t *out, size_t len)
{
	if (in.len != 2 * len)
		return -EINVAL;
	for (size_t i = 0; i < in.len; i++)
		if (hex_digit(in.ptr[i]) < 0)
			return -EINVAL;
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(hex_digit(in.ptr[2 * i]) * 16 + hex_digit(in.ptr[2 * i + 1]));
	return 0;
}

void text_base64(struct sink *out, struct slice in)
{
	static const char abc[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < in.len; i += 3) {
		size_t left = in.len - i;
		uint32_t v = (uint32_t)in.ptr[i] << 16;
		char quad[4];

		if (left > 1)
			v |= (uint32_t)in.ptr[i + 1] << 8;
		if (left > 2)
			v |= in.ptr[i + 2];
		quad[0] = abc[v >> 18];
		quad[1] = abc[(v >> 12) & 63];
		quad[2] = left > 1 ? abc[(v >> 6) & 63] : '=';
		quad[3] = left > 2 ? abc[v & 63] : '=';
		sink_put(out, slice_of(quad, sizeof(quad)));
	}
}

void text_u64(struct sink *out, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	sink_put(out, slice_of(digits + at, sizeof(digits) - at));
}

/* Bytes of the well-formed UTF-8 sequence at the start of @s, 0 if there is none
 * (RFC 3629 section 4: no overlong forms, no surrogates, nothing over U+10FFFF). */
static size_t utf8_len(struct slice s)
{
	uint8_t lead = s.ptr[0];
	uint8_t lo = 0x80;
	uint8_t hi = 0xBF;
	size_t n;

	if (lead < 0x80)
		return 1;
	if (lead >= 0xC2 && lead <= 0xDF)
		n = 2;
	else if (lead >= 0xE0 && lead <= 0xEF)
		n = 3;
	else if (lead >= 0xF0 && lead <= 0xF4)
		n = 4;
	else
		return 0;
	if (lead == 0xE0)
		lo = 0xA0;
	else if (lead == 0xED)
		hi = 0x9F;
	else if (lead == 0xF0)
		lo = 0x90;
	else if (lead == 0xF4)
		hi = 0x8F;
	if (s.len < n || s.ptr[1] < lo || s.ptr[1] > hi)
		return 0;
	for (size_t i = 2; i < n; i++)
		if (s.ptr[i] < 0x80 || s.ptr[i] > 0xBF)
			return 0;
	return n;
}

bool text_is_utf8(struct slice in)
{
	size_t n;

	for (size_t i = 0; i < in.len; i += n) {
		n = utf8_len(slice_sub(in, i, in.len - i));
		if (n == 0 || in.ptr[i] < 0x20 || in.ptr[i] == 0x7F)
			return false;
		/* U+0080 to U+009F: the C1 controls */
		if (n == 2 && in.ptr[i] == 0xC2 && in.ptr[i + 1] < 0xA0)
			return false;
	}
	return true;
}

void text_json(struct sink *out, struct slice in)
{
	for (size_t i = 0; i < in.len;) {
		uint8_t c = in.ptr[i];
		size_t n = utf8_len(slice_sub(in, i, in.len - i));

		if (n == 0) {
			sink_put(out, SLICE("\\ufffd"));
			n = 1;
		} else if (c == '"' || c == '\\') {
			sink_putc(out, '\\');
			sink_putc(out, (char)c);
		} else if (c < 0x20 || c == 0x7F) {
			sink_put(out, SLICE("\\u00"));
			text_hex(out, slice_of(&c, 1));
		} else {
			sink_put(out, slice_sub(in, i, n));
		}
		i += n;
	}
}

int text_parse_u64(struct slice in, uint64_t *out)
{
	uint64_t v = 0;

	if (in.len == 0)
		return -EINVAL;
	for (size_t i = 0; i < in.len; i++) {
		uint64_t digit = (uint64_t)in.ptr[i] - '0';

		if (in.ptr[i] < '0' || in.ptr[i] > '9')
			return -EINVAL;
		if (v > (UINT64_MAX - digit) / 10)
			return -ERANGE;
		v = v * 10 + digit;
	}
	*out = v;
	return 0;
}

bool text_eq_nocase(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (text_lower(a.ptr[i]) != text_lower(b.ptr[i]))
			return false;
	return true;
}
