/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Source: Traefik's passTLSClientCert with every option on. -Info is of the leaf, and
 * percent-encoded as Go's url.QueryEscape() does; a quote within a value has a
 * backslash before it, which Traefik leaves out.
 */
#include "base/text.h"
#include "proto/dialect_list.h"
#include "proto/dn.h"
#include "proto/identity_text.h"

static bool certificates(const struct identity_meta *meta, struct sink *out)
{
	must(meta->chain_len <= IDENTITY_CHAIN_MAX);
	if (!meta->verified)
		return false;
	text_base64(out, meta->der);
	for (size_t i = 0; i < meta->chain_len; i++) {
		sink_putc(out, ',');
		text_base64(out, meta->chain[i]);
	}
	return true;
}

/* url.QueryEscape(): a space is '+'. */
static void put_query(struct sink *out, struct slice in)
{
	for (size_t i = 0; i < in.len; i++) {
		if (in.ptr[i] == ' ')
			sink_putc(out, '+');
		else
			put_percent(out, slice_sub(in, i, 1), SLICE(""));
	}
}

static void put_quotable(struct sink *out, struct slice in)
{
	for (size_t i = 0; i < in.len; i++) {
		if (in.ptr[i] == '"' || in.ptr[i] == '\\')
			put_query(out, SLICE("\\"));
		put_query(out, slice_sub(in, i, 1));
	}
}

/* In Traefik's order; of those that Go keeps one of, the last counts. */
static const struct {
	struct slice oid, key;
	bool is_single;
} attributes[] = {
	{ SLICE("\x09\x92\x26\x89\x93\xF2\x2C\x64\x01\x19"), SLICE("DC="), false },
	{ SLICE("\x55\x04\x06"), SLICE("C="), false },
	{ SLICE("\x55\x04\x08"), SLICE("ST="), false },
	{ SLICE("\x55\x04\x07"), SLICE("L="), false },
	{ SLICE("\x55\x04\x0A"), SLICE("O="), false },
	{ SLICE("\x55\x04\x0B"), SLICE("OU="), false },
	{ SLICE("\x55\x04\x05"), SLICE("SN="), true },
	{ SLICE("\x55\x04\x03"), SLICE("CN="), true },
};

static void put_attribute(struct sink *out, struct slice key, struct slice value, bool *any)
{
	if (value.len == 0)
		return;
	if (*any)
		put_query(out, SLICE(","));
	*any = true;
	put_query(out, key);
	put_quotable(out, value);
}

static void put_attributes(struct sink *out, struct slice der, size_t which, bool *any)
{
	struct dn_walk w = dn_begin(der);
	struct slice last = { 0 };
	struct dn_attribute a;

	while (dn_next(&w, &a)) {
		if (!slice_eq(a.oid, attributes[which].oid))
			continue;
		if (attributes[which].is_single)
			last = a.value;
		else
			put_attribute(out, attributes[which].key, a.value, any);
	}
	put_attribute(out, attributes[which].key, last, any);
}

static bool put_name(struct sink *out, struct slice key, struct slice der)
{
	const struct sink before = *out;
	bool any = false;

	put_query(out, key);
	put_query(out, SLICE("=\""));
	for (size_t i = 0; i < ARRAY_LEN(attributes); i++)
		put_attributes(out, der, i, &any);
	put_query(out, SLICE("\";"));
	if (!any)
		*out = before;
	return any;
}

static void put_san_kind(struct sink *out, struct slice sans, enum san_kind kind, bool *any)
{
	struct san san;

	while (san_next(&sans, &san)) {
		uint8_t room[64];
		struct sink ip = sink_of(room, sizeof(room));

		if (san.kind != kind || (kind == SAN_IP && !put_ip(&ip, san.value)))
			continue;
		put_query(out, *any ? SLICE(",") : SLICE(";SAN=\""));
		*any = true;
		put_quotable(out, kind == SAN_IP ? sink_slice(&ip) : san.value);
	}
}

static bool info(const struct identity_meta *meta, struct sink *out)
{
	static const enum san_kind order[] = { SAN_DNS, SAN_EMAIL, SAN_IP, SAN_URI };
	bool any = false;

	if (!meta->verified)
		return false;
	(void)put_name(out, SLICE("Subject"), meta->subject_der);
	(void)put_name(out, SLICE("Issuer"), meta->issuer_der);
	put_query(out, SLICE("SerialNumber=\""));
	put_decimal(out, meta->serial);
	put_query(out, SLICE("\";NB=\""));
	text_u64(out, (uint64_t)meta->not_before);
	put_query(out, SLICE("\";NA=\""));
	text_u64(out, (uint64_t)meta->not_after);
	put_query(out, SLICE("\""));
	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		put_san_kind(out, meta->sans, order[i], &any);
	if (any)
		put_query(out, SLICE("\""));
	return true;
}

static const struct dialect_row rows[] = {
	DIALECT_ROW("X-Forwarded-Tls-Client-Cert", certificates,
	            "base64 of the leaf and of its verified chain, joined by `,`"),
	DIALECT_ROW("X-Forwarded-Tls-Client-Cert-Info", info,
	            "query-encoded `Subject=\"..\";Issuer=\"..\";SerialNumber=\"decimal\";"
	            "NB=\"unix\";NA=\"unix\";SAN=\"..\"`"),
};

const struct dialect dialect_traefik = { .rows = rows, .len = ARRAY_LEN(rows) };
