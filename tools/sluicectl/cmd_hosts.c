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

static enum exit_code ask_all(const struct context *ctx, json_t **out)
{
	json_t *all = json_array();
	size_t had = PER_PAGE;
	enum exit_code r = EXIT_DONE;

	for (int page = 1; had == PER_PAGE && r == EXIT_DONE; page++) {
		json_t *some = NULL;
		char path[128];

		(void)snprintf(path, sizeof(path), "/sluice/v1/hosts?page=%d&per_page=%d", page,
		               PER_PAGE);
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
		{ "VERIFY", "verify" },   { "CRL", "has_crl" },       { "ALLOW", "has_allow" },
		{ "INJECT", "inject" },   { "DIALECTS", "dialects" }, { "NAMES", "names" },
		{ "ORIGINS", "origins" },
	};
	json_t *result = NULL;
	enum exit_code r = ctx->argc ? ask_one(ctx, &result) : ask_all(ctx, &result);

	if (r != EXIT_DONE)
		return r;
	if (ctx->json)
		print_json(result);
	else
		print_table(result, columns, ARRAY_LEN(columns));
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
