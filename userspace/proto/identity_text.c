/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/identity_text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <time.h>

#include "base/text.h"

static bool is_printable(uint8_t c)
{
	return c >= ' ' && c <= '~';
}

static bool lists(struct slice set, uint8_t c)
{
	return set.len > 0 && memchr(set.ptr, c, set.len) != NULL;
}

static bool is_unreserved(uint8_t c)
{
	uint8_t lower = text_lower(c);

	return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || lists(SLICE("-._~"), c);
}

void put_printable(struct sink *out, struct slice in)
{
	for (size_t i = 0; i < in.len; i++)
		sink_putc(out, is_printable(in.ptr[i]) ? (char)in.ptr[i] : '?');
}

static void put_coded(struct sink *out, char mark, uint8_t c)
{
	sink_putc(out, mark);
	text_hex_upper(out, slice_of(&c, 1));
}

void put_escaped(struct sink *out, struct slice in)
{
	for (size_t i = 0; i < in.len; i++) {
		if (is_printable(in.ptr[i]) && in.ptr[i] != '\\')
			sink_putc(out, (char)in.ptr[i]);
		else
			put_coded(out, '\\', in.ptr[i]);
	}
}

void put_percent(struct sink *out, struct slice in, struct slice safe)
{
	for (size_t i = 0; i < in.len; i++) {
		if (is_unreserved(in.ptr[i]) || (is_printable(in.ptr[i]) && lists(safe, in.ptr[i])))
			sink_putc(out, (char)in.ptr[i]);
		else
			put_coded(out, '%', in.ptr[i]);
	}
}

void put_uri(struct sink *out, struct slice in, struct slice not )
{
	for (size_t i = 0; i < in.len; i++) {
		if (is_printable(in.ptr[i]) && in.ptr[i] != ' ' && !lists(not, in.ptr[i]))
			sink_putc(out, (char)in.ptr[i]);
		else
			put_coded(out, '%', in.ptr[i]);
	}
}

/* The base64 of one line of PEM. */
static struct slice pem_line(struct slice der, size_t at, uint8_t room[PEM_CHARS])
{
	size_t left = der.len - at;
	struct sink line = sink_of(room, PEM_CHARS);

	text_base64(&line, slice_sub(der, at, left < PEM_LINE_BYTES ? left : PEM_LINE_BYTES));
	return sink_slice(&line);
}

void put_pem_percent(struct sink *out, struct slice der, struct slice safe)
{
	uint8_t room[PEM_CHARS];

	sink_put(out, SLICE("-----BEGIN%20CERTIFICATE-----%0A"));
	for (size_t at = 0; at < der.len; at += PEM_LINE_BYTES) {
		put_percent(out, pem_line(der, at, room), safe);
		sink_put(out, SLICE("%0A"));
	}
	sink_put(out, SLICE("-----END%20CERTIFICATE-----%0A"));
}

void put_pem_line(struct sink *out, struct slice der, struct slice end)
{
	uint8_t room[PEM_CHARS];

	sink_put(out, SLICE("-----BEGIN CERTIFICATE-----"));
	sink_put(out, end);
	for (size_t at = 0; at < der.len; at += PEM_LINE_BYTES) {
		sink_put(out, pem_line(der, at, room));
		sink_put(out, end);
	}
	sink_put(out, SLICE("-----END CERTIFICATE-----"));
}

void put_byte_sequence(struct sink *out, struct slice der)
{
	sink_putc(out, ':');
	text_base64(out, der);
	sink_putc(out, ':');
}

size_t byte_sequence_len(struct slice der)
{
	return (der.len + 2) / 3 * 4 + 2;
}

static bool broken_down(int64_t seconds, struct tm *tm)
{
	const time_t t = seconds;

	return gmtime_r(&t, tm) != NULL;
}

static void put_format(struct sink *out, const struct tm *tm, const char *format)
{
	char text[64];

	sink_put(out, slice_of(text, strftime(text, sizeof(text), format, tm)));
}

/* Not strftime()'s %b: a locale must not name the month. */
void put_date(struct sink *out, int64_t seconds)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm tm;

	if (!broken_down(seconds, &tm))
		return;
	sink_put(out, slice_of(months + (size_t)tm.tm_mon * 3, 3));
	put_format(out, &tm, " %e %H:%M:%S %Y GMT");
}

void put_rfc3339(struct sink *out, int64_t seconds, struct slice zone)
{
	struct tm tm;

	if (!broken_down(seconds, &tm))
		return;
	put_format(out, &tm, "%Y-%m-%dT%H:%M:%S");
	sink_put(out, zone);
}

/* The next decimal digit off the end of a number in base 16, one digit a byte. */
static char take_digit(uint8_t *number, size_t len)
{
	unsigned int rest = 0;

	for (size_t i = 0; i < len; i++) {
		rest = rest * 16 + number[i];
		number[i] = (uint8_t)(rest / 10);
		rest %= 10;
	}
	return (char)('0' + rest);
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = text_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void put_decimal(struct sink *out, struct slice hex)
{
	enum { HEX_MAX = 64, DECIMAL_MAX = 78 };
	uint8_t number[HEX_MAX];
	char digits[DECIMAL_MAX];
	size_t at = DECIMAL_MAX;

	if (hex.len > 0 && hex.ptr[0] == '-') {
		sink_putc(out, '-');
		hex = slice_sub(hex, 1, hex.len - 1);
	}
	for (size_t i = 0; i < hex.len; i++) {
		if (hex.len > HEX_MAX || hex_digit(hex.ptr[i]) < 0) {
			put_printable(out, hex);
			return;
		}
		number[i] = (uint8_t)hex_digit(hex.ptr[i]);
	}
	while (at > 0)
		digits[--at] = take_digit(number, hex.len);
	while (at < DECIMAL_MAX - 1 && digits[at] == '0')
		at++;
	sink_put(out, slice_of(digits + at, DECIMAL_MAX - at));
}

bool san_next(struct slice *rest, struct san *out)
{
	size_t len;

	if (rest->len < 3)
		return false;
	len = (size_t)rest->ptr[1] << 8 | rest->ptr[2];
	if (len > rest->len - 3)
		return false;
	out->kind = rest->ptr[0];
	out->value = slice_sub(*rest, 3, len);
	*rest = slice_sub(*rest, 3 + len, rest->len - 3 - len);
	return true;
}

bool put_ip(struct sink *out, struct slice bytes)
{
	char text[INET6_ADDRSTRLEN];

	if (bytes.len != 4 && bytes.len != 16)
		return false;
	must(inet_ntop(bytes.len == 4 ? AF_INET : AF_INET6, bytes.ptr, text, sizeof(text)));
	sink_put(out, slice_of(text, strlen(text)));
	return true;
}

bool put_sans(struct sink *out, struct slice sans, enum san_kind kind, struct slice between)
{
	struct san san;
	bool any = false;

	while (san_next(&sans, &san)) {
		if (san.kind != kind ||
		    (kind == SAN_IP && san.value.len != 4 && san.value.len != 16))
			continue;
		if (any)
			sink_put(out, between);
		any = true;
		if (kind == SAN_IP)
			(void)put_ip(out, san.value);
		else
			put_uri(out, san.value, SLICE(",;\"\\"));
	}
	return any;
}
