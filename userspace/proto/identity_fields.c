/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/identity_fields.h"

#include "base/text.h"
#include "proto/identity_text.h"

bool put_word(struct sink *out, struct slice word)
{
	sink_put(out, word);
	return true;
}

static bool put_some(struct sink *out, struct slice text)
{
	put_printable(out, text);
	return text.len > 0;
}

static bool put_hex_upper(struct sink *out, struct slice bytes)
{
	text_hex_upper(out, bytes);
	return bytes.len > 0;
}

bool render_der_base64(const struct identity_meta *meta, struct sink *out)
{
	if (!meta->presented)
		return false;
	text_base64(out, meta->der);
	return true;
}

bool render_sha256_hex(const struct identity_meta *meta, struct sink *out)
{
	if (!meta->presented)
		return false;
	text_hex(out, slice_of(meta->sha256, sizeof(meta->sha256)));
	return true;
}

bool render_sha1_hex(const struct identity_meta *meta, struct sink *out)
{
	if (!meta->presented)
		return false;
	text_hex(out, slice_of(meta->sha1, sizeof(meta->sha1)));
	return true;
}

/* The words are OpenSSL's today; a byte that could end the line must never come of them. */
bool render_verdict(const struct identity_meta *meta, struct sink *out)
{
	put_printable(out, meta->verdict);
	return true;
}

bool render_subject(const struct identity_meta *meta, struct sink *out)
{
	return put_some(out, meta->subject);
}

bool render_issuer(const struct identity_meta *meta, struct sink *out)
{
	return put_some(out, meta->issuer);
}

bool render_subject_legacy(const struct identity_meta *meta, struct sink *out)
{
	return put_some(out, meta->subject_legacy);
}

bool render_issuer_legacy(const struct identity_meta *meta, struct sink *out)
{
	return put_some(out, meta->issuer_legacy);
}

bool render_serial(const struct identity_meta *meta, struct sink *out)
{
	return put_some(out, meta->serial);
}

bool render_issuer_serial(const struct identity_meta *meta, struct sink *out)
{
	return put_some(out, meta->issuer_serial);
}

bool render_ski(const struct identity_meta *meta, struct sink *out)
{
	return put_hex_upper(out, meta->ski);
}

bool render_issuer_ski(const struct identity_meta *meta, struct sink *out)
{
	return put_hex_upper(out, meta->issuer_ski);
}

bool render_not_before(const struct identity_meta *meta, struct sink *out)
{
	if (!meta->presented)
		return false;
	put_date(out, meta->not_before);
	return true;
}

bool render_not_after(const struct identity_meta *meta, struct sink *out)
{
	if (!meta->presented)
		return false;
	put_date(out, meta->not_after);
	return true;
}

bool render_pem_percent(const struct identity_meta *meta, struct sink *out)
{
	if (!meta->presented)
		return false;
	put_pem_percent(out, meta->der, SLICE(""));
	return true;
}

bool render_rfc9440_leaf(const struct identity_meta *meta, struct sink *out)
{
	if (!meta->presented || !meta->verified)
		return false;
	put_byte_sequence(out, meta->der);
	return true;
}

size_t rfc9440_chain_len(const struct identity_meta *meta)
{
	size_t len = 0;

	must(meta->chain_len <= IDENTITY_CHAIN_MAX);
	for (size_t i = 0; i < meta->chain_len; i++)
		len += byte_sequence_len(meta->chain[i]) + (i > 0 ? 2 : 0);
	return len;
}

void put_rfc9440_chain(const struct identity_meta *meta, struct sink *out)
{
	must(meta->chain_len <= IDENTITY_CHAIN_MAX);
	for (size_t i = 0; i < meta->chain_len; i++) {
		if (i > 0)
			sink_put(out, SLICE(", "));
		put_byte_sequence(out, meta->chain[i]);
	}
}

bool render_rfc9440_chain(const struct identity_meta *meta, struct sink *out)
{
	if (!meta->presented || !meta->verified || meta->chain_len == 0)
		return false;
	put_rfc9440_chain(meta, out);
	return true;
}

bool rfc9440_leaf_is_large(const struct identity_meta *meta)
{
	return byte_sequence_len(meta->der) >
	       (meta->limits.leaf > 0 ? meta->limits.leaf : RFC9440_LEAF_MAX);
}

bool rfc9440_chain_is_large(const struct identity_meta *meta)
{
	return rfc9440_chain_len(meta) >
	       (meta->limits.chain > 0 ? meta->limits.chain : RFC9440_CHAIN_MAX);
}

bool render_rfc9440_leaf_limited(const struct identity_meta *meta, struct sink *out)
{
	return !rfc9440_leaf_is_large(meta) && render_rfc9440_leaf(meta, out);
}

/* Section 2.3: no chain without the leaf. */
bool render_rfc9440_chain_limited(const struct identity_meta *meta, struct sink *out)
{
	return !rfc9440_leaf_is_large(meta) && !rfc9440_chain_is_large(meta) &&
	       render_rfc9440_chain(meta, out);
}
