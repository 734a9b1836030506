/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Source: Apache's mod_ssl. SSL_CLIENT_CERT is PEM whose line ends mod_headers turns
 * into spaces; readers of it (Tomcat's SSLValve) turn them back. SSL_CLIENT_V_REMAIN
 * changes by the day and is not here.
 */
#include "base/text.h"
#include "proto/dialect_list.h"
#include "proto/dn.h"
#include "proto/identity_fields.h"
#include "proto/identity_text.h"

static bool version(const struct identity_meta *meta, struct sink *out)
{
	if (!meta->presented)
		return false;
	text_u64(out, meta->version);
	return true;
}

static bool pem(const struct identity_meta *meta, struct sink *out)
{
	if (!meta->presented)
		return false;
	put_pem_line(out, meta->der, SLICE(" "));
	return true;
}

static bool common_name(const struct identity_meta *meta, struct sink *out)
{
	struct dn_walk w = dn_begin(meta->subject_der);
	struct dn_attribute a;

	while (dn_next(&w, &a)) {
		if (slice_eq(a.oid, SLICE("\x55\x04\x03"))) {
			put_escaped(out, a.value);
			return true;
		}
	}
	return false;
}

static bool first_san(const struct identity_meta *meta, enum san_kind kind, struct sink *out)
{
	struct slice rest = meta->sans;
	struct san san;

	while (san_next(&rest, &san)) {
		if (san.kind == kind) {
			put_escaped(out, san.value);
			return true;
		}
	}
	return false;
}

static bool san_dns(const struct identity_meta *meta, struct sink *out)
{
	return first_san(meta, SAN_DNS, out);
}

static bool san_email(const struct identity_meta *meta, struct sink *out)
{
	return first_san(meta, SAN_EMAIL, out);
}

static bool signature_algorithm(const struct identity_meta *meta, struct sink *out)
{
	put_printable(out, meta->signature_algorithm);
	return meta->signature_algorithm.len > 0;
}

static bool key_algorithm(const struct identity_meta *meta, struct sink *out)
{
	put_printable(out, meta->key_algorithm);
	return meta->key_algorithm.len > 0;
}

static const struct dialect_row rows[] = {
	DIALECT_ROW("SSL_CLIENT_VERIFY", render_verdict, "`SUCCESS`, `NONE`, or `FAILED:` and why"),
	DIALECT_ROW("SSL_CLIENT_M_VERSION", version, "`3`"),
	DIALECT_ROW("SSL_CLIENT_M_SERIAL", render_serial, "upper-case hexadecimal"),
	DIALECT_ROW("SSL_CLIENT_S_DN", render_subject, "RFC 2253"),
	DIALECT_ROW("SSL_CLIENT_S_DN_CN", common_name, "the first common name"),
	DIALECT_ROW("SSL_CLIENT_I_DN", render_issuer, "RFC 2253"),
	DIALECT_ROW("SSL_CLIENT_SAN_DNS_0", san_dns, "the first DNS name"),
	DIALECT_ROW("SSL_CLIENT_SAN_Email_0", san_email, "the first mail address"),
	DIALECT_ROW("SSL_CLIENT_V_START", render_not_before, "`Mar 21 13:35:00 2022 GMT`"),
	DIALECT_ROW("SSL_CLIENT_V_END", render_not_after, "`Mar 21 13:35:00 2022 GMT`"),
	DIALECT_ROW("SSL_CLIENT_A_SIG", signature_algorithm, "`ecdsa-with-SHA256`"),
	DIALECT_ROW("SSL_CLIENT_A_KEY", key_algorithm, "`id-ecPublicKey`"),
	DIALECT_ROW("SSL_CLIENT_CERT", pem, "PEM with a space for each line end"),
};

const struct dialect dialect_apache = { .rows = rows, .len = ARRAY_LEN(rows) };
