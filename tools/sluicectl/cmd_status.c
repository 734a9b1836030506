/* SPDX-License-Identifier: GPL-2.0-only */
#include "client.h"
#include "print.h"

static enum exit_code run(const struct context *ctx)
{
	static const struct column pairs[] = {
		{ "version", "version" },
		{ "state", "state" },
		{ "master", "pid" },
		{ "control", "control_pid" },
		{ "up for seconds", "uptime_s" },
		{ "configuration", "config" },
		{ "listening on", "listen" },
		{ "workers", "workers" },
		{ "hosts", "hosts" },
		{ "snapshot", "snapshot.version" },
		{ "in force in workers", "snapshot.workers_applied" },
		{ "store", "store.path" },
		{ "store writable", "store.is_writable" },
		{ "kernel TLS", "kernel_tls.summary" },
	};
	json_t *result = NULL;
	enum exit_code r = client_ask(ctx->client, "GET", "/sluice/v1/status", NULL, &result);

	if (r != EXIT_DONE)
		return r;
	if (ctx->json)
		print_json(result);
	else
		print_pairs(result, pairs, ARRAY_LEN(pairs));
	json_decref(result);
	return EXIT_DONE;
}

const struct command command_status = {
	.name = "status",
	.args = "",
	.help = "what runs, since when, and whether all of it is in force",
	.run = run,
};
