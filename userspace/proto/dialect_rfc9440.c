/* SPDX-License-Identifier: GPL-2.0-only */
/* Source: RFC 9440 sections 2.1 to 2.3; the limits are Cloudflare's. */
#include "proto/dialect_list.h"
#include "proto/identity_fields.h"

static const struct dialect_row rows[] = {
	DIALECT_ROW("Client-Cert", render_rfc9440_leaf_limited,
	            "`:base64:`, left out over `options.rfc9440_leaf_bytes`"),
	DIALECT_ROW("Client-Cert-Chain", render_rfc9440_chain_limited,
	            "`:base64:, :base64:`: the verified chain without leaf and root, left out over "
	            "`options.rfc9440_chain_bytes`"),
};

const struct dialect dialect_rfc9440 = { .rows = rows, .len = ARRAY_LEN(rows) };
