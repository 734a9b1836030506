/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two oracles. A reading: of the input as a header, by a second parser that takes it apart
 * with nothing in common with the first; and one byte more at a time must come to the same
 * end. A round trip: facts made of the input, rendered, walked by that second parser, and
 * read back.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#include "fuzz.h"
#include "proto/proxy_in.h"
#include "proto/proxy_out.h"

/* --- a second opinion --------------------------------------------------------------------- */

static uint32_t slow_crc(const uint8_t *p, size_t len, size_t hole)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < len; i++) {
		uint8_t byte = i >= hole && i < hole + 4 ? 0 : p[i];

		for (int bit = 0; bit < 8; bit++) {
			bool carry = (crc ^ byte >> bit) & 1;

			crc >>= 1;
			if (carry)
				crc ^= 0x82F63B78;
		}
	}
	return ~crc;
}

static size_t slow16(const uint8_t *p)
{
	return p[0] * 256U + p[1];
}

/* Finds the only TLV of a kind in [at, end); *found is its index, 0 when there is none. */
static bool slow_walk(const uint8_t *p, size_t at, size_t end, uint8_t kind, size_t *found)
{
	*found = 0;
	while (at < end) {
		if (end - at < 3 || slow16(p + at + 1) > end - at - 3)
			return false;
		if (p[at] == kind && *found != 0)
			return false;
		if (p[at] == kind)
			*found = at;
		at += 3 + slow16(p + at + 1);
	}
	return true;
}

/* Every SSL TLV must be well formed, however many there are. */
static bool slow_ssl(const uint8_t *p, size_t at, size_t end)
{
	for (; at < end; at += 3 + slow16(p + at + 1)) {
		size_t sub = at + 3;

		if (p[at] != 0x20)
			continue;
		if (slow16(p + at + 1) < 5)
			return false;
		for (sub += 5; sub < at + 3 + slow16(p + at + 1); sub += 3 + slow16(p + sub + 1))
			if (at + 3 + slow16(p + at + 1) - sub < 3 ||
			    slow16(p + sub + 1) > at + slow16(p + at + 1) - sub)
				return false;
	}
	return true;
}

static bool slow_tlvs(const uint8_t *p, size_t at, size_t end)
{
	size_t crc;
	uint32_t told;

	if (!slow_walk(p, at, end, 0x03, &crc) || !slow_ssl(p, at, end))
		return false;
	if (crc == 0)
		return true;
	if (slow16(p + crc + 1) != 4)
		return false;
	told = (uint32_t)(slow16(p + crc + 3) << 16 | slow16(p + crc + 5));
	return told == slow_crc(p, end, crc + 3);
}

/* Version 2, whole: 1 and what it tells, 0 not a good one. */
static int slow_v2(struct slice in, struct proxy_told *told)
{
	static const struct {
		uint8_t family;
		size_t bytes;
	} families[] = { { 0x11, 12 }, { 0x12, 12 },  { 0x21, 36 },
		         { 0x22, 36 }, { 0x31, 216 }, { 0x32, 216 } };
	const uint8_t *p = in.ptr;
	const uint8_t *a = p + 16;

	if ((p[12] != 0x20 && p[12] != 0x21) || in.len > PROXY_V2_BYTES_MAX)
		return 0;
	if (p[12] == 0x20 || p[13] == 0)
		return 1;
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		if (families[i].family != p[13])
			continue;
		if (in.len < 16 + families[i].bytes ||
		    !slow_tlvs(p, 16 + families[i].bytes, in.len))
			return 0;
		told->has_ends = p[13] == 0x11 || p[13] == 0x21;
		told->client.port = (uint16_t)slow16(a + families[i].bytes - 4);
		told->door.port = (uint16_t)slow16(a + families[i].bytes - 2);
		if (p[13] == 0x21) {
			memcpy(told->client.ip, a, 16);
			memcpy(told->door.ip, a + 16, 16);
		} else if (p[13] == 0x11) {
			told->client.ip[10] = told->client.ip[11] = 0xFF;
			told->door.ip[10] = told->door.ip[11] = 0xFF;
			memcpy(told->client.ip + 12, a, 4);
			memcpy(told->door.ip + 12, a + 4, 4);
		}
		return 1;
	}
	return 0;
}

/* --- the two against each other ------------------------------------------------------------ */

static void check_ends(const struct proxy_told *a, const struct proxy_told *b)
{
	must(a->has_ends == b->has_ends);
	if (!a->has_ends)
		return;
	must(memcmp(a->client.ip, b->client.ip, 16) == 0);
	must(memcmp(a->door.ip, b->door.ip, 16) == 0);
	must(a->client.port == b->client.port);
	must(a->door.port == b->door.port);
}

/* Version 1 by writing it anew: there is one spelling but for that of IPv6. */
static void check_v1(struct slice in, size_t len, const struct proxy_told *told)
{
	char text[256];
	char a[INET6_ADDRSTRLEN];
	char b[INET6_ADDRSTRLEN];
	int n;

	must(len <= 107 && len >= 15);
	must(memcmp(in.ptr, "PROXY ", 6) == 0 && memcmp(in.ptr + len - 2, "\r\n", 2) == 0);
	must(memchr(in.ptr, '\n', len - 1) == NULL);
	if (!told->has_ends) {
		must(memcmp(in.ptr + 6, "UNKNOWN", 7) == 0);
		return;
	}
	if (in.ptr[9] != '4') {
		must(in.ptr[9] == '6');
		return;
	}
	must(inet_ntop(AF_INET, told->client.ip + 12, a, sizeof(a)));
	must(inet_ntop(AF_INET, told->door.ip + 12, b, sizeof(b)));
	n = snprintf(text, sizeof(text), "PROXY TCP4 %s %s %u %u\r\n", a, b, told->client.port,
	             told->door.port);
	must((size_t)n == len && memcmp(text, in.ptr, len) == 0);
}

static void check_reading(struct slice in)
{
	struct proxy_told told = { 0 };
	struct proxy_told slow = { 0 };
	int whole = proxy_in_parse(in, &told);

	must(whole <= (int)in.len);
	if (whole > 0 && told.version == 1)
		check_v1(in, (size_t)whole, &told);
	if (in.len >= 16 && memcmp(in.ptr, "\r\n\r\n\0\r\nQUIT\n", 12) == 0) {
		size_t len = 16 + slow16(in.ptr + 14);

		if (len <= in.len) {
			must(slow_v2(slice_sub(in, 0, len), &slow) == (whole > 0));
			must(whole < 0 || (size_t)whole == len);
		}
		if (whole > 0)
			check_ends(&told, &slow);
	} else {
		must(whole <= 0 || told.version == 1);
	}
	/* A part may lack bytes, and says the same as the whole when it says anything. */
	for (size_t n = 0; n <= in.len && n < 300; n++) {
		int part = proxy_in_parse(slice_sub(in, 0, n), &slow);

		must(part == 0 || part == whole);
		must(part <= (int)n);
	}
}

/* --- the round trip ------------------------------------------------------------------------ */

static struct slice take(struct slice *in, size_t most)
{
	size_t len = 0;
	struct slice out;

	if (in->len > 0) {
		len = in->ptr[0] * most / 255;
		*in = slice_sub(*in, 1, in->len - 1);
	}
	if (len > in->len)
		len = in->len;
	out = slice_sub(*in, 0, len);
	*in = slice_sub(*in, len, in->len - len);
	return out;
}

static void check_value(const uint8_t *p, size_t at, size_t end, uint8_t kind, struct slice want)
{
	size_t found;

	must(slow_walk(p, at, end, kind, &found));
	must((found != 0) == (want.len > 0));
	if (found == 0)
		return;
	must(slow16(p + found + 1) == want.len);
	must(memcmp(p + found + 3, want.ptr, want.len) == 0);
}

static void check_rendered(const struct proxy_facts *f, struct slice got)
{
	const struct slice none = { 0 };
	const uint8_t *p = got.ptr;
	size_t at = !f->has_ends ? 16 : p[13] == 0x11 ? 28 : 52;
	size_t ssl;

	must(got.len >= 16 && slow16(p + 14) == got.len - 16);
	must(f->has_ends || p[13] == 0);
	must(slow_tlvs(p, at, got.len));
	check_value(p, at, got.len, 0x01, f->tlvs & 1U << PROXY_TLV_ALPN ? f->alpn : none);
	check_value(p, at, got.len, 0x02,
	            f->tlvs & 1U << PROXY_TLV_AUTHORITY ? f->authority : none);
	must(slow_walk(p, at, got.len, 0x20, &ssl));
	must((ssl != 0) == ((f->tlvs & 1U << PROXY_TLV_SSL) != 0));
	if (ssl == 0)
		return;
	must(p[ssl + 3] & 1);
	must(((p[ssl + 3] & 4) != 0) == (f->client_cert != NULL));
	must(((p[ssl + 3] & 2) != 0) == (f->client_cert && !f->is_resumed));
	must((memcmp(p + ssl + 4, "\0\0\0\0", 4) == 0) ==
	     (f->client_cert && f->client_cert->verified));
	check_value(p, ssl + 8, ssl + 3 + slow16(p + ssl + 1), 0x21, f->version);
	check_value(p, ssl + 8, ssl + 3 + slow16(p + ssl + 1), 0x28,
	            f->client_cert && f->tlvs & 1U << PROXY_TLV_CLIENT_CERT ? f->client_cert->der
	                                                                    : none);
}

/* What version 1 says of the same ends. */
static void check_line(const struct proxy_facts *f, const struct proxy_told *want)
{
	uint8_t bytes[PROXY_OUT_V1_MAX];
	struct sink out = sink_of(bytes, sizeof(bytes));
	struct proxy_told told = { 0 };

	proxy_out_put_v1(f, &out);
	must(!out.overflow);
	must(proxy_in_parse(sink_slice(&out), &told) == (int)out.len && told.version == 1);
	check_ends(&told, want);
}

static void check_round_trip(struct slice in)
{
	static uint8_t bytes[PROXY_OUT_MAX];
	struct sink out = sink_of(bytes, sizeof(bytes));
	struct proxy_end ends[2] = { 0 };
	struct proxy_told told = { 0 };
	struct proxy_told want = { 0 };
	struct identity_meta who = { .presented = true };
	struct proxy_facts f = { .client = &ends[0], .door = &ends[1] };

	if (in.len < sizeof(ends) + 3)
		return;
	memcpy(ends, in.ptr, sizeof(ends));
	f.tlvs = (uint32_t)slow16(in.ptr + sizeof(ends));
	f.has_ends = in.ptr[sizeof(ends) + 2] & 1;
	f.is_resumed = in.ptr[sizeof(ends) + 2] & 2;
	who.verified = in.ptr[sizeof(ends) + 2] & 4;
	f.client_cert = in.ptr[sizeof(ends) + 2] & 8 ? &who : NULL;
	in = slice_sub(in, sizeof(ends) + 3, in.len - sizeof(ends) - 3);
	f.alpn = take(&in, 64);
	f.authority = take(&in, 255);
	f.version = take(&in, 16);
	f.cipher = take(&in, 64);
	f.sig_alg = take(&in, 64);
	f.key_alg = take(&in, 64);
	f.group = take(&in, 64);
	f.sig_scheme = take(&in, 64);
	who.subject_der = take(&in, 512);
	who.der = in;
	want.has_ends = f.has_ends;
	want.client = ends[0];
	want.door = ends[1];
	check_line(&f, &want);
	if (proxy_out_put(&f, &out) < 0) {
		must(out.len == 0 && who.der.len > 60000);
		return;
	}
	check_rendered(&f, sink_slice(&out));
	if (out.len > PROXY_V2_BYTES_MAX) {
		must(proxy_in_parse(sink_slice(&out), &told) == -EMSGSIZE);
		return;
	}
	must(proxy_in_parse(sink_slice(&out), &told) == (int)out.len);
	check_ends(&told, &want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len > 131072)
		return 0;
	check_reading(slice_of(data, len));
	check_round_trip(slice_of(data, len));
	return 0;
}
