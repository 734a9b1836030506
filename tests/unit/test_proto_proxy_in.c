/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/proxy_in.h"

#include <errno.h>

#include "base/crc32c.h"
#include "heads.h"

#define SIG "\r\n\r\n\0\r\nQUIT\n"

/* 192.0.2.9:4660 to 198.51.100.7:443 */
#define ENDS4 "\xC0\x00\x02\x09\xC6\x33\x64\x07\x12\x34\x01\xBB"
#define IP6_A "\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x09"
#define IP6_B "\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x07"
#define ENDS6 IP6_A IP6_B "\x12\x34\x01\xBB"
#define Z8    "\0\0\0\0\0\0\0\0"
#define Z72   Z8 Z8 Z8 Z8 Z8 Z8 Z8 Z8 Z8
#define UNIX  Z72 Z72 Z72

#define FIFTY "01234567890123456789012345678901234567890123456789"

enum says { NOTHING, ENDS_V4, ENDS_V6 };

static void expect_ends(const struct proxy_told *t, enum says says, const char *why)
{
	uint8_t client[IP_BYTES];
	uint8_t door[IP_BYTES];

	cr_expect_eq(t->has_ends, says != NOTHING, "%s", why);
	if (says == NOTHING || !t->has_ends)
		return;
	cr_assert_eq(ip_parse(says == ENDS_V4 ? SLICE("192.0.2.9") : SLICE("2001:db8::9"), client),
	             0);
	cr_assert_eq(ip_parse(says == ENDS_V4 ? SLICE("198.51.100.7") : SLICE("2001:db8::7"), door),
	             0);
	cr_expect_arr_eq(t->client.ip, client, IP_BYTES, "%s", why);
	cr_expect_arr_eq(t->door.ip, door, IP_BYTES, "%s", why);
	cr_expect_eq(t->client.port, 4660, "%s", why);
	cr_expect_eq(t->door.port, 443, "%s", why);
}

static const struct {
	const char *why;
	struct slice header;
	enum says says;
	uint8_t version;
} good[] = {
	{ "v1 IPv4", SLICE("PROXY TCP4 192.0.2.9 198.51.100.7 4660 443\r\n"), ENDS_V4, 1 },
	{ "v1 IPv6", SLICE("PROXY TCP6 2001:db8::9 2001:db8::7 4660 443\r\n"), ENDS_V6, 1 },
	{ "v1 unknown", SLICE("PROXY UNKNOWN\r\n"), NOTHING, 1 },
	{ "v1 unknown with addresses", SLICE("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"), NOTHING, 1 },
	{ "v1 the longest",
	  SLICE("PROXY UNKNOWN " FIFTY "01234567890123456789012345678901234567890\r\n"), NOTHING,
	  1 },
	{ "v2 IPv4", SLICE(SIG "\x21\x11\x00\x0C" ENDS4), ENDS_V4, 2 },
	{ "v2 IPv6", SLICE(SIG "\x21\x21\x00\x24" ENDS6), ENDS_V6, 2 },
	{ "v2 with TLVs",
	  SLICE(SIG "\x21\x11\x00\x16" ENDS4 "\x02\x00\x01"
	            "a"
	            "\xEE\x00\x03"
	            "xyz"),
	  ENDS_V4, 2 },
	{ "v2 with an empty TLV", SLICE(SIG "\x21\x11\x00\x0F" ENDS4 "\x04\x00\x00"), ENDS_V4, 2 },
	{ "v2 with SSL",
	  SLICE(SIG "\x21\x11\x00\x1B" ENDS4 "\x20\x00\x0C"
	            "\x01\0\0\0\x01"
	            "\x21\x00\x04"
	            "TLSv"),
	  ENDS_V4, 2 },
	{ "v2 with SSL, no parts",
	  SLICE(SIG "\x21\x11\x00\x14" ENDS4 "\x20\x00\x05"
	            "\x01\0\0\0\x01"),
	  ENDS_V4, 2 },
	{ "v2 local", SLICE(SIG "\x20\x00\x00\x00"), NOTHING, 2 },
	{ "v2 local with addresses", SLICE(SIG "\x20\x11\x00\x0C" ENDS4), NOTHING, 2 },
	{ "v2 local with an unknown family", SLICE(SIG "\x20\x77\x00\x01?"), NOTHING, 2 },
	{ "v2 unspec", SLICE(SIG "\x21\x00\x00\x00"), NOTHING, 2 },
	{ "v2 unspec with whatever", SLICE(SIG "\x21\x00\x00\x02??"), NOTHING, 2 },
	{ "v2 UDP over IPv4", SLICE(SIG "\x21\x12\x00\x0C" ENDS4), NOTHING, 2 },
	{ "v2 UDP over IPv6", SLICE(SIG "\x21\x22\x00\x24" ENDS6), NOTHING, 2 },
	{ "v2 a socket's path", SLICE(SIG "\x21\x31\x00\xD8" UNIX), NOTHING, 2 },
	{ "v2 a socket's path, datagrams", SLICE(SIG "\x21\x32\x00\xD8" UNIX), NOTHING, 2 },
};

Test(proxy_in, a_good_header_is_read_wherever_it_is_split)
{
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct slice h = good[i].header;
		struct proxy_told told = { 0 };

		for (size_t n = 0; n < h.len; n++)
			cr_expect_eq(proxy_in_parse(slice_sub(h, 0, n), &told), 0, "%s at %zu",
			             good[i].why, n);
		cr_expect_eq(told.version, 0, "%s: written too soon", good[i].why);
		cr_expect_eq(proxy_in_parse(h, &told), (int)h.len, "%s", good[i].why);
		cr_expect_eq(told.version, good[i].version, "%s", good[i].why);
		expect_ends(&told, good[i].says, good[i].why);
	}
}

Test(proxy_in, what_comes_behind_it_changes_nothing)
{
	static const struct slice behind[] = { SLICE("\x16\x03\x01\x02\x00\x01"), SLICE("\r\n"),
		                               SLICE("PROXY TCP4 1.1.1.1 1.1.1.1 1 1\r\n"),
		                               SLICE(SIG "\x20\x00\x00\x00"),
		                               SLICE(FIFTY FIFTY FIFTY) };
	uint8_t bytes[1024];

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		for (size_t j = 0; j < ARRAY_LEN(behind); j++) {
			struct sink s = sink_of(bytes, sizeof(bytes));
			struct proxy_told told = { 0 };

			sink_put(&s, good[i].header);
			sink_put(&s, behind[j]);
			cr_assert_not(s.overflow);
			cr_expect_eq(proxy_in_parse(sink_slice(&s), &told), (int)good[i].header.len,
			             "%s and %zu", good[i].why, j);
			expect_ends(&told, good[i].says, good[i].why);
		}
	}
}

Test(proxy_in, what_is_no_good_header_is_refused)
{
	static const struct {
		const char *why;
		struct slice in;
		int want;
	} rows[] = {
		{ "a ClientHello", SLICE("\x16\x03\x01"), -ENOMSG },
		{ "a request", SLICE("GET / HTTP/1.1\r\n"), -ENOMSG },
		{ "lower case", SLICE("proxy "), -ENOMSG },
		{ "PROXYv", SLICE("PROXYv"), -ENOMSG },
		{ "a tab", SLICE("PROXY\t"), -ENOMSG },
		{ "signature with a fault at its end", SLICE("\r\n\r\n\0\r\nQUIT\r"), -ENOMSG },
		{ "v1 no such family", SLICE("PROXY TCP5 1.1.1.1 1.1.1.1 1 1\r\n"), -EBADMSG },
		{ "v1 no family", SLICE("PROXY \r\n"), -EBADMSG },
		{ "v1 two spaces", SLICE("PROXY  TCP4 1.1.1.1 1.1.1.1 1 1\r\n"), -EBADMSG },
		{ "v1 two spaces inside", SLICE("PROXY TCP4 1.1.1.1  1.1.1.1 1 1\r\n"), -EBADMSG },
		{ "v1 space at the end", SLICE("PROXY TCP4 1.1.1.1 1.1.1.1 1 1 \r\n"), -EBADMSG },
		{ "v1 a port missing", SLICE("PROXY TCP4 1.1.1.1 1.1.1.1 1\r\n"), -EBADMSG },
		{ "v1 a port too many", SLICE("PROXY TCP4 1.1.1.1 1.1.1.1 1 1 1\r\n"), -EBADMSG },
		{ "v1 port too high", SLICE("PROXY TCP4 1.1.1.1 1.1.1.1 1 65536\r\n"), -EBADMSG },
		{ "v1 port with a zero", SLICE("PROXY TCP4 1.1.1.1 1.1.1.1 01 1\r\n"), -EBADMSG },
		{ "v1 port with a sign", SLICE("PROXY TCP4 1.1.1.1 1.1.1.1 +1 1\r\n"), -EBADMSG },
		{ "v1 IPv6 as TCP4", SLICE("PROXY TCP4 ::1 ::1 1 1\r\n"), -EBADMSG },
		{ "v1 IPv4 as TCP6", SLICE("PROXY TCP6 1.1.1.1 1.1.1.1 1 1\r\n"), -EBADMSG },
		{ "v1 families mixed", SLICE("PROXY TCP4 1.1.1.1 ::1 1 1\r\n"), -EBADMSG },
		{ "v1 zero in front", SLICE("PROXY TCP4 1.1.1.01 1.1.1.1 1 1\r\n"), -EBADMSG },
		{ "v1 bare LF", SLICE("PROXY TCP4 1.1.1.1 1.1.1.1 1 1\n"), -EBADMSG },
		{ "v1 CR and no LF", SLICE("PROXY TCP4 1.1.1.1 1.1.1.1 1 1\r\x16"), -EBADMSG },
		{ "v1 CR inside", SLICE("PROXY UNKNOWN\r \r\n"), -EBADMSG },
		{ "v1 NUL inside", SLICE("PROXY UNKNOWN \0\r\n"), -EBADMSG },
		{ "v1 8-bit inside", SLICE("PROXY UNKNOWN \xC3\xA4\r\n"), -EBADMSG },
		{ "v1 one byte too long",
		  SLICE("PROXY UNKNOWN " FIFTY "012345678901234567890123456789012345678901\r\n"),
		  -EBADMSG },
		{ "v1 without an end", SLICE("PROXY UNKNOWN " FIFTY FIFTY), -EBADMSG },
		{ "v2 version 1", SLICE(SIG "\x11"), -EBADMSG },
		{ "v2 version 3", SLICE(SIG "\x31"), -EBADMSG },
		{ "v2 no such command", SLICE(SIG "\x22"), -EBADMSG },
		{ "v2 no such family", SLICE(SIG "\x21\x41\x00\x00"), -EBADMSG },
		{ "v2 no such transport", SLICE(SIG "\x21\x13\x00\x0C" ENDS4), -EBADMSG },
		{ "v2 no transport", SLICE(SIG "\x21\x10\x00\x0C" ENDS4), -EBADMSG },
		{ "v2 no addresses", SLICE(SIG "\x21\x11\x00\x00"), -EBADMSG },
		{ "v2 addresses cut", SLICE(SIG "\x21\x11\x00\x0B" ENDS4), -EBADMSG },
		{ "v2 IPv6 addresses cut", SLICE(SIG "\x21\x21\x00\x0C" ENDS4), -EBADMSG },
		{ "v2 a path cut", SLICE(SIG "\x21\x31\x00\x0C" ENDS4), -EBADMSG },
		{ "v2 over the bound", SLICE(SIG "\x21\x11\x0F\xF1"), -EMSGSIZE },
		{ "v2 local over the bound", SLICE(SIG "\x20\x00\xFF\xFF"), -EMSGSIZE },
		{ "v2 a TLV's type alone", SLICE(SIG "\x21\x11\x00\x0D" ENDS4 "\x04"), -EBADMSG },
		{ "v2 a TLV's length cut", SLICE(SIG "\x21\x11\x00\x0E" ENDS4 "\x04\x00"),
		  -EBADMSG },
		{ "v2 a TLV too long", SLICE(SIG "\x21\x11\x00\x0F" ENDS4 "\x04\x00\x01"),
		  -EBADMSG },
		{ "v2 SSL too short",
		  SLICE(SIG "\x21\x11\x00\x13" ENDS4 "\x20\x00\x04"
		            "\x01\0\0\0"),
		  -EBADMSG },
		{ "v2 SSL with a part too long",
		  SLICE(SIG "\x21\x11\x00\x17" ENDS4 "\x20\x00\x08"
		            "\x01\0\0\0\x01"
		            "\x21\x00\x01"),
		  -EBADMSG },
		{ "v2 checksum of three bytes",
		  SLICE(SIG "\x21\x11\x00\x12" ENDS4 "\x03\x00\x03"
		            "\0\0\0"),
		  -EBADMSG },
		{ "v2 wrong checksum",
		  SLICE(SIG "\x21\x11\x00\x13" ENDS4 "\x03\x00\x04"
		            "\0\0\0\0"),
		  -EBADMSG },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct proxy_told told = { .version = 9 };

		cr_expect_eq(proxy_in_parse(rows[i].in, &told), rows[i].want, "%s: %d", rows[i].why,
		             proxy_in_parse(rows[i].in, &told));
		cr_expect_eq(told.version, 9, "%s: written", rows[i].why);
	}
}

Test(proxy_in, a_fault_is_found_at_its_byte)
{
	static const struct {
		struct slice in;
		size_t at; /* bytes up to here may still become a header */
	} rows[] = {
		{ SLICE("PROXX"), 4 },
		{ SLICE("\r\n\r\n\r"), 4 },
		{ SLICE("PROXY UN\n"), 8 },
		{ SLICE(SIG "\x41"), 12 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct proxy_told told;

		cr_expect_eq(proxy_in_parse(slice_sub(rows[i].in, 0, rows[i].at), &told), 0, "%zu",
		             i);
		cr_expect_lt(proxy_in_parse(rows[i].in, &told), 0, "%zu", i);
	}
}

Test(proxy_in, the_checksum_is_held_against_every_byte)
{
	uint8_t bytes[] = SIG "\x21\x11\x00\x17" ENDS4 "\x03\x00\x04"
			      "\0\0\0\0"
			      "\x02\x00\x01"
			      "a";
	struct slice h = slice_of(bytes, sizeof(bytes) - 1);
	uint32_t crc = crc32c(0, h);
	struct proxy_told told;

	for (size_t i = 0; i < 4; i++)
		bytes[31 + i] = (uint8_t)(crc >> (24 - 8 * i));
	cr_assert_eq(proxy_in_parse(h, &told), (int)h.len);
	expect_ends(&told, ENDS_V4, "checksum");
	for (size_t i = 16; i < h.len; i++) {
		if (i == 28)
			continue; /* its own type: then there is no checksum */
		bytes[i] ^= 0x10;
		cr_expect_eq(proxy_in_parse(h, &told), -EBADMSG, "byte %zu", i);
		bytes[i] ^= 0x10;
	}
	cr_expect_eq(proxy_in_parse(h, &told), (int)h.len);
}

Test(proxy_in, two_checksums_are_one_too_many)
{
	uint8_t bytes[] = SIG "\x21\x11\x00\x1A" ENDS4 "\x03\x00\x04"
			      "\0\0\0\0"
			      "\x03\x00\x04"
			      "\0\0\0\0";
	struct slice h = slice_of(bytes, sizeof(bytes) - 1);
	struct proxy_told told;
	uint32_t crc = crc32c(0, h);

	/* Right for the first as if the second were zero: the second alone is at fault. */
	for (size_t i = 0; i < 4; i++)
		bytes[31 + i] = (uint8_t)(crc >> (24 - 8 * i));
	cr_expect_eq(proxy_in_parse(h, &told), -EBADMSG);
}

Test(proxy_in, the_longest_is_read)
{
	static uint8_t bytes[PROXY_V2_BYTES_MAX];
	struct slice h = slice_of(bytes, sizeof(bytes));
	size_t body = sizeof(bytes) - PROXY_V2_FIXED_BYTES;
	size_t value = body - 12 - PROXY_TLV_BYTES;
	struct proxy_told told;

	slice_copy(bytes, SLICE(SIG "\x21\x11"));
	bytes[14] = (uint8_t)(body >> 8);
	bytes[15] = (uint8_t)body;
	slice_copy(bytes + 16, SLICE(ENDS4));
	bytes[28] = 0xE0;
	bytes[29] = (uint8_t)(value >> 8);
	bytes[30] = (uint8_t)value;
	cr_expect_eq(proxy_in_parse(slice_sub(h, 0, h.len - 1), &told), 0);
	cr_expect_eq(proxy_in_parse(h, &told), PROXY_V2_BYTES_MAX);
	expect_ends(&told, ENDS_V4, "longest");
}
