/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every dialect and a template over a client made of arbitrary bytes. Each line that
 * comes out is printable ASCII, ends with its only CR LF, and parses as a field of the
 * name that was asked for.
 */
#include "fuzz.h"
#include "proto/dialect.h"
#include "proto/field.h"
#include "proto/template.h"

enum { CUTS = 13 };

/* The next piece of the input: its length is in the byte before it. */
static struct slice cut(struct slice *rest)
{
	struct slice piece = { 0 };

	if (rest->len == 0)
		return piece;
	piece.len = rest->ptr[0] < rest->len ? rest->ptr[0] : rest->len - 1;
	piece.ptr = rest->ptr + 1;
	*rest = slice_of(rest->ptr + 1 + piece.len, rest->len - 1 - piece.len);
	return piece;
}

static struct identity_meta meta_of(struct slice in)
{
	struct identity_meta m = { .verdict = SLICE("NONE") };
	struct slice *const pieces[CUTS] = {
		&m.verdict,
		&m.der,
		&m.subject,
		&m.issuer,
		&m.subject_legacy,
		&m.issuer_legacy,
		&m.subject_der,
		&m.issuer_der,
		&m.serial,
		&m.issuer_serial,
		&m.ski,
		&m.key_algorithm,
		&m.signature_algorithm,
	};
	struct slice numbers = cut(&in);
	uint8_t flags = 0;

	if (numbers.len >= 1)
		flags = numbers.ptr[0];
	m.presented = flags & 1;
	m.verified = flags & 2;
	m.revoked = flags & 4;
	m.chain_len = (flags >> 3) % (IDENTITY_CHAIN_MAX + 1);
	if (numbers.len >= 1 + sizeof(m.not_before) + sizeof(m.not_after)) {
		memcpy(&m.not_before, numbers.ptr + 1, sizeof(m.not_before));
		memcpy(&m.not_after, numbers.ptr + 9, sizeof(m.not_after));
	}
	for (size_t i = 0; i < CUTS; i++)
		*pieces[i] = cut(&in);
	for (size_t i = 0; i < m.chain_len; i++)
		m.chain[i] = cut(&in);
	m.issuer_ski = m.ski;
	m.sans = in;
	return m;
}

static void check_line(struct slice lines, size_t *at, struct slice name)
{
	struct field f;

	must(field_parse(lines, at, &f) == REFUSAL_NONE);
	must(slice_eq(f.name, name));
	for (size_t i = 0; i < f.value.len; i++)
		must(f.value.ptr[i] >= ' ' && f.value.ptr[i] <= '~');
}

static void check(const struct identity_header *row, const struct identity_meta *m)
{
	static uint8_t room[4 * IDENTITY_BLOCK_MAX];
	struct sink out = sink_of(room, sizeof(room));
	const struct identity_headers one = { .len = 1, .row = row };
	size_t at = 0;

	identity_render(&one, m, &out);
	must(!out.overflow);
	if (out.len == 0)
		return;
	must(out.len >= row->name.len + 4);
	for (size_t i = 0; i + 2 < out.len; i++)
		must(room[i] != '\r' && room[i] != '\n');
	check_line(sink_slice(&out), &at, row->name);
	must(at == out.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice in = slice_of(data, len);
	struct slice template = cut(&in);
	struct identity_header row = { .name = SLICE("X-T"), .template = template };
	const struct identity_meta m = meta_of(in);
	const struct template_field *field;
	struct slice part;

	if (len > 4096)
		return 0;
	if (!template_check(template, &part))
		check(&row, &m);
	for (size_t i = 0; (field = template_field_at(i)); i++)
		check(&(struct identity_header){ .name = SLICE("X-F"), .render = field->render },
		      &m);
	for (enum dialect_id id = 0; id < DIALECT_MAX; id++) {
		const struct dialect *d = dialect_get(id);

		for (size_t i = 0; i < d->len; i++) {
			row = (struct identity_header){ .name = d->rows[i].name,
				                        .render = d->rows[i].render };
			check(&row, &m);
		}
	}
	return 0;
}
