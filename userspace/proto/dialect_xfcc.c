/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Source: Envoy's documentation of x-forwarded-client-cert. A value with a ',', ';' or
 * '=' in it is quoted and its quotes escaped, as that page says and Envoy does not.
 */
#include "base/text.h"
#include "proto/dialect_list.h"
#include "proto/identity_fields.h"
#include "proto/identity_text.h"

/* Envoy encodes these of PEM, and nothing else in it needs to be. */
static void put_pem(struct sink *out, struct slice der)
{
	put_pem_percent(out, der, SLICE(""));
}

static bool needs_quotes(struct slice value)
{
	for (size_t i = 0; i < value.len; i++)
		if (strchr(",;=\"\\", value.ptr[i]) != NULL && value.ptr[i] != '\0')
			return true;
	return false;
}

static void put_value(struct sink *out, struct slice value)
{
	if (!needs_quotes(value)) {
		put_uri(out, value, SLICE(""));
		return;
	}
	sink_putc(out, '"');
	for (size_t i = 0; i < value.len; i++) {
		if (value.ptr[i] == '"' || value.ptr[i] == '\\')
			sink_putc(out, '\\');
		put_uri(out, slice_sub(value, i, 1), SLICE(""));
	}
	sink_putc(out, '"');
}

/* @empty: what stands there when there is none. */
static void put_names(struct sink *out, struct slice sans, enum san_kind kind, struct slice key,
                      struct slice empty)
{
	struct san san;
	bool any = false;

	while (san_next(&sans, &san)) {
		if (san.kind != kind)
			continue;
		any = true;
		sink_put(out, key);
		put_value(out, san.value);
	}
	if (!any)
		sink_put(out, empty);
}

static void put_certificates(const struct identity_meta *meta, struct sink *out)
{
	sink_put(out, SLICE(";Cert=\""));
	put_pem(out, meta->der);
	sink_put(out, SLICE("\";Chain=\""));
	put_pem(out, meta->der);
	for (size_t i = 0; i < meta->chain_len; i++)
		put_pem(out, meta->chain[i]);
	sink_putc(out, '"');
}

static bool put_element(const struct identity_meta *meta, struct sink *out, bool with_certificates)
{
	must(meta->chain_len <= IDENTITY_CHAIN_MAX);
	if (!meta->presented || !meta->verified)
		return false;
	sink_put(out, SLICE("Hash="));
	text_hex(out, slice_of(meta->sha256, sizeof(meta->sha256)));
	if (with_certificates)
		put_certificates(meta, out);
	/* Its quotes are escaped already: RFC 2253. */
	sink_put(out, SLICE(";Subject=\""));
	put_printable(out, meta->subject);
	sink_putc(out, '"');
	put_names(out, meta->sans, SAN_URI, SLICE(";URI="), SLICE(";URI="));
	put_names(out, meta->sans, SAN_DNS, SLICE(";DNS="), SLICE(""));
	return true;
}

static bool names_only(const struct identity_meta *meta, struct sink *out)
{
	return put_element(meta, out, false);
}

static bool with_certificates(const struct identity_meta *meta, struct sink *out)
{
	return put_element(meta, out, true);
}

static const struct dialect_row names[] = {
	DIALECT_ROW("X-Forwarded-Client-Cert", names_only,
	            "`Hash=`, `Subject=\"\"`, `URI=` and `DNS=` for each of them"),
};

const struct dialect dialect_xfcc = { .rows = names, .len = ARRAY_LEN(names) };

static const struct dialect_row certificates[] = {
	DIALECT_ROW("X-Forwarded-Client-Cert", with_certificates,
	            "`Hash=`, `Cert=\"\"`, `Chain=\"\"` (percent-encoded PEM; the chain begins with "
	            "the leaf), `Subject=\"\"`, `URI=`, `DNS=`"),
};

const struct dialect dialect_xfcc_cert = { .rows = certificates, .len = ARRAY_LEN(certificates) };
