/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/ip.h"

#include <errno.h>

#include "heads.h"

Test(ip, addresses_are_read_strictly)
{
	static const struct {
		struct slice text;
		int want;
		const char *why;
	} rows[] = {
		{ SLICE("192.0.2.1"), 0, "IPv4" },
		{ SLICE("0.0.0.0"), 0, "the lowest" },
		{ SLICE("255.255.255.255"), 0, "the highest" },
		{ SLICE("2001:db8::1"), 0, "IPv6" },
		{ SLICE("::"), 0, "nothing but zeroes" },
		{ SLICE("2001:0db8:0000:0000:0000:0000:0000:0001"), 0, "written out" },
		{ SLICE("::ffff:192.0.2.1"), 0, "mapped" },
		{ SLICE(""), -EINVAL, "empty" },
		{ SLICE("192.0.2"), -EINVAL, "three numbers" },
		{ SLICE("192.0.2.01"), -EINVAL, "leading zero" },
		{ SLICE("192.0.2.256"), -EINVAL, "over 255" },
		{ SLICE("192.0.2.1 "), -EINVAL, "space" },
		{ SLICE("192.0.2.1\0"), -EINVAL, "NUL" },
		{ SLICE("0x7f.1"), -EINVAL, "not decimal" },
		{ SLICE("2130706433"), -EINVAL, "one number" },
		{ SLICE("fe80::1%eth0"), -EINVAL, "zone" },
		{ SLICE("[::1]"), -EINVAL, "brackets" },
		{ SLICE("1::2::3"), -EINVAL, "two gaps" },
		{ SLICE("0000:0000:0000:0000:0000:ffff:255.255.255.2555"), -EINVAL, "too long" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t ip[IP_BYTES];

		cr_expect_eq(ip_parse(rows[i].text, ip), rows[i].want, "%s", rows[i].why);
	}
}

Test(ip, mapped_and_plain_ipv4_are_one_address)
{
	uint8_t plain[IP_BYTES];
	uint8_t mapped[IP_BYTES];
	uint8_t v6[IP_BYTES];

	cr_assert_eq(ip_parse(SLICE("192.0.2.1"), plain), 0);
	cr_assert_eq(ip_parse(SLICE("::ffff:192.0.2.1"), mapped), 0);
	cr_assert_eq(ip_parse(SLICE("::192.0.2.1"), v6), 0);
	cr_expect_arr_eq(plain, mapped, sizeof(plain));
	cr_expect(ip_is_v4(plain));
	cr_expect_not(ip_is_v4(v6));
}

Test(ip, ranges_hold_what_they_say)
{
	static const struct {
		struct slice range;
		struct slice ip;
		bool want;
	} rows[] = {
		{ SLICE("192.0.2.0/24"), SLICE("192.0.2.0"), true },
		{ SLICE("192.0.2.0/24"), SLICE("192.0.2.255"), true },
		{ SLICE("192.0.2.0/24"), SLICE("192.0.3.0"), false },
		{ SLICE("192.0.2.0/24"), SLICE("::ffff:192.0.2.7"), true },
		{ SLICE("192.0.2.0/24"), SLICE("2001:db8::c000:207"), false },
		{ SLICE("192.0.2.8/29"), SLICE("192.0.2.15"), true },
		{ SLICE("192.0.2.8/29"), SLICE("192.0.2.16"), false },
		{ SLICE("192.0.2.8/29"), SLICE("192.0.2.7"), false },
		{ SLICE("192.0.2.1"), SLICE("192.0.2.1"), true },
		{ SLICE("192.0.2.1"), SLICE("192.0.2.0"), false },
		{ SLICE("0.0.0.0/0"), SLICE("203.0.113.9"), true },
		{ SLICE("0.0.0.0/0"), SLICE("2001:db8::1"), false },
		{ SLICE("::/0"), SLICE("2001:db8::1"), true },
		{ SLICE("::/0"), SLICE("203.0.113.9"), false },
		{ SLICE("::/64"), SLICE("203.0.113.9"), false },
		{ SLICE("::/64"), SLICE("::1"), true },
		{ SLICE("::ffff:0.0.0.0/96"), SLICE("203.0.113.9"), true },
		{ SLICE("2001:db8::/33"), SLICE("2001:db8:7fff::1"), true },
		{ SLICE("2001:db8::/33"), SLICE("2001:db8:8000::1"), false },
		{ SLICE("2001:db8::1"), SLICE("2001:db8::1"), true },
		{ SLICE("2001:db8::1"), SLICE("2001:db8::2"), false },
		{ SLICE("::ffff:10.0.0.0/104"), SLICE("10.1.2.3"), true },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ip_range r;
		uint8_t ip[IP_BYTES];

		cr_assert_null(ip_range_parse(rows[i].range, &r), "row %zu", i);
		cr_assert_eq(ip_parse(rows[i].ip, ip), 0);
		cr_expect_eq(ip_range_has(&r, ip), rows[i].want, "row %zu", i);
	}
}

Test(ip, what_is_no_range_is_refused)
{
	static const struct {
		struct slice text;
		const char *why;
	} rows[] = {
		{ SLICE(""), "not a range" },
		{ SLICE("/8"), "not a range" },
		{ SLICE("example.com"), "not a range" },
		{ SLICE("192.0.2.1:80"), "not a range" },
		{ SLICE("192.0.2.0/"), "the prefix" },
		{ SLICE("192.0.2.0/33"), "the prefix" },
		{ SLICE("192.0.2.0/-1"), "the prefix" },
		{ SLICE("192.0.2.0/24/8"), "the prefix" },
		{ SLICE("192.0.2.0/255.255.255.0"), "the prefix" },
		{ SLICE("2001:db8::/129"), "the prefix" },
		{ SLICE("192.0.2.1/24"), "bits are set" },
		{ SLICE("2001:db8::1/64"), "bits are set" },
		{ SLICE("128.0.0.0/0"), "bits are set" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ip_range r = { .bits = 77 };
		const char *why = ip_range_parse(rows[i].text, &r);

		cr_assert_not_null(why, "row %zu", i);
		cr_expect_eq(strncmp(why, rows[i].why, strlen(rows[i].why)), 0, "row %zu: %s", i,
		             why);
		cr_expect_eq(r.bits, 77, "row %zu", i);
	}
}

Test(ip, a_range_is_written_as_it_is_read)
{
	static const struct {
		struct slice in, out;
	} rows[] = {
		{ SLICE("192.0.2.0/24"), SLICE("192.0.2.0/24") },
		{ SLICE("192.0.2.1"), SLICE("192.0.2.1/32") },
		{ SLICE("0.0.0.0/0"), SLICE("0.0.0.0/0") },
		{ SLICE("2001:DB8::/32"), SLICE("2001:db8::/32") },
		{ SLICE("::/0"), SLICE("::/0") },
		{ SLICE("::1"), SLICE("::1/128") },
		{ SLICE("::ffff:0:0/96"), SLICE("0.0.0.0/0") },
		{ SLICE("::ffff:0:0/95"), SLICE("") },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t text[IP_RANGE_TEXT_MAX];
		struct sink out = sink_of(text, sizeof(text));
		struct ip_range r;

		if (ip_range_parse(rows[i].in, &r)) {
			cr_expect_eq(rows[i].out.len, 0, "row %zu", i);
			continue;
		}
		ip_range_format(&r, &out);
		EXPECT_SLICE(sink_slice(&out), rows[i].out, "range");
	}
}
