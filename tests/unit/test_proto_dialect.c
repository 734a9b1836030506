/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each dialect says of fixed clients stands in golden/WORD.txt. After a change of
 * what is said: SLUICE_GOLDEN=write build/release/tests/test_proto_dialect, and read the
 * difference.
 */
#include "proto/dialect.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/text.h"
#include "proto/identity_fields.h"
#include "proto/reserved.h"
#include "proto/template.h"
#include "somebody.h"

enum { ROOM = 256 * 1024, LARGE = 15 * 1024 };

static uint8_t room[ROOM];

static void render(enum dialect_id id, const struct identity_meta *meta, struct sink *out)
{
	const struct dialect *d = dialect_get(id);
	struct identity_header rows[IDENTITY_HEADERS_MAX];
	const struct identity_headers h = { .len = d->len, .row = rows };

	for (size_t i = 0; i < d->len; i++)
		rows[i] = (struct identity_header){ .name = d->rows[i].name,
			                            .render = d->rows[i].render };
	identity_render(&h, meta, out);
	cr_assert(!out->overflow);
}

static struct slice golden(enum dialect_id id)
{
	static uint8_t text[ROOM];
	char path[128];
	FILE *f;
	size_t len;

	(void)snprintf(path, sizeof(path), "tests/unit/golden/%s.txt", dialect_words[id]);
	if (getenv("SLUICE_GOLDEN")) {
		f = fopen(path, "w");
		cr_assert_not_null(f);
		(void)fwrite(room, 1, strlen((char *)room), f);
		cr_assert_eq(fclose(f), 0);
	}
	f = fopen(path, "r");
	cr_assert_not_null(f, "%s: run from the top of the tree", path);
	len = fread(text, 1, sizeof(text), f);
	cr_assert_eq(fclose(f), 0);
	return slice_of(text, len);
}

static void put_case(enum dialect_id id, struct slice name, const struct identity_meta *meta,
                     struct sink *out)
{
	sink_put(out, SLICE("# "));
	sink_put(out, name);
	sink_put(out, SLICE("\n"));
	render(id, meta, out);
}

/* The files are easier to read without; that a CR ends each line test_proto_identity.c says. */
static void drop_cr(struct sink *s)
{
	size_t len = 0;

	for (size_t i = 0; i < s->len; i++)
		if (s->ptr[i] != '\r')
			s->ptr[len++] = s->ptr[i];
	s->len = len;
}

Test(dialect, says_what_its_golden_file_says)
{
	const struct identity_meta odd = somebody_odd();
	const struct identity_meta failed = somebody_failed();
	const struct identity_meta revoked = somebody_revoked();
	const struct identity_meta nobody = { .verdict = SLICE("NONE") };

	for (enum dialect_id id = 0; id < DIALECT_MAX; id++) {
		struct sink s = sink_of(room, sizeof(room) - 1);

		put_case(id, SLICE("verified"), &somebody, &s);
		put_case(id, SLICE("odd names"), &odd, &s);
		put_case(id, SLICE("failed"), &failed, &s);
		put_case(id, SLICE("revoked"), &revoked, &s);
		put_case(id, SLICE("nobody"), &nobody, &s);
		drop_cr(&s);
		room[s.len] = '\0';
		cr_expect(slice_eq(golden(id), sink_slice(&s)), "%s:\n%s", dialect_words[id], room);
	}
}

Test(dialect, every_name_is_reserved_whichever_dialects_are_in_use)
{
	for (enum dialect_id id = 0; id < DIALECT_MAX; id++)
		for (size_t i = 0; i < dialect_get(id)->len; i++)
			cr_expect(reserved_has(NULL, dialect_get(id)->rows[i].name), "%s",
			          (const char *)dialect_get(id)->rows[i].name.ptr);
}

/* Two words of one key exclude each other; any others go together. */
Test(dialect, only_the_two_of_envoy_share_a_name)
{
	size_t shared = 0;

	for (enum dialect_id a = 0; a < DIALECT_MAX; a++)
		for (enum dialect_id b = 0; b <= a; b++)
			for (size_t i = 0; i < dialect_get(a)->len; i++)
				for (size_t j = 0; j < (a == b ? i : dialect_get(b)->len); j++)
					shared += text_eq_nocase(dialect_get(a)->rows[i].name,
					                         dialect_get(b)->rows[j].name);
	cr_expect_eq(shared, 1);
}

Test(dialect, all_at_once_fit_one_host)
{
	size_t len = 3 + 2 + TEMPLATES_MAX;

	for (enum dialect_id id = 0; id < DIALECT_MAX; id++)
		len += dialect_get(id)->len;
	cr_expect_leq(len, IDENTITY_HEADERS_MAX);
	cr_expect_leq(3 + TEMPLATES_MAX, RESERVED_NAMES_MAX);
	cr_expect_leq(DIALECT_MAX, 31, "a bit for each");
}

Test(dialect, rfc9440_leaves_out_what_is_over_its_limits)
{
	static uint8_t large[RFC9440_CHAIN_MAX];
	struct identity_meta m = somebody;
	struct sink s = sink_of(room, sizeof(room));

	m.chain_len = 1;
	m.chain[0] = slice_of(large, (RFC9440_CHAIN_MAX - 2) / 4 * 3 + 1);
	render(DIALECT_RFC9440, &m, &s);
	cr_expect_lt(s.len, 100, "leaf only");
	cr_expect_gt(s.len, 0);
	m.chain[0].len--;
	s = sink_of(room, sizeof(room));
	render(DIALECT_RFC9440, &m, &s);
	cr_expect_gt(s.len, RFC9440_CHAIN_MAX - 8);
	m.der = slice_of(large, (RFC9440_LEAF_MAX - 2) / 4 * 3 + 1);
	s = sink_of(room, sizeof(room));
	render(DIALECT_RFC9440, &m, &s);
	cr_expect_eq(s.len, 0, "no chain without the leaf");
}

Test(dialect, gcp_names_what_is_over_its_limits)
{
	static uint8_t large[16 * 1024];
	struct identity_meta m = somebody;
	struct sink s = sink_of(room, sizeof(room) - 1);

	m.der = slice_of(large, LARGE);
	m.subject_der = slice_of(large, 385);
	render(DIALECT_GCP, &m, &s);
	room[s.len] = '\0';
	cr_expect(strstr((char *)room, "X-Client-Cert-Error: client_cert_subject_dn_exceeded_size_"
	                               "limit,client_cert_leaf_exceeded_size_limit,"
	                               "client_cert_chain_exceeded_size_limit\r\n"));
	cr_expect_null(strstr((char *)room, "X-Client-Cert-Leaf"));
	cr_expect_null(strstr((char *)room, "X-Client-Cert-Chain:"));
	cr_expect_null(strstr((char *)room, "Subject-Dn"));
}

Test(dialect, limits_of_rfc9440_are_the_operators)
{
	const struct identity_header row = { .name = SLICE("Client-Cert"),
		                             .render = render_rfc9440_leaf_limited };
	struct identity_headers h = { .len = 1, .row = &row };
	const size_t len = (somebody.der.len + 2) / 3 * 4 + 2;
	struct sink s = sink_of(room, sizeof(room));

	h.limits.leaf = (uint32_t)len - 1;
	identity_render(&h, &somebody, &s);
	cr_expect_eq(s.len, 0);
	h.limits.leaf++;
	identity_render(&h, &somebody, &s);
	cr_expect_gt(s.len, len);
}
