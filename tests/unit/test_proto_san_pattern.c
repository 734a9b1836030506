/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/san_pattern.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct slice str(const char *s)
{
	return slice_of(s, strlen(s));
}

static const struct {
	const char *text;
	const char *wrong; /* the beginning of it; NULL: good */
} written[] = {
	{ "dns:api.example.com", NULL },
	{ "dns:*.example.com", NULL },
	{ "uri:https://x.org/a", NULL },
	{ "uri:urn:uuid:1", NULL },
	{ "uri:https://x.org/a?b=c", NULL },
	{ "spiffe://td/*", NULL },
	{ "spiffe://td/ns/*/sa/**", NULL },
	{ "uri:spiffe://td/**", NULL },
	{ "email:a@x.org", NULL },
	{ "email:*@x.org", NULL },
	{ "", "begins with none of" },
	{ "api.example.com", "begins with none of" },
	{ "*", "begins with none of" },
	{ "DNS:api.example.com", "begins with none of" },
	{ "ip:192.0.2.1", "begins with none of" },
	{ "dns:", "not a hostname" },
	{ "dns:*", "not a hostname" },
	{ "dns:*.com", "not a hostname" },
	{ "dns:a.*.example.com", "not a hostname" },
	{ "dns:a*.example.com", "not a hostname" },
	{ "dns:**.example.com", "not a hostname" },
	{ "dns: api.example.com", "not a hostname" },
	{ "uri:", "not a URI" },
	{ "uri:x", "not a URI" },
	{ "uri:/a:b", "not a URI" },
	{ "uri:https://x.org/a b", "not a URI" },
	{ "uri:https://x.org/\xC3\xA4", "not a URI" },
	{ "uri:*", "not a URI" },
	{ "spiffe:*", "a * stands for a segment" },
	{ "spiffe://*", "a * stands for a segment" },
	{ "spiffe://*/a", "a * stands for a segment" },
	{ "uri:*://td/a", "a * stands for a segment" },
	{ "spiffe:/td/*", "a * stands for a segment" },
	{ "spiffe://td/a*", "a * stands for a whole" },
	{ "spiffe://td/a/*b", "a * stands for a whole" },
	{ "spiffe://td/***", "a * stands for a whole" },
	{ "spiffe://td/**/a", "** stands at the end" },
	{ "uri:https://x.org/*/a?b", "a * goes with neither" },
	{ "email:x.org", "not a mailbox" },
	{ "email:@x.org", "not a mailbox" },
	{ "email:a@b@x.org", "not a mailbox" },
	{ "email:a@*.x.org", "not a mailbox" },
	{ "email:*", "not a mailbox" },
	{ "email:a*@x.org", "a * stands for all" },
};

Test(san_pattern, is_read_strictly)
{
	for (size_t n = 0; n < ARRAY_LEN(written); n++) {
		struct san_pattern p;
		const char *why = san_pattern_parse(str(written[n].text), &p);

		if (!written[n].wrong)
			cr_expect_null(why, "%s: %s", written[n].text, why);
		else
			cr_expect(why && strncmp(why, written[n].wrong, strlen(written[n].wrong)) ==
			                          0,
			          "%s: %s", written[n].text, why ? why : "good");
	}
}

Test(san_pattern, has_an_end)
{
	char *text = calloc(1, SAN_PATTERN_BYTES_MAX + 2);
	struct san_pattern p;

	memset(text, 'a', SAN_PATTERN_BYTES_MAX + 1);
	memcpy(text, "uri:x:", 6);
	cr_expect_not_null(san_pattern_parse(str(text), &p));
	text[SAN_PATTERN_BYTES_MAX] = '\0';
	cr_expect_null(san_pattern_parse(str(text), &p));
	free(text);
}

static const struct {
	const char *pattern, *name;
	enum san_kind kind;
	bool is_meant;
} rows[] = {
	{ "dns:api.example.com", "api.example.com", SAN_DNS, true },
	{ "dns:API.example.com", "api.EXAMPLE.com", SAN_DNS, true },
	{ "dns:api.example.com", "api.example.com.evil.org", SAN_DNS, false },
	{ "dns:api.example.com", "xapi.example.com", SAN_DNS, false },
	{ "dns:api.example.com", "api.example.com", SAN_EMAIL, false },
	{ "dns:api.example.com", "api.example.com", SAN_URI, false },
	{ "dns:*.example.com", "a.example.com", SAN_DNS, true },
	{ "dns:*.example.com", "a.b.example.com", SAN_DNS, false },
	{ "dns:*.example.com", "example.com", SAN_DNS, false },
	{ "dns:*.example.com", ".example.com", SAN_DNS, false },
	{ "dns:*.example.com", "*.example.com", SAN_DNS, false },
	{ "dns:*.example.com", "a.example.com.", SAN_DNS, true },
	{ "dns:*.example.com", "a b.example.com", SAN_DNS, false },
	{ "dns:*.example.com", "", SAN_DNS, false },

	{ "uri:https://x.org/a", "https://x.org/a", SAN_URI, true },
	{ "uri:https://x.org/a", "https://X.org/a", SAN_URI, false },
	{ "uri:https://x.org/a", "https://x.org/a/", SAN_URI, false },
	{ "uri:https://x.org/a", "https://x.org/a", SAN_DNS, false },
	{ "uri:https://x.org/a?b", "https://x.org/a?b", SAN_URI, true },

	{ "spiffe://td/*", "spiffe://td/a", SAN_URI, true },
	{ "spiffe://td/*", "spiffe://td/a-b_c.d~e", SAN_URI, true },
	{ "spiffe://td/*", "spiffe://td/", SAN_URI, false },
	{ "spiffe://td/*", "spiffe://td", SAN_URI, false },
	{ "spiffe://td/*", "spiffe://td/a/", SAN_URI, false },
	{ "spiffe://td/*", "spiffe://td/a/b", SAN_URI, false },
	{ "spiffe://td/*", "spiffe://td.evil.org/a", SAN_URI, false },
	{ "spiffe://td/*", "spiffe://tda", SAN_URI, false },
	{ "spiffe://td/*", "spiffe://td/.", SAN_URI, false },
	{ "spiffe://td/*", "spiffe://td/..", SAN_URI, false },
	{ "spiffe://td/*", "spiffe://td/a%2Fb", SAN_URI, false },
	{ "spiffe://td/*", "spiffe://td/a?b", SAN_URI, false },
	{ "spiffe://td/*", "spiffe://td/a#b", SAN_URI, false },
	{ "spiffe://td/*", "spiffe://td/a\\b", SAN_URI, false },
	{ "spiffe://td/*", "spiffe://td/*", SAN_URI, false },
	{ "spiffe://td/*", "spiffe://td/a b", SAN_URI, false },
	{ "spiffe://td/*", "spiffe://td/\xC3\xA4", SAN_URI, false },
	{ "spiffe://td/*", "SPIFFE://td/a", SAN_URI, false },
	{ "spiffe://td/*", "https://td/a", SAN_URI, false },
	{ "spiffe://td/ns/*/sa/x", "spiffe://td/ns/a/sa/x", SAN_URI, true },
	{ "spiffe://td/ns/*/sa/x", "spiffe://td/ns/a/b/sa/x", SAN_URI, false },
	{ "spiffe://td/ns/*/sa/x", "spiffe://td/ns/a/sa", SAN_URI, false },
	{ "spiffe://td/ns/*/sa/x", "spiffe://td/ns//sa/x", SAN_URI, false },
	{ "spiffe://td/*/*", "spiffe://td/a/b", SAN_URI, true },
	{ "spiffe://td/*/*", "spiffe://td/a", SAN_URI, false },
	{ "spiffe://td/**", "spiffe://td/a", SAN_URI, true },
	{ "spiffe://td/**", "spiffe://td/a/b/c", SAN_URI, true },
	{ "spiffe://td/**", "spiffe://td/", SAN_URI, false },
	{ "spiffe://td/**", "spiffe://td", SAN_URI, false },
	{ "spiffe://td/**", "spiffe://td/a//b", SAN_URI, false },
	{ "spiffe://td/**", "spiffe://td/a/", SAN_URI, false },
	{ "spiffe://td/**", "spiffe://td/a/../b", SAN_URI, false },
	{ "spiffe://td/**", "spiffe://td2/a", SAN_URI, false },
	{ "spiffe://td/a/**", "spiffe://td/a", SAN_URI, false },
	{ "spiffe://td/a/**", "spiffe://td/b/c", SAN_URI, false },

	{ "email:a@x.org", "a@x.org", SAN_EMAIL, true },
	{ "email:a@x.org", "a@X.ORG", SAN_EMAIL, true },
	{ "email:a@x.org", "A@x.org", SAN_EMAIL, false },
	{ "email:a@x.org", "a@x.org.evil.com", SAN_EMAIL, false },
	{ "email:a@x.org", "b@x.org", SAN_EMAIL, false },
	{ "email:*@x.org", "anyone@x.org", SAN_EMAIL, true },
	{ "email:*@x.org", "anyone@y.x.org", SAN_EMAIL, false },
	{ "email:*@x.org", "@x.org", SAN_EMAIL, false },
	{ "email:*@x.org", "a@evil.com@x.org", SAN_EMAIL, false },
	{ "email:*@x.org", "\"a b\"@x.org", SAN_EMAIL, false },
	{ "email:*@x.org", "\"a\"@x.org", SAN_EMAIL, false },
	{ "email:*@x.org", "x.org", SAN_EMAIL, false },
	{ "email:*@x.org", "a@x.org", SAN_DNS, false },
};

Test(san_pattern, means_what_is_written_and_nothing_near_it)
{
	for (size_t n = 0; n < ARRAY_LEN(rows); n++) {
		const struct san san = { .kind = rows[n].kind, .value = str(rows[n].name) };
		struct san_pattern p;

		cr_assert_null(san_pattern_parse(str(rows[n].pattern), &p), "%s", rows[n].pattern);
		cr_expect_eq(san_pattern_matches(&p, &san), rows[n].is_meant, "%s: %s",
		             rows[n].pattern, rows[n].name);
	}
}

/* A NUL ends nothing: "good\0evil" is another name than "good". */
Test(san_pattern, nothing_ends_at_a_nul)
{
	const struct san names[] = {
		{ SAN_DNS, SLICE("a.example.com\0.evil.org") },
		{ SAN_URI, SLICE("spiffe://td/a\0b") },
		{ SAN_EMAIL, SLICE("a\0b@x.org") },
		{ SAN_EMAIL, SLICE("a@x.org\0") },
	};
	static const char *const patterns[] = { "dns:a.example.com", "dns:*.example.com",
		                                "spiffe://td/a",     "spiffe://td/*",
		                                "spiffe://td/**",    "email:a@x.org",
		                                "email:*@x.org" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		for (size_t n = 0; n < ARRAY_LEN(patterns); n++) {
			struct san_pattern p;

			cr_assert_null(san_pattern_parse(str(patterns[n]), &p));
			cr_expect_not(san_pattern_matches(&p, &names[i]), "%s", patterns[n]);
		}
}
