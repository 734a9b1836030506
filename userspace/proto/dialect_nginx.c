/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Source: nginx's ngx_http_ssl_module. $ssl_client_v_remain changes by the day and
 * $ssl_client_sigalg is of the handshake: neither is here. $ssl_client_cert has line
 * ends; its escaped form stands in.
 */
#include "proto/dialect_list.h"
#include "proto/identity_fields.h"

static const struct dialect_row rows[] = {
	DIALECT_ROW("Ssl-Client-Verify", render_verdict, "`SUCCESS`, `NONE`, or `FAILED:` and why"),
	DIALECT_ROW("Ssl-Client-S-Dn", render_subject, "RFC 2253"),
	DIALECT_ROW("Ssl-Client-I-Dn", render_issuer, "RFC 2253"),
	DIALECT_ROW("Ssl-Client-S-Dn-Legacy", render_subject_legacy, "`/C=US/O=Org/CN=Name`"),
	DIALECT_ROW("Ssl-Client-I-Dn-Legacy", render_issuer_legacy, "`/C=US/O=Org/CN=Name`"),
	DIALECT_ROW("Ssl-Client-Serial", render_serial, "upper-case hexadecimal"),
	DIALECT_ROW("Ssl-Client-Fingerprint", render_sha1_hex, "SHA-1, lower-case hexadecimal"),
	DIALECT_ROW("Ssl-Client-V-Start", render_not_before, "`Mar 21 13:35:00 2022 GMT`"),
	DIALECT_ROW("Ssl-Client-V-End", render_not_after, "`Mar 21 13:35:00 2022 GMT`"),
	DIALECT_ROW("Ssl-Client-Escaped-Cert", render_pem_percent, "percent-encoded PEM"),
};

const struct dialect dialect_nginx = { .rows = rows, .len = ARRAY_LEN(rows) };
