/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/template.h"

#include "proto/identity_fields.h"
#include "proto/identity_text.h"

static bool presented(const struct identity_meta *meta, struct sink *out)
{
	return put_word(out, meta->presented ? SLICE("1") : SLICE("0"));
}

static bool revoked(const struct identity_meta *meta, struct sink *out)
{
	return put_word(out, meta->revoked ? SLICE("1") : SLICE("0"));
}

/* Whatever the verdict: a template can say that as well. */
static bool leaf(const struct identity_meta *meta, struct sink *out)
{
	if (!meta->presented || rfc9440_leaf_is_large(meta))
		return false;
	put_byte_sequence(out, meta->der);
	return true;
}

static bool leaf_too_large(const struct identity_meta *meta, struct sink *out)
{
	return put_word(out, rfc9440_leaf_is_large(meta) ? SLICE("true") : SLICE("false"));
}

static bool chain(const struct identity_meta *meta, struct sink *out)
{
	if (meta->chain_len == 0 || rfc9440_chain_is_large(meta))
		return false;
	put_rfc9440_chain(meta, out);
	return true;
}

static bool chain_too_large(const struct identity_meta *meta, struct sink *out)
{
	bool is_too_large = rfc9440_chain_is_large(meta);

	return put_word(out, is_too_large ? SLICE("true") : SLICE("false"));
}

static bool san_dns(const struct identity_meta *meta, struct sink *out)
{
	return put_sans(out, meta->sans, SAN_DNS, SLICE(","));
}

static bool san_uri(const struct identity_meta *meta, struct sink *out)
{
	return put_sans(out, meta->sans, SAN_URI, SLICE(","));
}

static bool san_email(const struct identity_meta *meta, struct sink *out)
{
	return put_sans(out, meta->sans, SAN_EMAIL, SLICE(","));
}

static bool san_ip(const struct identity_meta *meta, struct sink *out)
{
	return put_sans(out, meta->sans, SAN_IP, SLICE(","));
}

#define ROW(name_, render_, says_)                                                                 \
	{                                                                                          \
		.name = SLICE(name_), .render = (render_), .says = (says_)                         \
	}
static const struct template_field fields[] = {
	ROW("certPresented", presented, "`1` or `0`"),
	ROW("certVerified", render_verdict, "`SUCCESS`, `NONE`, or `FAILED:` and why"),
	ROW("certVerify", render_verdict, "the same"),
	ROW("certRevoked", revoked, "`1` or `0`"),
	ROW("certIssuerDN", render_issuer, "RFC 2253"),
	ROW("certSubjectDN", render_subject, "RFC 2253"),
	ROW("certIssuerDNRFC2253", render_issuer, "RFC 2253"),
	ROW("certSubjectDNRFC2253", render_subject, "RFC 2253"),
	ROW("certIssuerDNLegacy", render_issuer_legacy, "`/C=US/O=Org/CN=Name`"),
	ROW("certSubjectDNLegacy", render_subject_legacy, "`/C=US/O=Org/CN=Name`"),
	ROW("certSerial", render_serial, "upper-case hexadecimal"),
	ROW("certIssuerSerial", render_issuer_serial,
	    "upper-case hexadecimal, of the issuing certificate"),
	ROW("certFingerprintSHA1", render_sha1_hex, "lower-case hexadecimal"),
	ROW("certFingerprintSHA256", render_sha256_hex, "lower-case hexadecimal"),
	ROW("certNotBefore", render_not_before, "`Mar 21 13:35:00 2022 GMT`"),
	ROW("certNotAfter", render_not_after, "`Mar 21 13:35:00 2022 GMT`"),
	ROW("certSKI", render_ski, "upper-case hexadecimal"),
	ROW("certIssuerSKI", render_issuer_ski, "upper-case hexadecimal"),
	ROW("certRFC9440", leaf,
	    "`:base64:`, up to `options.rfc9440_leaf_bytes`, whatever the verdict"),
	ROW("certRFC9440TooLarge", leaf_too_large, "`true` or `false`"),
	ROW("certChainRFC9440", chain,
	    "`:base64:, :base64:`, up to `options.rfc9440_chain_bytes`: the verified chain"),
	ROW("certChainRFC9440TooLarge", chain_too_large, "`true` or `false`"),
	ROW("certSanDns", san_dns, "DNS names, joined by `,`"),
	ROW("certSanUri", san_uri, "URIs (SPIFFE IDs), joined by `,`"),
	ROW("certSanEmail", san_email, "mail addresses, joined by `,`"),
	ROW("certSanIp", san_ip, "IP addresses, joined by `,`"),
};

const struct template_field *template_field_at(size_t i)
{
	return i < ARRAY_LEN(fields) ? &fields[i] : NULL;
}

static const struct template_field *field_named(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (slice_eq(fields[i].name, name))
			return &fields[i];
	return NULL;
}

/* Text up to a "${", and the name behind that. */
struct part {
	struct slice text;
	struct slice name;
	bool has_name;
	bool is_open; /* its '}' is missing */
};

static bool next_part(struct slice *rest, struct part *out)
{
	const uint8_t *end;
	size_t at = 0;

	if (rest->len == 0)
		return false;
	while (at < rest->len &&
	       !(rest->ptr[at] == '$' && at + 1 < rest->len && rest->ptr[at + 1] == '{'))
		at++;
	*out = (struct part){ .text = slice_sub(*rest, 0, at), .has_name = at < rest->len };
	if (!out->has_name) {
		rest->len = 0;
		return true;
	}
	*rest = slice_sub(*rest, at + 2, rest->len - at - 2);
	end = rest->len > 0 ? memchr(rest->ptr, '}', rest->len) : NULL;
	out->is_open = end == NULL;
	at = end ? (size_t)(end - rest->ptr) : rest->len;
	out->name = slice_sub(*rest, 0, at);
	at += end ? 1 : 0;
	*rest = slice_sub(*rest, at, rest->len - at);
	return true;
}

const char *template_check(struct slice template, struct slice *out_at)
{
	struct part part;

	*out_at = template;
	if (template.len == 0 || template.len > TEMPLATE_BYTES_MAX)
		return "a value has 1 to 1024 bytes";
	for (size_t i = 0; i < template.len; i++)
		if (template.ptr[i] < ' ' || template.ptr[i] > '~')
			return "a value is printable ASCII";
	while (next_part(&template, &part)) {
		*out_at = part.name;
		if (part.is_open)
			return "its } is missing";
		if (part.has_name && !field_named(part.name))
			return "no such field; docs/dialects.md lists them";
	}
	return NULL;
}

bool template_render(struct slice template, const struct identity_meta *meta, struct sink *out)
{
	bool has_fields = false;
	bool has_value = false;
	struct part part;

	while (next_part(&template, &part)) {
		const struct template_field *field = part.has_name ? field_named(part.name) : NULL;
		const size_t before = out->len;

		put_printable(out, part.text);
		if (!field)
			continue;
		has_fields = true;
		if (field->render(meta, out))
			has_value = has_value || out->len > before + part.text.len;
	}
	return has_value || !has_fields;
}
