/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/identity.h"

#include "base/text.h"

static bool render_der_base64(const struct identity_meta *meta, struct sink *out)
{
	if (!meta->presented)
		return false;
	text_base64(out, meta->der);
	return true;
}

static bool render_sha256_hex(const struct identity_meta *meta, struct sink *out)
{
	if (!meta->presented)
		return false;
	text_hex(out, slice_of(meta->sha256, sizeof(meta->sha256)));
	return true;
}

/* The words are OpenSSL's today; a byte that could end the line must never come of them. */
static void put_printable(struct sink *out, struct slice in)
{
	for (size_t i = 0; i < in.len; i++)
		sink_putc(out, in.ptr[i] >= ' ' && in.ptr[i] <= '~' ? (char)in.ptr[i] : '?');
}

static bool render_verdict(const struct identity_meta *meta, struct sink *out)
{
	put_printable(out, meta->verdict);
	return true;
}

/* RFC 8941 section 3.3.5: a byte sequence. */
static void put_byte_sequence(struct sink *out, struct slice der)
{
	sink_putc(out, ':');
	text_base64(out, der);
	sink_putc(out, ':');
}

static bool render_rfc9440_leaf(const struct identity_meta *meta, struct sink *out)
{
	if (!meta->presented || !meta->verified)
		return false;
	put_byte_sequence(out, meta->der);
	return true;
}

static bool render_rfc9440_chain(const struct identity_meta *meta, struct sink *out)
{
	must(meta->chain_len <= IDENTITY_CHAIN_MAX);
	if (!meta->presented || !meta->verified || meta->chain_len == 0)
		return false;
	for (size_t i = 0; i < meta->chain_len; i++) {
		if (i > 0)
			sink_put(out, SLICE(", "));
		put_byte_sequence(out, meta->chain[i]);
	}
	return true;
}

static identity_renderer *const renderers[] = {
#define X(name, renderer) [IDENTITY_FIELD_##name] = (renderer),
	IDENTITY_FIELDS(X)
#undef X
};

void identity_render(const struct identity_headers *headers, const struct identity_meta *meta,
                     struct sink *out)
{
	must(headers->len <= IDENTITY_HEADERS_MAX);
	for (size_t i = 0; i < headers->len; i++) {
		const struct sink before = *out;

		must(headers->row[i].field < IDENTITY_FIELD_MAX);
		sink_put(out, headers->row[i].name);
		sink_put(out, SLICE(": "));
		if (renderers[headers->row[i].field](meta, out))
			sink_put(out, SLICE("\r\n"));
		else
			*out = before; /* left out, with its name */
	}
}
