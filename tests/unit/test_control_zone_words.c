/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/zone_words.h"

#include <criterion/criterion.h>

Test(zone_words, an_id_has_32_digits)
{
	char id[SNAPSHOT_ID_BYTES + 1];

	cr_expect(zone_id("0123456789ABCDEF0123456789abcdef", id));
	cr_expect_str_eq(id, "0123456789abcdef0123456789abcdef");
	cr_expect_not(zone_id(NULL, id));
	cr_expect_not(zone_id("", id));
	cr_expect_not(zone_id("0123456789abcdef0123456789abcde", id));
	cr_expect_not(zone_id("0123456789abcdef0123456789abcdef0", id));
	cr_expect_not(zone_id("0123456789abcdef0123456789abcdeg", id));
}

Test(zone_words, a_zone_is_a_domain_and_a_hostname_may_be_a_wildcard)
{
	char name[ZONE_NAME_BYTES_MAX];

	cr_expect(zone_name("Example.COM.", name));
	cr_expect_str_eq(name, "example.com");
	cr_expect_not(zone_name("com", name));
	cr_expect_not(zone_name("*.example.com", name));
	cr_expect_not(zone_name("", name));
	cr_expect_not(zone_name(NULL, name));
	cr_expect(zone_hostname("*.Example.com", name));
	cr_expect_str_eq(name, "*.example.com");
	cr_expect_not(zone_hostname("*", name));
	cr_expect_not(zone_hostname("a b", name));
	cr_expect_not(zone_hostname(NULL, name));
}
