/* SPDX-License-Identifier: GPL-2.0-only */
#include "client.h"
#include "print.h"

static enum exit_code run(const struct context *ctx)
{
	static const struct column columns[] = {
		{ "ID", "id" },
		{ "PID", "pid" },
		{ "STARTS", "starts" },
		{ "SNAPSHOT", "snapshot_version" },
		{ "CONNECTIONS", "connections" },
		{ "HANDSHAKES", "counters.handshakes_full" },
		{ "RESUMED", "counters.handshakes_resumed" },
		{ "FAILED", "counters.handshakes_failed" },
		{ "REQUESTS", "requests" },
		{ "REFUSED", "counters.requests_refused" },
	};
	json_t *result = NULL;
	enum exit_code r = client_ask(ctx->client, "GET", "/sluice/v1/workers", NULL, &result);

	if (r != EXIT_DONE)
		return r;
	print_rows(ctx->json, result, columns, ARRAY_LEN(columns));
	json_decref(result);
	return EXIT_DONE;
}

const struct command command_workers = {
	.name = "workers",
	.args = "",
	.help = "each worker and what it has counted; all counters with --json",
	.run = run,
};
