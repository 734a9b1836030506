/* SPDX-License-Identifier: GPL-2.0-only */
#include "sys/addr.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

static struct slice str(const char *s)
{
	return slice_of(s, strlen(s));
}

Test(addr, what_is_parsed_is_formatted_back)
{
	static const struct {
		const char *in, *out;
		int family;
	} rows[] = {
		{ "192.0.2.1:80", "192.0.2.1:80", AF_INET },
		{ "0.0.0.0:65535", "0.0.0.0:65535", AF_INET },
		{ "[::1]:8443", "[::1]:8443", AF_INET6 },
		{ "[2001:DB8:0:0:0:0:0:1]:1", "[2001:db8::1]:1", AF_INET6 },
		{ "unix:/run/app.sock", "unix:/run/app.sock", AF_UNIX },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sockaddr_storage addr;
		char text[ADDR_TEXT_MAX];
		struct sink out = sink_of(text, sizeof(text));
		socklen_t len = 0;

		cr_assert_eq(addr_parse(str(rows[i].in), &addr, &len), 0, "%s", rows[i].in);
		cr_expect_eq(addr.ss_family, rows[i].family, "%s", rows[i].in);
		cr_expect_gt(len, 2);
		addr_format(&addr, &out);
		cr_expect(slice_eq(sink_slice(&out), str(rows[i].out)), "%s", rows[i].in);
	}
}

Test(addr, what_has_none_of_the_forms_is_refused)
{
	static const char *const rows[] = {
		"",
		":",
		"80",
		":80",
		"1.2.3.4",
		"1.2.3.4:",
		"1.2.3.4:0",
		"1.2.3:80",
		"1.2.3.4:65536",
		"1.2.3.4:8 ",
		"1.2.3.4:-1",
		"::1:80",
		"[::1]",
		"[::1]80",
		"[]:80",
		"[1.2.3.4]:80",
		"localhost:80",
		"unix:",
		"unix:rel",
		"[::1%lo]:80",
		"UNIX:/x",
		"[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:1",
	};
	struct sockaddr_storage addr;
	struct slice path;
	char storage[128];
	socklen_t len;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		cr_expect_eq(addr_parse(str(rows[i]), &addr, &len), -EINVAL, "%s", rows[i]);
	(void)snprintf(storage, sizeof(storage), "unix:/%0120d", 0);
	path = str(storage);
	cr_expect_eq(addr_parse(slice_sub(path, 0, 5 + 108), &addr, &len), -EINVAL);
	cr_expect_eq(addr_parse(slice_sub(path, 0, 5 + 107), &addr, &len), 0);
	cr_expect_eq(addr_parse(SLICE("unix:/a\0b"), &addr, &len), -EINVAL);
}

Test(addr, a_name_and_a_port_are_taken_apart)
{
	struct slice name;
	uint16_t port;

	cr_assert_eq(addr_split(SLICE("app.internal:8080"), &name, &port), 0);
	cr_expect(slice_eq(name, SLICE("app.internal")));
	cr_expect_eq(port, 8080);
	cr_expect_eq(addr_split(SLICE("app.internal"), &name, &port), -EINVAL);
	cr_expect_eq(addr_split(SLICE(":80"), &name, &port), -EINVAL);
	cr_expect_eq(addr_split(SLICE("a:b:80"), &name, &port), -EINVAL);
	cr_expect_eq(addr_split(SLICE("a:http"), &name, &port), -EINVAL);
}

Test(addr, equality_is_of_family_address_and_port)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{ "1.2.3.4:80", "1.2.3.4:80", true },
		{ "1.2.3.4:80", "1.2.3.4:81", false },
		{ "[::1]:80", "[0:0::1]:80", true },
		{ "1.2.3.4:80", "[::ffff:1.2.3.4]:80", false },
		{ "unix:/a", "unix:/a", true },
		{ "unix:/a", "unix:/ab", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sockaddr_storage a;
		struct sockaddr_storage b;
		socklen_t len;

		cr_assert_eq(addr_parse(str(rows[i].a), &a, &len), 0);
		cr_assert_eq(addr_parse(str(rows[i].b), &b, &len), 0);
		cr_expect_eq(addr_eq(&a, &b), rows[i].same, "%s %s", rows[i].a, rows[i].b);
	}
}
