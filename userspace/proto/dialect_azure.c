/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Source: Azure, App Service's X-ARR-ClientCert, and the server variables
 * client_certificate_* of Application Gateway, which is built on nginx; their header
 * names are the operator's there, and follow the variables here.
 */
#include "proto/dialect_list.h"
#include "proto/identity_fields.h"

/* An application that reads it alone takes it for good. */
static bool verified_der(const struct identity_meta *meta, struct sink *out)
{
	return meta->verified && render_der_base64(meta, out);
}

static const struct dialect_row rows[] = {
	DIALECT_ROW("X-ARR-ClientCert", verified_der, "base64, of verified clients"),
	DIALECT_ROW("X-Client-Certificate", render_pem_percent, "percent-encoded PEM"),
	DIALECT_ROW("X-Client-Certificate-Start-Date", render_not_before,
	            "`Mar 21 13:35:00 2022 GMT`"),
	DIALECT_ROW("X-Client-Certificate-End-Date", render_not_after,
	            "`Mar 21 13:35:00 2022 GMT`"),
	DIALECT_ROW("X-Client-Certificate-Fingerprint", render_sha1_hex,
	            "SHA-1, lower-case hexadecimal"),
	DIALECT_ROW("X-Client-Certificate-Issuer", render_issuer, "RFC 2253"),
	DIALECT_ROW("X-Client-Certificate-Serial", render_serial, "upper-case hexadecimal"),
	DIALECT_ROW("X-Client-Certificate-Subject", render_subject, "RFC 2253"),
	DIALECT_ROW("X-Client-Certificate-Verification", render_verdict,
	            "`SUCCESS`, `NONE`, or `FAILED:` and why"),
};

const struct dialect dialect_azure = { .rows = rows, .len = ARRAY_LEN(rows) };
