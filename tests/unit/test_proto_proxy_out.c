/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/proxy_out.h"

#include <errno.h>

#include "heads.h"
#include "proto/proxy_in.h"

#define SIG "\r\n\r\n\0\r\nQUIT\n"

/* CN=client, with O=x before it */
#define SUBJECT                                                                                         \
	"\x30\x1D\x31\x0A\x30\x08\x06\x03\x55\x04\x0A\x0C\x01x\x31\x0F\x30\x0D\x06\x03\x55\x04\x03\x0C" \
	"\x06"                                                                                          \
	"client"

static const struct proxy_end client4 = {
	.ip = { [10] = 0xFF, [11] = 0xFF, 192, 0, 2, 9 },
	.port = 4660,
};
static const struct proxy_end door4 = {
	.ip = { [10] = 0xFF, [11] = 0xFF, 198, 51, 100, 7 },
	.port = 443,
};
static const struct proxy_end client6 = { .ip = { 0x20, 0x01, 0x0D, 0xB8, [15] = 9 },
	                                  .port = 4660 };

static uint8_t bytes[PROXY_OUT_MAX];

static struct identity_meta somebody(void)
{
	return (struct identity_meta){
		.presented = true,
		.verified = true,
		.der = SLICE("der of the leaf"),
		.subject_der = SLICE(SUBJECT),
	};
}

static struct proxy_facts facts(uint32_t tlvs, const struct identity_meta *who)
{
	return (struct proxy_facts){
		.tlvs = tlvs,
		.has_ends = true,
		.client = &client4,
		.door = &door4,
		.client_cert = who,
		.alpn = SLICE("http/1.1"),
		.authority = SLICE("a.b"),
		.version = SLICE("TLSv1.3"),
		.cipher = SLICE("CIPHER"),
		.sig_alg = SLICE("SIG"),
		.key_alg = SLICE("EC256"),
		.group = SLICE("x25519"),
		.sig_scheme = SLICE("ed25519"),
	};
}

#define PUT(f)                                                                                     \
	({                                                                                         \
		struct sink out_ = sink_of(bytes, sizeof(bytes));                                  \
                                                                                                   \
		cr_assert_eq(proxy_out_put(&(f), &out_), 0);                                       \
		sink_slice(&out_);                                                                 \
	})

#define ENDS4     "\xC0\x00\x02\x09\xC6\x33\x64\x07\x12\x34\x01\xBB"
#define BIT(name) (1U << PROXY_TLV_##name)

Test(proxy_out, each_part_byte_for_byte)
{
	static const struct {
		const char *why;
		uint32_t tlvs;
		struct slice want; /* behind version and command */
	} rows[] = {
		{ "addresses alone", 0, SLICE("\x11\x00\x0C" ENDS4) },
		{ "alpn", BIT(ALPN), SLICE("\x11\x00\x17" ENDS4 "\x01\x00\x08http/1.1") },
		{ "authority", BIT(AUTHORITY),
		  SLICE("\x11\x00\x12" ENDS4 "\x02\x00\x03"
		        "a.b") },
		{ "ssl", BIT(SSL),
		  SLICE("\x11\x00\x1E" ENDS4 "\x20\x00\x0F\x07\0\0\0\0\x21\x00\x07TLSv1.3") },
		{ "common name", BIT(SSL) | BIT(CERT_CN),
		  SLICE("\x11\x00\x27" ENDS4 "\x20\x00\x18\x07\0\0\0\0\x21\x00\x07TLSv1.3"
		        "\x22\x00\x06"
		        "client") },
		{ "cipher", BIT(SSL) | BIT(SSL_CIPHER),
		  SLICE("\x11\x00\x27" ENDS4 "\x20\x00\x18\x07\0\0\0\0\x21\x00\x07TLSv1.3"
		        "\x23\x00\x06"
		        "CIPHER") },
		{ "our certificate", BIT(SSL) | BIT(CERT_SIG) | BIT(CERT_KEY),
		  SLICE("\x11\x00\x2C" ENDS4 "\x20\x00\x1D\x07\0\0\0\0\x21\x00\x07TLSv1.3"
		        "\x24\x00\x03SIG\x25\x00\x05"
		        "EC256") },
		{ "the handshake", BIT(SSL) | BIT(SSL_GROUP) | BIT(SSL_SIG_SCHEME),
		  SLICE("\x11\x00\x31" ENDS4 "\x20\x00\x22\x07\0\0\0\0\x21\x00\x07TLSv1.3"
		        "\x26\x00\x06x25519\x27\x00\x07"
		        "ed25519") },
		{ "their certificate", BIT(SSL) | BIT(CLIENT_CERT),
		  SLICE("\x11\x00\x30" ENDS4 "\x20\x00\x21\x07\0\0\0\0\x21\x00\x07TLSv1.3"
		        "\x28\x00\x0F"
		        "der of the leaf") },
		{ "parts of ssl without it", BIT(CERT_CN) | BIT(CLIENT_CERT),
		  SLICE("\x11\x00\x0C" ENDS4) },
	};
	const struct identity_meta who = somebody();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct proxy_facts f = facts(rows[i].tlvs, &who);
		struct slice got = PUT(f);

		EXPECT_SLICE(slice_sub(got, 0, 13), SLICE(SIG "\x21"), rows[i].why);
		EXPECT_SLICE(slice_sub(got, 13, got.len - 13), rows[i].want, rows[i].why);
	}
}

Test(proxy_out, who_the_client_is_to_the_bit)
{
	static const struct {
		const char *why;
		bool presented, verified, resumed;
		uint8_t bits, verify;
	} rows[] = {
		{ "nobody", false, false, false, 0x01, 1 },
		{ "nobody, resumed", false, false, true, 0x01, 1 },
		{ "verified", true, true, false, 0x07, 0 },
		{ "verified, resumed", true, true, true, 0x05, 0 },
		{ "shown and not verified", true, false, false, 0x07, 1 },
		{ "shown and not verified, resumed", true, false, true, 0x05, 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct identity_meta who = somebody();
		struct proxy_facts f = facts(BIT(SSL), rows[i].presented ? &who : NULL);
		struct slice got;

		who.verified = rows[i].verified;
		f.is_resumed = rows[i].resumed;
		got = PUT(f);
		cr_assert_gt(got.len, 36);
		cr_expect_eq(got.ptr[28], 0x20, "%s", rows[i].why);
		cr_expect_eq(got.ptr[31], rows[i].bits, "%s", rows[i].why);
		cr_expect_eq(got.ptr[32] | got.ptr[33] | got.ptr[34], 0, "%s", rows[i].why);
		cr_expect_eq(got.ptr[35], rows[i].verify, "%s", rows[i].why);
	}
}

Test(proxy_out, without_a_certificate_nothing_is_told_of_one)
{
	struct proxy_facts f = facts(UINT32_MAX & ~BIT(CRC32C), NULL);
	struct slice got = PUT(f);

	for (size_t i = 0; i + 2 < got.len; i++) {
		cr_expect_neq(memcmp(got.ptr + i, "\x22\x00", 2), 0, "a common name at %zu", i);
		cr_expect_neq(memcmp(got.ptr + i, "\x28\x00", 2), 0, "a certificate at %zu", i);
	}
}

Test(proxy_out, addresses_of_either_family_or_none)
{
	static const struct {
		const char *why;
		const struct proxy_end *client, *door;
		size_t len;
		bool has_ends;
		uint8_t family;
	} rows[] = {
		{ "IPv4", &client4, &door4, 12, true, 0x11 },
		{ "IPv6", &client6, &client6, 36, true, 0x21 },
		{ "one of each", &client6, &door4, 36, true, 0x21 },
		{ "not known", &client4, &door4, 0, false, 0x00 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct proxy_facts f = facts(0, NULL);
		struct proxy_told told;
		struct slice got;

		f.has_ends = rows[i].has_ends;
		f.client = rows[i].client;
		f.door = rows[i].door;
		got = PUT(f);
		cr_expect_eq(got.ptr[13], rows[i].family, "%s", rows[i].why);
		cr_expect_eq(got.len, PROXY_V2_FIXED_BYTES + rows[i].len, "%s", rows[i].why);
		cr_assert_eq(proxy_in_parse(got, &told), (int)got.len, "%s", rows[i].why);
		cr_expect_eq(told.has_ends, rows[i].has_ends, "%s", rows[i].why);
		if (!told.has_ends)
			continue;
		cr_expect_arr_eq(told.client.ip, f.client->ip, IP_BYTES, "%s", rows[i].why);
		cr_expect_arr_eq(told.door.ip, f.door->ip, IP_BYTES, "%s", rows[i].why);
		cr_expect_eq(told.client.port, f.client->port, "%s", rows[i].why);
		cr_expect_eq(told.door.port, f.door->port, "%s", rows[i].why);
	}
}

Test(proxy_out, the_line_of_version_1)
{
	static const struct proxy_end longest = { .ip = { 0xFD, [1 ... 15] = 0xFF },
		                                  .port = 65535 };
	static const struct proxy_end none = { 0 };
	static const struct {
		const struct proxy_end *client, *door;
		bool has_ends;
		struct slice want;
	} rows[] = {
		{ &client4, &door4, true, SLICE("PROXY TCP4 192.0.2.9 198.51.100.7 4660 443\r\n") },
		{ &client6, &client6, true,
		  SLICE("PROXY TCP6 2001:db8::9 2001:db8::9 4660 4660\r\n") },
		{ &client6, &door4, true,
		  SLICE("PROXY TCP6 2001:db8::9 ::ffff:198.51.100.7 4660 443\r\n") },
		{ &none, &none, true, SLICE("PROXY TCP6 :: :: 0 0\r\n") },
		{ &longest, &longest, true,
		  SLICE("PROXY TCP6 fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
		        "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n") },
		{ &client4, &door4, false, SLICE("PROXY UNKNOWN\r\n") },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct proxy_facts f = facts(0, NULL);
		struct sink out = sink_of(bytes, PROXY_OUT_V1_MAX);
		struct proxy_told told;

		f.has_ends = rows[i].has_ends;
		f.client = rows[i].client;
		f.door = rows[i].door;
		proxy_out_put_v1(&f, &out);
		cr_assert_not(out.overflow);
		EXPECT_SLICE(sink_slice(&out), rows[i].want, "line");
		cr_assert_eq(proxy_in_parse(sink_slice(&out), &told), (int)out.len, "row %zu", i);
		cr_expect_eq(told.has_ends, rows[i].has_ends, "row %zu", i);
		if (!told.has_ends)
			continue;
		cr_expect_arr_eq(told.client.ip, f.client->ip, IP_BYTES, "row %zu", i);
		cr_expect_arr_eq(told.door.ip, f.door->ip, IP_BYTES, "row %zu", i);
		cr_expect_eq(told.door.port, f.door->port, "row %zu", i);
	}
}

Test(proxy_out, a_common_name_is_told_only_if_it_cannot_be_misread)
{
	static const struct {
		const char *why;
		struct slice subject;
		struct slice want;
	} rows[] = {
#define CN(type, len, text)                                                                        \
	SLICE("\x30"                                                                               \
	      "\x0D"                                                                               \
	      "\x31"                                                                               \
	      "\x0B"                                                                               \
	      "\x30"                                                                               \
	      "\x09"                                                                               \
	      "\x06\x03\x55\x04\x03" type len text)
		{ "UTF8String", CN("\x0C", "\x02", "\xC3\xA4"), SLICE("\xC3\xA4") },
		{ "PrintableString", CN("\x13", "\x02", "ab"), SLICE("ab") },
		{ "IA5String", CN("\x16", "\x02", "a@"), SLICE("a@") },
		{ "T61String: of no certain meaning", CN("\x14", "\x02", "ab"), SLICE("") },
		{ "BMPString", CN("\x1E", "\x02", "\0a"), SLICE("") },
		{ "NUL", CN("\x0C", "\x02", "a\0"), SLICE("") },
		{ "line feed", CN("\x0C", "\x02", "a\n"), SLICE("") },
		{ "DEL", CN("\x0C", "\x02", "a\x7F"), SLICE("") },
		{ "C1 control", CN("\x0C", "\x02", "\xC2\x85"), SLICE("") },
		{ "not UTF-8", CN("\x0C", "\x02", "\xC3("), SLICE("") },
		{ "no break space", CN("\x0C", "\x02", "\xC2\xA0"), SLICE("\xC2\xA0") },
		{ "empty", SLICE("\x30\x0B\x31\x09\x30\x07\x06\x03\x55\x04\x03\x0C\x00"),
		  SLICE("") },
		{ "none", SLICE("\x30\x00"), SLICE("") },
		{ "no name at all", SLICE(""), SLICE("") },
		{ "two: the first",
		  SLICE("\x30\x18\x31\x0A\x30\x08\x06\x03\x55\x04\x03\x0C\x01"
		        "a"
		        "\x31\x0A\x30\x08\x06\x03\x55\x04\x03\x0C\x01"
		        "b"),
		  SLICE("a") },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct identity_meta who = somebody();
		struct proxy_facts f = facts(BIT(SSL) | BIT(CERT_CN), &who);
		struct slice got;
		struct slice name;

		who.subject_der = rows[i].subject;
		f.version = SLICE("");
		got = PUT(f);
		name = slice_sub(got, 36, got.len - 36);
		if (rows[i].want.len == 0) {
			cr_expect_eq(name.len, 0, "%s", rows[i].why);
			continue;
		}
		cr_assert_gt(name.len, 3, "%s", rows[i].why);
		cr_expect_eq(name.ptr[0], 0x22, "%s", rows[i].why);
		EXPECT_SLICE(slice_sub(name, 3, name.len - 3), rows[i].want, rows[i].why);
	}
}

Test(proxy_out, no_header_is_longer_than_its_length_can_say)
{
	static uint8_t der[65536];
	/* fixed, addresses, SSL with the certificate's own type and length */
	const size_t around = PROXY_V2_FIXED_BYTES + 12 + 3 + 5 + 3;
	struct identity_meta who = somebody();
	struct proxy_facts f = facts(BIT(SSL) | BIT(CLIENT_CERT), &who);
	struct sink out = sink_of(bytes, sizeof(bytes));

	f.version = SLICE("");
	who.der = slice_of(der, PROXY_OUT_MAX - around);
	cr_assert_eq(proxy_out_put(&f, &out), 0);
	cr_expect_eq(out.len, PROXY_OUT_MAX);
	cr_expect_eq(out.ptr[14] << 8 | out.ptr[15], 65535);

	out = sink_of(bytes, sizeof(bytes));
	who.der.len++;
	cr_expect_eq(proxy_out_put(&f, &out), -EMSGSIZE);
	cr_expect_eq(out.len, 0);
	cr_expect_not(out.overflow);

	who.der.len = sizeof(der);
	cr_expect_eq(proxy_out_put(&f, &out), -EMSGSIZE, "longer than a TLV");
	cr_expect_eq(out.len, 0);
}

Test(proxy_out, a_small_sink_is_left_as_it_was)
{
	const struct identity_meta who = somebody();
	struct proxy_facts f = facts(UINT32_MAX, &who);
	size_t whole = PUT(f).len;

	for (size_t n = 0; n <= whole; n++) {
		uint8_t small[512];
		struct sink out = sink_of(small, n + 3);

		sink_put(&out, SLICE("abc"));
		cr_expect_eq(proxy_out_put(&f, &out), n < whole ? -EMSGSIZE : 0, "%zu", n);
		cr_expect_eq(out.len, n < whole ? 3 : 3 + whole, "%zu", n);
		cr_expect_eq(memcmp(small, "abc", 3), 0);
	}
}

Test(proxy_out, the_checksum_is_the_one_that_is_checked)
{
	const struct identity_meta who = somebody();
	struct proxy_facts f = facts(UINT32_MAX, &who);
	struct slice got = PUT(f);
	struct proxy_told told;

	cr_assert_eq(proxy_in_parse(got, &told), (int)got.len);
	bytes[got.len - 1] ^= 1;
	cr_expect_eq(proxy_in_parse(got, &told), -EBADMSG);
	bytes[got.len - 1] ^= 1;
	bytes[20] ^= 1;
	cr_expect_eq(proxy_in_parse(got, &told), -EBADMSG);
}
