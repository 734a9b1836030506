/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/proxy_in.h"

#include <errno.h>

#include "base/crc32c.h"
#include "base/text.h"

/* Takes what is before the next space off @rest, and the space; all of it without one. */
static struct slice word(struct slice *rest)
{
	const uint8_t *space = rest->len > 0 ? memchr(rest->ptr, ' ', rest->len) : NULL;
	size_t at = space ? (size_t)(space - rest->ptr) : rest->len;
	size_t past = space ? at + 1 : at;
	struct slice out = slice_sub(*rest, 0, at);

	*rest = slice_sub(*rest, past, rest->len - past);
	return out;
}

static bool v1_ip(struct slice text, bool is_v4, uint8_t out[IP_BYTES])
{
	bool has_colon = text.len > 0 && memchr(text.ptr, ':', text.len);

	return has_colon != is_v4 && ip_parse(text, out) == 0;
}

/* Decimal, without leading zeroes. */
static bool v1_port(struct slice text, uint16_t *out)
{
	uint64_t port;

	if (text_parse_u64(text, &port) < 0 || port > UINT16_MAX ||
	    (text.len > 1 && text.ptr[0] == '0'))
		return false;
	*out = (uint16_t)port;
	return true;
}

/* The line behind "PROXY ", without CR LF. */
static int v1_line(struct slice line, struct proxy_told *out)
{
	struct slice family = word(&line);
	bool is_v4 = slice_eq(family, SLICE("TCP4"));
	struct proxy_told told = { .has_ends = true, .version = 1 };

	if (slice_eq(family, SLICE("UNKNOWN"))) {
		*out = (struct proxy_told){ .version = 1 };
		return 0;
	}
	if (!is_v4 && !slice_eq(family, SLICE("TCP6")))
		return -EBADMSG;
	if (!v1_ip(word(&line), is_v4, told.client.ip) ||
	    !v1_ip(word(&line), is_v4, told.door.ip) || !v1_port(word(&line), &told.client.port) ||
	    !v1_port(line, &told.door.port))
		return -EBADMSG;
	*out = told;
	return 0;
}

static int v1(struct slice in, size_t prefix, struct proxy_told *out)
{
	const struct slice line =
		in.len < PROXY_V1_BYTES_MAX ? in : slice_sub(in, 0, PROXY_V1_BYTES_MAX);
	size_t at = prefix;

	while (at < line.len && line.ptr[at] >= ' ' && line.ptr[at] <= '~')
		at++;
	/* A line ends with CR LF, and CR alone ends nothing. */
	if (at + 1 < line.len && line.ptr[at] == '\r' && line.ptr[at + 1] == '\n') {
		int err = v1_line(slice_sub(line, prefix, at - prefix), out);

		return err < 0 ? err : (int)at + 2;
	}
	if (at == in.len || (at + 1 == in.len && in.ptr[at] == '\r'))
		return in.len < PROXY_V1_BYTES_MAX ? 0 : -EBADMSG;
	return -EBADMSG;
}

static size_t be16(const uint8_t *p)
{
	return (size_t)p[0] << 8 | p[1];
}

/* Takes one TLV off @rest. */
static bool tlv(struct slice *rest, uint8_t *type, struct slice *value)
{
	size_t len;

	if (rest->len < PROXY_TLV_BYTES)
		return false;
	*type = rest->ptr[0];
	len = be16(rest->ptr + 1);
	if (len > rest->len - PROXY_TLV_BYTES)
		return false;
	*value = slice_sub(*rest, PROXY_TLV_BYTES, len);
	*rest = slice_sub(*rest, PROXY_TLV_BYTES + len, rest->len - PROXY_TLV_BYTES - len);
	return true;
}

static bool ssl_is_good(struct slice value)
{
	struct slice ignored;
	uint8_t type;

	if (value.len < PROXY_SSL_BYTES)
		return false;
	value = slice_sub(value, PROXY_SSL_BYTES, value.len - PROXY_SSL_BYTES);
	while (value.len > 0)
		if (!tlv(&value, &type, &ignored))
			return false;
	return true;
}

/* Section 2.2.3: over the whole header, with zeroes where the checksum is. */
static bool crc_is_good(struct slice header, struct slice value)
{
	const uint8_t zeroes[PROXY_CRC32C_BYTES] = { 0 };
	size_t at = (size_t)(value.ptr - header.ptr);
	size_t past = at + PROXY_CRC32C_BYTES;
	uint32_t crc;

	if (value.len != PROXY_CRC32C_BYTES)
		return false;
	crc = crc32c(0, slice_sub(header, 0, at));
	crc = crc32c(crc, slice_of(zeroes, sizeof(zeroes)));
	crc = crc32c(crc, slice_sub(header, past, header.len - past));
	return crc == ((uint32_t)be16(value.ptr) << 16 | be16(value.ptr + 2));
}

static bool tlvs_are_good(struct slice header, size_t at)
{
	struct slice rest = slice_sub(header, at, header.len - at);
	bool has_crc = false;
	struct slice value;
	uint8_t type;

	while (rest.len > 0) {
		if (!tlv(&rest, &type, &value))
			return false;
		if (type == PROXY_TYPE_SSL && !ssl_is_good(value))
			return false;
		if (type != PROXY_TYPE_CRC32C)
			continue;
		if (has_crc || !crc_is_good(header, value))
			return false;
		has_crc = true;
	}
	return true;
}

/* Bytes of the addresses of a family; -1: no such family. */
static int addresses_len(uint8_t family)
{
	switch (family) {
	case PROXY_UNSPEC:
		return 0;
	case PROXY_TCP4:
	case PROXY_UDP4:
		return 2 * 4 + 2 * 2;
	case PROXY_TCP6:
	case PROXY_UDP6:
		return 2 * 16 + 2 * 2;
	case PROXY_UNIX:
	case PROXY_UNIX_DGRAM:
		return 2 * 108;
	default:
		return -1;
	}
}

static void ends(const uint8_t *at, uint8_t family, struct proxy_told *told)
{
	if (family == PROXY_TCP4) {
		ip_map_v4(at, told->client.ip);
		ip_map_v4(at + 4, told->door.ip);
		at += 8;
	} else {
		memcpy(told->client.ip, at, IP_BYTES);
		memcpy(told->door.ip, at + IP_BYTES, IP_BYTES);
		at += IP_BYTES + IP_BYTES;
	}
	told->client.port = (uint16_t)be16(at);
	told->door.port = (uint16_t)be16(at + 2);
	told->has_ends = true;
}

/* A whole header. */
static int v2_whole(struct slice header, struct proxy_told *out)
{
	uint8_t family = header.ptr[13];
	size_t len = header.len - PROXY_V2_FIXED_BYTES;
	struct proxy_told told = { .version = 2 };
	int addresses = addresses_len(family);

	/* A health check's own: all that follows is to be passed over, the family too. UNSPEC
	 * has no form that could be checked. */
	if (header.ptr[12] != PROXY_V2_LOCAL && family != PROXY_UNSPEC) {
		if (addresses < 0 || len < (size_t)addresses ||
		    !tlvs_are_good(header, PROXY_V2_FIXED_BYTES + (size_t)addresses))
			return -EBADMSG;
		if (family == PROXY_TCP4 || family == PROXY_TCP6)
			ends(header.ptr + PROXY_V2_FIXED_BYTES, family, &told);
	}
	*out = told;
	return (int)header.len;
}

static int v2(struct slice in, struct proxy_told *out)
{
	size_t len;

	if (in.len > 12 && in.ptr[12] != PROXY_V2_LOCAL && in.ptr[12] != PROXY_V2_PROXY)
		return -EBADMSG;
	if (in.len < PROXY_V2_FIXED_BYTES)
		return 0;
	len = PROXY_V2_FIXED_BYTES + be16(in.ptr + 14);
	if (len > PROXY_V2_BYTES_MAX)
		return -EMSGSIZE;
	return in.len < len ? 0 : v2_whole(slice_sub(in, 0, len), out);
}

/* Does @in begin with @mark, as far as both go? */
static bool agrees(struct slice in, struct slice mark)
{
	size_t len = in.len < mark.len ? in.len : mark.len;

	return slice_eq(slice_sub(in, 0, len), slice_sub(mark, 0, len));
}

int proxy_in_parse(struct slice in, struct proxy_told *out)
{
	const struct slice v1_mark = SLICE("PROXY ");

	if (in.len == 0)
		return 0;
	if (agrees(in, v1_mark))
		return in.len < v1_mark.len ? 0 : v1(in, v1_mark.len, out);
	if (agrees(in, PROXY_V2_SIGNATURE))
		return v2(in, out);
	return -ENOMSG;
}
