/* SPDX-License-Identifier: GPL-2.0-only */
#include "client.h"
#include "print.h"

enum { PER_PAGE = 1000 };

static enum exit_code run(const struct context *ctx)
{
	static const struct column columns[] = {
		{ "ID", "id" },
		{ "SOURCE", "source" },
		{ "SERIAL", "serial" },
		{ "ISSUER", "issuer" },
		{ "LINE", "line" },
		{ "ADDED", "added_at" },
		{ "ADDED BY", "added_by" },
		{ "REASON", "reason" },
	};
	json_t *result = NULL;
	enum exit_code r = client_ask_all(ctx->client, "/sluice/v1/revocations", PER_PAGE, &result);

	if (r != EXIT_DONE)
		return r;
	print_rows(ctx->json, result, columns, ARRAY_LEN(columns));
	json_decref(result);
	return EXIT_DONE;
}

const struct command command_revocations = {
	.name = "revocations",
	.args = "",
	.help = "who is revoked by hand and by the list of the configuration; not by CRLs",
	.run = run,
};
