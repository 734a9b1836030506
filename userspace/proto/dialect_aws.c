/* SPDX-License-Identifier: GPL-2.0-only */
/* Source: AWS, "Mutual authentication with TLS in Application Load Balancer". */
#include "proto/dialect_list.h"
#include "proto/identity_fields.h"
#include "proto/identity_text.h"

static bool serial(const struct identity_meta *meta, struct sink *out)
{
	return meta->verified && render_serial(meta, out);
}

static bool issuer(const struct identity_meta *meta, struct sink *out)
{
	return meta->verified && render_issuer(meta, out);
}

static bool subject(const struct identity_meta *meta, struct sink *out)
{
	return meta->verified && render_subject(meta, out);
}

static bool validity(const struct identity_meta *meta, struct sink *out)
{
	if (!meta->verified)
		return false;
	sink_put(out, SLICE("NotBefore="));
	put_rfc3339(out, meta->not_before, SLICE("Z"));
	sink_put(out, SLICE(";NotAfter="));
	put_rfc3339(out, meta->not_after, SLICE("Z"));
	return true;
}

static bool leaf(const struct identity_meta *meta, struct sink *out)
{
	if (!meta->verified)
		return false;
	put_pem_percent(out, meta->der, SLICE("+=/"));
	return true;
}

static bool whole_chain(const struct identity_meta *meta, struct sink *out)
{
	must(meta->chain_len <= IDENTITY_CHAIN_MAX);
	if (!leaf(meta, out))
		return false;
	for (size_t i = 0; i < meta->chain_len; i++)
		put_pem_percent(out, meta->chain[i], SLICE("+=/"));
	return true;
}

static const struct dialect_row rows[] = {
	DIALECT_ROW("X-Amzn-Mtls-Clientcert-Serial-Number", serial, "upper-case hexadecimal"),
	DIALECT_ROW("X-Amzn-Mtls-Clientcert-Issuer", issuer, "RFC 2253"),
	DIALECT_ROW("X-Amzn-Mtls-Clientcert-Subject", subject, "RFC 2253"),
	DIALECT_ROW("X-Amzn-Mtls-Clientcert-Validity", validity,
	            "`NotBefore=2022-03-21T13:35:00Z;NotAfter=2023-03-21T13:35:00Z`"),
	DIALECT_ROW("X-Amzn-Mtls-Clientcert-Leaf", leaf, "percent-encoded PEM but for `+=/`"),
};

const struct dialect dialect_aws_alb = { .rows = rows, .len = ARRAY_LEN(rows) };

static const struct dialect_row passthrough[] = {
	DIALECT_ROW("X-Amzn-Mtls-Clientcert", whole_chain,
	            "percent-encoded PEM but for `+=/`: the leaf, then its verified chain"),
};

const struct dialect dialect_aws_alb_passthrough = { .rows = passthrough,
	                                             .len = ARRAY_LEN(passthrough) };
