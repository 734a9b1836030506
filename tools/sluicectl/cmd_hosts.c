/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>

#include "client.h"
#include "print.h"

enum { PER_PAGE = 10000 };

static enum exit_code ask_one(const struct context *ctx, json_t **out)
{
	char *name = client_escape(ctx->client, ctx->argv[0]);
	char path[1024];
	int n = snprintf(path, sizeof(path), "/sluice/v1/hosts/%s", name ? name : "");
	json_t *one = NULL;
	enum exit_code r = EXIT_FAILED;

	if (name && n > 0 && (size_t)n < sizeof(path))
		r = client_ask(ctx->client, "GET", path, NULL, &one);
	else
		(void)fputs("sluicectl: that is no host's name\n", stderr);
	client_escape_free(name);
	if (r != EXIT_DONE)
		return r;
	*out = json_pack("[o]", one);
	return *out ? EXIT_DONE : EXIT_FAILED;
}

static enum exit_code run(const struct context *ctx)
{
	static const struct column columns[] = {
		{ "VERIFY", "verify" },   { "CRL", "has_crl" },       { "ALLOW", "has_allow" },
		{ "INJECT", "inject" },   { "DIALECTS", "dialects" }, { "NAMES", "names" },
		{ "ORIGINS", "origins" },
	};
	json_t *result = NULL;
	enum exit_code r;

	if (ctx->argc)
		r = ask_one(ctx, &result);
	else
		r = client_ask_all(ctx->client, "/sluice/v1/hosts", PER_PAGE, &result);
	if (r != EXIT_DONE)
		return r;
	print_rows(ctx->json, result, columns, ARRAY_LEN(columns));
	json_decref(result);
	return EXIT_DONE;
}

const struct command command_hosts = {
	.name = "hosts",
	.args = "[NAME]",
	.help = "the hosts in force, or the one that has NAME",
	.args_max = 1,
	.run = run,
};
