/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Source: Cloudflare's documentation, "Forward a client certificate" (cloudflare,
 * workers) and the Ruleset fields cf.tls_client_auth.* (cloudflare-managed).
 */
#include "proto/dialect_list.h"
#include "proto/identity_fields.h"

static const struct dialect_row forwarded[] = {
	DIALECT_ROW("Cf-Client-Cert-Der-Base64", render_der_base64, "base64 of the certificate"),
	DIALECT_ROW("Cf-Client-Cert-Sha256", render_sha256_hex, "lower-case hexadecimal"),
};

const struct dialect dialect_cloudflare = { .rows = forwarded, .len = ARRAY_LEN(forwarded) };

static bool put_bool(struct sink *out, bool value)
{
	return put_word(out, value ? SLICE("true") : SLICE("false"));
}

static bool is_revoked(const struct identity_meta *meta, struct sink *out)
{
	return put_bool(out, meta->revoked);
}

/* As the field is defined: a revoked certificate is a verified one. */
static bool is_verified(const struct identity_meta *meta, struct sink *out)
{
	return put_bool(out, meta->verified || meta->revoked);
}

static bool is_presented(const struct identity_meta *meta, struct sink *out)
{
	return put_bool(out, meta->presented);
}

static const struct dialect_row managed[] = {
	DIALECT_ROW("cf-cert-revoked", is_revoked, "`true` or `false`"),
	DIALECT_ROW("cf-cert-verified", is_verified, "`true` (also when revoked) or `false`"),
	DIALECT_ROW("cf-cert-presented", is_presented, "`true` or `false`"),
	DIALECT_ROW("cf-cert-issuer-dn", render_issuer, "RFC 2253"),
	DIALECT_ROW("cf-cert-subject-dn", render_subject, "RFC 2253"),
	DIALECT_ROW("cf-cert-issuer-dn-rfc2253", render_issuer, "RFC 2253"),
	DIALECT_ROW("cf-cert-subject-dn-rfc2253", render_subject, "RFC 2253"),
	DIALECT_ROW("cf-cert-issuer-dn-legacy", render_issuer_legacy, "`/C=US/O=Org/CN=Name`"),
	DIALECT_ROW("cf-cert-subject-dn-legacy", render_subject_legacy, "`/C=US/O=Org/CN=Name`"),
	DIALECT_ROW("cf-cert-serial", render_serial, "upper-case hexadecimal"),
	DIALECT_ROW("cf-cert-issuer-serial", render_issuer_serial, "upper-case hexadecimal"),
	DIALECT_ROW("cf-cert-sha256", render_sha256_hex, "lower-case hexadecimal"),
	DIALECT_ROW("cf-cert-sha1", render_sha1_hex, "lower-case hexadecimal"),
	DIALECT_ROW("cf-cert-not-before", render_not_before, "`Mar 21 13:35:00 2022 GMT`"),
	DIALECT_ROW("cf-cert-not-after", render_not_after, "`Mar 21 13:35:00 2022 GMT`"),
	DIALECT_ROW("cf-cert-ski", render_ski, "upper-case hexadecimal"),
	DIALECT_ROW("cf-cert-issuer-ski", render_issuer_ski, "upper-case hexadecimal"),
};

const struct dialect dialect_cloudflare_managed = { .rows = managed, .len = ARRAY_LEN(managed) };

static const struct dialect_row sample[] = {
	DIALECT_ROW("X-CERT-ISSUER-DN", render_issuer, "`${certIssuerDN}`"),
	DIALECT_ROW("X-CERT-SUBJECT-DN", render_subject, "`${certSubjectDN}`"),
	DIALECT_ROW("X-CERT-ISSUER-DN-L", render_issuer_legacy, "`${certIssuerDNLegacy}`"),
	DIALECT_ROW("X-CERT-SUBJECT-DN-L", render_subject_legacy, "`${certSubjectDNLegacy}`"),
	DIALECT_ROW("X-CERT-SERIAL", render_serial, "`${certSerial}`"),
	DIALECT_ROW("X-CERT-FINGER", render_sha1_hex, "`${certFingerprintSHA1}`"),
	DIALECT_ROW("X-CERT-VERIFY", render_verdict, "`${certVerify}`"),
	DIALECT_ROW("X-CERT-NOTBE", render_not_before, "`${certNotBefore}`"),
	DIALECT_ROW("X-CERT-NOTAF", render_not_after, "`${certNotAfter}`"),
};

const struct dialect dialect_workers = { .rows = sample, .len = ARRAY_LEN(sample) };
