/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>

#include "client.h"
#include "print.h"

enum { PER_PAGE = 1000 };

static enum exit_code ask_all(const struct context *ctx, json_t **out)
{
	json_t *all = json_array();
	size_t had = PER_PAGE;
	enum exit_code r = EXIT_DONE;

	for (int page = 1; had == PER_PAGE && r == EXIT_DONE; page++) {
		json_t *some = NULL;
		char path[128];

		(void)snprintf(path, sizeof(path), "/sluice/v1/revocations?page=%d&per_page=%d",
		               page, PER_PAGE);
		r = client_ask(ctx->client, "GET", path, NULL, &some);
		had = json_array_size(some);
		(void)json_array_extend(all, some);
		json_decref(some);
	}
	if (r == EXIT_DONE)
		*out = all;
	else
		json_decref(all);
	return r;
}

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
	enum exit_code r = ask_all(ctx, &result);

	if (r != EXIT_DONE)
		return r;
	if (ctx->json)
		print_json(result);
	else
		print_table(result, columns, ARRAY_LEN(columns));
	json_decref(result);
	return EXIT_DONE;
}

const struct command command_revocations = {
	.name = "revocations",
	.args = "",
	.help = "who is revoked by hand and by the list of the configuration; not by CRLs",
	.run = run,
};
