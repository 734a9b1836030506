/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>

#include "client.h"
#include "print.h"

enum { PER_PAGE = 10000 };

/* One page: the map may hold many, and changes while it is read. */
static enum exit_code run(const struct context *ctx)
{
	static const struct column columns[] = {
		{ "PEER", "peer" },     { "LOCAL", "local" }, { "STATE", "state" },
		{ "WORKER", "worker" }, { "MS", "age_ms" },   { "NAME", "name" },
	};
	json_t *result = NULL;
	char path[64];
	enum exit_code r;

	(void)snprintf(path, sizeof(path), "/sluice/v1/xdp/flows?per_page=%d", PER_PAGE);
	r = client_ask(ctx->client, "GET", path, NULL, &result);
	if (r != EXIT_DONE)
		return r;
	print_rows(ctx->json, result, columns, ARRAY_LEN(columns));
	json_decref(result);
	return EXIT_DONE;
}

const struct command command_flows = {
	.name = "flows",
	.args = "",
	.help = "connections as XDP knows them, 10000 of them at most",
	.run = run,
};
