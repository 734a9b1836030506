/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/template.h"

#include <criterion/criterion.h>

#include "heads.h"
#include "proto/identity_fields.h"
#include "somebody.h"

static const struct {
	const char *why;
	struct slice template, want;
} rows[] = {
	{ "a field", SLICE("${certSerial}"), SLICE("527E0F20A20EA2A4146C78390F34CE7AF0878CA4") },
	{ "fields and text", SLICE("<${certPresented}${certRevoked}>"), SLICE("<10>") },
	{ "both names of the verdict", SLICE("${certVerify}=${certVerified}"),
	  SLICE("SUCCESS=SUCCESS") },
	{ "text alone", SLICE("a $ {b} $"), SLICE("a $ {b} $") },
	{ "a date", SLICE("${certNotBefore}"), SLICE("Mar 21 13:35:00 2022 GMT") },
	{ "key identifiers", SLICE("${certSKI} ${certIssuerSKI}"), SLICE("27846FAE 00FF") },
	{ "names of each kind", SLICE("${certSanDns}|${certSanUri}|${certSanEmail}|${certSanIp}"),
	  SLICE("a.example,b.example|spiffe://td/a|a@b.c|192.0.2.1,2001:db8::1") },
	{ "not too large", SLICE("${certRFC9440TooLarge}${certChainRFC9440TooLarge}"),
	  SLICE("falsefalse") },
	{ "the chain", SLICE("${certChainRFC9440}"),
	  SLICE(":aW50ZXJtZWRpYXRlID4+:, :YW5vdGhlciA+Pj4=:") },
};

Test(template, becomes_what_its_fields_say)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t room[512];
		struct sink s = sink_of(room, sizeof(room));
		struct slice part;

		cr_assert_null(template_check(rows[i].template, &part), "%s", rows[i].why);
		cr_expect(template_render(rows[i].template, &somebody, &s), "%s", rows[i].why);
		EXPECT_SLICE(sink_slice(&s), rows[i].want, rows[i].why);
	}
}

Test(template, of_nobody_says_only_what_nobody_has)
{
	const struct identity_meta nobody = { .verdict = SLICE("NONE") };
	uint8_t room[64];
	struct sink s = sink_of(room, sizeof(room));

	cr_expect_not(template_render(SLICE("CN: ${certSubjectDN}"), &nobody, &s));
	s = sink_of(room, sizeof(room));
	cr_expect(template_render(SLICE("${certVerified}${certSerial}"), &nobody, &s));
	EXPECT_SLICE(sink_slice(&s), SLICE("NONE"), "nobody");
}

Test(template, a_leaf_over_10_kib_is_said_to_be)
{
	static uint8_t large[RFC9440_LEAF_MAX];
	struct identity_meta m = somebody;
	uint8_t room[64];
	struct sink s = sink_of(room, sizeof(room));

	m.der = slice_of(large, sizeof(large));
	cr_expect(template_render(SLICE("${certRFC9440}${certRFC9440TooLarge}"), &m, &s));
	EXPECT_SLICE(sink_slice(&s), SLICE("true"), "too large");
}

static const struct {
	struct slice template, part;
} wrong[] = {
	{ SLICE("${certSerail}"), SLICE("certSerail") },
	{ SLICE("${certserial}"), SLICE("certserial") },
	{ SLICE("a ${} b"), SLICE("") },
	{ SLICE("${certSerial} ${certSKI"), SLICE("certSKI") },
	{ SLICE("${"), SLICE("") },
	{ SLICE(""), SLICE("") },
	{ SLICE("a\r\nb"), SLICE("a\r\nb") },
	{ SLICE("\xC3\xA9"), SLICE("\xC3\xA9") },
};

Test(template, that_cannot_be_rendered_is_refused_with_the_part_that_is_wrong)
{
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct slice part;

		cr_expect_not_null(template_check(wrong[i].template, &part), "%zu", i);
		EXPECT_SLICE(part, wrong[i].part, "part");
	}
}

Test(template, every_field_of_the_table_can_be_used)
{
	const struct template_field *f;

	for (size_t i = 0; (f = template_field_at(i)); i++) {
		uint8_t room[128];
		struct sink s = sink_of(room, sizeof(room));
		struct slice part;

		sink_put(&s, SLICE("${"));
		sink_put(&s, f->name);
		sink_put(&s, SLICE("}"));
		cr_expect_null(template_check(sink_slice(&s), &part), "%s",
		               (const char *)f->name.ptr);
	}
}
