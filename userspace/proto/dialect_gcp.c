/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Source: Google Cloud, "Mutual TLS custom headers": names as in its samples, values and
 * limits as the variables client_cert_*. What is over its limit is left out and named
 * in the error.
 */
#include "base/text.h"
#include "proto/dialect_list.h"
#include "proto/identity_fields.h"
#include "proto/identity_text.h"

enum {
	SERIAL_MAX = 100, /* digits: 50 bytes */
	SPIFFE_MAX = 2048,
	NAMES_MAX = 512,              /* of the value */
	DN_MAX = 512,                 /* of the value */
	CERTIFICATES_MAX = 16 * 1024, /* leaf and chain */
};

static bool put_bool(struct sink *out, bool value)
{
	return put_word(out, value ? SLICE("true") : SLICE("false"));
}

static bool is_present(const struct identity_meta *meta, struct sink *out)
{
	return put_bool(out, meta->presented);
}

static bool is_verified(const struct identity_meta *meta, struct sink *out)
{
	return put_bool(out, meta->verified);
}

static size_t base64_len(size_t bytes)
{
	return (bytes + 2) / 3 * 4;
}

/* Of the comma-separated list of base64. */
static size_t names_len(const struct identity_meta *meta, enum san_kind kind)
{
	struct slice rest = meta->sans;
	size_t len = 0;
	struct san san;

	while (san_next(&rest, &san))
		if (san.kind == kind)
			len += base64_len(san.value.len) + (len > 0 ? 1 : 0);
	return len;
}

/* Exactly one URI makes an X.509-SVID; others have no SPIFFE ID. */
static struct slice spiffe_of(const struct identity_meta *meta)
{
	const struct slice scheme = SLICE("spiffe://");
	struct slice rest = meta->sans;
	struct slice found = { 0 };
	size_t uris = 0;
	struct san san;

	while (san_next(&rest, &san)) {
		if (san.kind != SAN_URI)
			continue;
		uris++;
		found = san.value;
	}
	if (uris == 1 && found.len > scheme.len &&
	    slice_eq(slice_sub(found, 0, scheme.len), scheme))
		return found;
	return (struct slice){ 0 };
}

static size_t certificates_len(const struct identity_meta *meta)
{
	return byte_sequence_len(meta->der) + rfc9440_chain_len(meta);
}

/* One reason, if it holds; a comma before all but the first. */
static void put_reason(struct sink *out, bool holds, struct slice name, bool *any)
{
	if (!holds)
		return;
	if (*any)
		sink_putc(out, ',');
	*any = true;
	sink_put(out, name);
}

static bool error(const struct identity_meta *meta, struct sink *out)
{
	bool any = false;

	put_reason(out, !meta->presented, SLICE("client_cert_not_provided"), &any);
	put_reason(out, meta->presented && !meta->verified, SLICE("client_cert_validation_failed"),
	           &any);
	put_reason(out, meta->serial.len > SERIAL_MAX,
	           SLICE("client_cert_serial_number_exceeded_size_limit"), &any);
	put_reason(out, spiffe_of(meta).len > SPIFFE_MAX,
	           SLICE("client_cert_spiffe_id_exceeded_size_limit"), &any);
	put_reason(out, names_len(meta, SAN_URI) > NAMES_MAX,
	           SLICE("client_cert_uri_sans_exceeded_size_limit"), &any);
	put_reason(out, names_len(meta, SAN_DNS) > NAMES_MAX,
	           SLICE("client_cert_dnsname_sans_exceeded_size_limit"), &any);
	put_reason(out, base64_len(meta->issuer_der.len) > DN_MAX,
	           SLICE("client_cert_issuer_dn_exceeded_size_limit"), &any);
	put_reason(out, base64_len(meta->subject_der.len) > DN_MAX,
	           SLICE("client_cert_subject_dn_exceeded_size_limit"), &any);
	put_reason(out, byte_sequence_len(meta->der) > CERTIFICATES_MAX,
	           SLICE("client_cert_leaf_exceeded_size_limit"), &any);
	put_reason(out, certificates_len(meta) > CERTIFICATES_MAX,
	           SLICE("client_cert_chain_exceeded_size_limit"), &any);
	return any;
}

static bool fingerprint(const struct identity_meta *meta, struct sink *out)
{
	if (!meta->presented)
		return false;
	text_base64(out, slice_of(meta->sha256, sizeof(meta->sha256)));
	return true;
}

static bool serial(const struct identity_meta *meta, struct sink *out)
{
	return meta->serial.len <= SERIAL_MAX && render_serial(meta, out);
}

static bool spiffe(const struct identity_meta *meta, struct sink *out)
{
	struct slice id = spiffe_of(meta);

	if (id.len == 0 || id.len > SPIFFE_MAX)
		return false;
	put_uri(out, id, SLICE(""));
	return true;
}

static bool names(const struct identity_meta *meta, enum san_kind kind, struct sink *out)
{
	struct slice rest = meta->sans;
	bool any = false;
	struct san san;

	if (names_len(meta, kind) > NAMES_MAX)
		return false;
	while (san_next(&rest, &san)) {
		if (san.kind != kind)
			continue;
		if (any)
			sink_putc(out, ',');
		any = true;
		text_base64(out, san.value);
	}
	return any;
}

static bool uri_sans(const struct identity_meta *meta, struct sink *out)
{
	return names(meta, SAN_URI, out);
}

static bool dns_sans(const struct identity_meta *meta, struct sink *out)
{
	return names(meta, SAN_DNS, out);
}

static bool not_before(const struct identity_meta *meta, struct sink *out)
{
	if (!meta->presented)
		return false;
	put_rfc3339(out, meta->not_before, SLICE("+00:00"));
	return true;
}

static bool not_after(const struct identity_meta *meta, struct sink *out)
{
	if (!meta->presented)
		return false;
	put_rfc3339(out, meta->not_after, SLICE("+00:00"));
	return true;
}

static bool name_der(struct slice der, struct sink *out)
{
	if (der.len == 0 || base64_len(der.len) > DN_MAX)
		return false;
	text_base64(out, der);
	return true;
}

static bool issuer(const struct identity_meta *meta, struct sink *out)
{
	return name_der(meta->issuer_der, out);
}

static bool subject(const struct identity_meta *meta, struct sink *out)
{
	return name_der(meta->subject_der, out);
}

static bool leaf(const struct identity_meta *meta, struct sink *out)
{
	if (!meta->presented || byte_sequence_len(meta->der) > CERTIFICATES_MAX)
		return false;
	put_byte_sequence(out, meta->der);
	return true;
}

static bool chain(const struct identity_meta *meta, struct sink *out)
{
	if (meta->chain_len == 0 || certificates_len(meta) > CERTIFICATES_MAX)
		return false;
	put_rfc9440_chain(meta, out);
	return true;
}

static const struct dialect_row rows[] = {
	DIALECT_ROW("X-Client-Cert-Present", is_present, "`true` or `false`"),
	DIALECT_ROW("X-Client-Cert-Chain-Verified", is_verified, "`true` or `false`"),
	DIALECT_ROW("X-Client-Cert-Error", error,
	            "`client_cert_not_provided`, `client_cert_validation_failed`, "
	            "`client_cert_.._exceeded_size_limit`, joined by `,`"),
	DIALECT_ROW("X-Client-Cert-Hash", fingerprint, "base64 of the SHA-256"),
	DIALECT_ROW("X-Client-Cert-Serial-Number", serial,
	            "upper-case hexadecimal, up to 50 bytes"),
	DIALECT_ROW("X-Client-Cert-SPIFFE", spiffe,
	            "the only URI, when it is a SPIFFE ID of up to 2048 bytes"),
	DIALECT_ROW("X-Client-Cert-URI-SANs", uri_sans,
	            "base64 of each, joined by `,`; up to 512 bytes"),
	DIALECT_ROW("X-Client-Cert-DNSName-SANs", dns_sans,
	            "base64 of each, joined by `,`; up to 512 bytes"),
	DIALECT_ROW("X-Client-Cert-Valid-Not-Before", not_before, "`2022-03-21T13:35:00+00:00`"),
	DIALECT_ROW("X-Client-Cert-Valid-Not-After", not_after, "`2022-03-21T13:35:00+00:00`"),
	DIALECT_ROW("X-Client-Cert-Issuer-Dn", issuer, "base64 of the DER, up to 512 bytes"),
	DIALECT_ROW("X-Client-Cert-Subject-Dn", subject, "base64 of the DER, up to 512 bytes"),
	DIALECT_ROW("X-Client-Cert-Leaf", leaf, "`:base64:`, up to 16 KiB"),
	DIALECT_ROW("X-Client-Cert-Chain", chain,
	            "`:base64:, :base64:`: the verified chain; with the leaf up to 16 KiB"),
};

const struct dialect dialect_gcp = { .rows = rows, .len = ARRAY_LEN(rows) };
