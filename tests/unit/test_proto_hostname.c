/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>

#include "heads.h"
#include "proto/hostname.h"

#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *why;
	struct slice in;
	int want;
	struct slice out;
} names[] = {
	{ "as it is", SLICE("www.example.com"), 0, SLICE("www.example.com") },
	{ "upper case", SLICE("WWW.Example.COM"), 0, SLICE("www.example.com") },
	{ "trailing dot", SLICE("www.example.com."), 0, SLICE("www.example.com") },
	{ "one label", SLICE("localhost"), 0, SLICE("localhost") },
	{ "underscore", SLICE("_a.b-c"), 0, SLICE("_a.b-c") },
	{ "punycode", SLICE("xn--bcher-kva.example"), 0, SLICE("xn--bcher-kva.example") },
	{ "IPv4", SLICE("192.0.2.1"), 0, SLICE("192.0.2.1") },
	{ "IPv6", SLICE("2001:DB8:0:0:0:0:0:1"), 0, SLICE("2001:db8::1") },
	{ "IPv6, short", SLICE("::1"), 0, SLICE("::1") },
	{ "IPv4 in IPv6", SLICE("::ffff:192.0.2.1"), 0, SLICE("::ffff:192.0.2.1") },
	{ "a label of 63", SLICE(L63 ".a"), 0, SLICE(L63 ".a") },
	{ "255 bytes", SLICE(L63 "." L63 "." L63 "." L63), 0, SLICE(L63 "." L63 "." L63 "." L63) },
	{ "256 bytes", SLICE(L63 "." L63 "." L63 "." L63 "."), -ENAMETOOLONG, SLICE("") },
	{ "a label of 64", SLICE(L63 "a.a"), -ENAMETOOLONG, SLICE("") },
	{ "empty", SLICE(""), -EINVAL, SLICE("") },
	{ "a dot", SLICE("."), -EINVAL, SLICE("") },
	{ "two trailing dots", SLICE("a.."), -EINVAL, SLICE("") },
	{ "leading dot", SLICE(".a"), -EINVAL, SLICE("") },
	{ "empty label", SLICE("a..b"), -EINVAL, SLICE("") },
	{ "wildcard", SLICE("*.example.com"), -EINVAL, SLICE("") },
	{ "space", SLICE("a b"), -EINVAL, SLICE("") },
	{ "NUL", SLICE("a\0b"), -EINVAL, SLICE("") },
	{ "NUL and a known name", SLICE("a.example\0.evil"), -EINVAL, SLICE("") },
	{ "8-bit",
	  SLICE("b\xc3\xbc"
	        "cher.example"),
	  -EINVAL, SLICE("") },
	{ "percent", SLICE("a%2eb"), -EINVAL, SLICE("") },
	{ "slash", SLICE("a/b"), -EINVAL, SLICE("") },
	{ "port", SLICE("a:443"), -EINVAL, SLICE("") },
	{ "brackets", SLICE("[::1]"), -EINVAL, SLICE("") },
	{ "zone", SLICE("fe80::1%eth0"), -EINVAL, SLICE("") },
	{ "IPv6 with a dot behind", SLICE("::1."), -EINVAL, SLICE("") },
	{ "IPv6 with NUL", SLICE("::1\0"), -EINVAL, SLICE("") },
};

Test(hostname, has_one_spelling)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct hostname h = { .len = 0 };
		struct hostname again = { .len = 0 };

		cr_expect_eq(hostname_normal(names[i].in, &h), names[i].want, "%s", names[i].why);
		EXPECT_SLICE(hostname_slice(&h), names[i].out, names[i].why);
		if (names[i].want < 0)
			continue;
		cr_expect_eq(hostname_normal(hostname_slice(&h), &again), 0, "%s", names[i].why);
		EXPECT_SLICE(hostname_slice(&again), names[i].out, names[i].why);
	}
}

Test(hostname, a_pattern_is_a_name_or_one_star_over_two_labels)
{
	static const struct {
		const char *why;
		struct slice in;
		int want;
		struct slice out;
	} rows[] = {
		{ "name", SLICE("A.example"), 0, SLICE("a.example") },
		{ "wildcard", SLICE("*.Example.COM."), 0, SLICE("*.example.com") },
		{ "over a top-level domain", SLICE("*.com"), -EINVAL, SLICE("") },
		{ "over everything", SLICE("*"), -EINVAL, SLICE("") },
		{ "nothing behind", SLICE("*."), -EINVAL, SLICE("") },
		{ "part of a label", SLICE("a*.example.com"), -EINVAL, SLICE("") },
		{ "two stars", SLICE("*.*.example.com"), -EINVAL, SLICE("") },
		{ "inside", SLICE("a.*.example.com"), -EINVAL, SLICE("") },
		{ "over an address", SLICE("*.::1"), -EINVAL, SLICE("") },
		{ "too long with its star", SLICE("*." L63 "." L63 "." L63 "." L63), -ENAMETOOLONG,
		  SLICE("") },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct hostname h = { .len = 0 };

		cr_expect_eq(hostname_pattern(rows[i].in, &h), rows[i].want, "%s", rows[i].why);
		EXPECT_SLICE(hostname_slice(&h), rows[i].out, rows[i].why);
	}
}

Test(hostname, the_parent_is_the_wildcard_one_label_up)
{
	static const struct {
		const char *why;
		struct slice in;
		int want;
		struct slice out;
	} rows[] = {
		{ "three labels", SLICE("a.example.com"), 0, SLICE("*.example.com") },
		{ "four labels: one is replaced", SLICE("a.b.example.com"), 0,
		  SLICE("*.b.example.com") },
		{ "two labels", SLICE("example.com"), -ENOENT, SLICE("") },
		{ "one label", SLICE("localhost"), -ENOENT, SLICE("") },
		{ "IPv4", SLICE("192.0.2.1"), -ENOENT, SLICE("") },
		{ "IPv6", SLICE("::ffff:192.0.2.1"), -ENOENT, SLICE("") },
		{ "nearly IPv4", SLICE("192.0.2.256"), 0, SLICE("*.0.2.256") },
		{ "longest", SLICE("a." L63 "." L63 "." L63), 0, SLICE("*." L63 "." L63 "." L63) },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct hostname h = { .len = 0 };
		struct hostname parent = { .len = 0 };

		cr_assert_eq(hostname_normal(rows[i].in, &h), 0, "%s", rows[i].why);
		cr_expect_eq(hostname_parent(&h, &parent), rows[i].want, "%s", rows[i].why);
		EXPECT_SLICE(hostname_slice(&parent), rows[i].out, rows[i].why);
	}
}
