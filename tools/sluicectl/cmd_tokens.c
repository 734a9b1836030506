/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "print.h"

static void show(const struct context *ctx, const json_t *result)
{
	static const struct column columns[] = {
		{ "ID", "id" },       { "SCOPE", "scope" },    { "NAME", "name" },
		{ "EMAIL", "email" }, { "ADDED", "added_at" },
	};

	print_rows(ctx->json, result, columns, ARRAY_LEN(columns));
}

static enum exit_code list(const struct context *ctx)
{
	json_t *result = NULL;
	enum exit_code r = client_ask(ctx->client, "GET", "/sluice/v1/tokens", NULL, &result);

	if (r == EXIT_DONE)
		show(ctx, result);
	json_decref(result);
	return r;
}

/* The token goes to standard output alone, once; what it is about to standard error. */
static enum exit_code add(const struct context *ctx)
{
	json_t *body = json_pack("{s:s, s:s}", "name", ctx->argv[1], "scope", ctx->argv[2]);
	json_t *result = NULL;
	const char *token;
	enum exit_code r;

	if (ctx->argc > 3)
		(void)json_object_set_new(body, "email", json_string(ctx->argv[3]));
	if (!body) {
		(void)fputs("sluicectl: not UTF-8\n", stderr);
		return EXIT_USAGE;
	}
	r = client_ask(ctx->client, "POST", "/sluice/v1/tokens", body, &result);
	json_decref(body);
	if (r != EXIT_DONE)
		return r;
	token = json_string_value(json_object_get(result, "token"));
	if (ctx->json) {
		print_json(result);
	} else {
		(void)printf("%s\n", token ? token : "?");
		(void)fputs("sluicectl: it is shown this once\n", stderr);
	}
	json_decref(result);
	return EXIT_DONE;
}

static enum exit_code take_away(const struct context *ctx)
{
	char *id = client_escape(ctx->client, ctx->argv[1]);
	json_t *result = NULL;
	char path[1024];
	int n = snprintf(path, sizeof(path), "/sluice/v1/tokens/%s", id ? id : "");
	enum exit_code r = EXIT_FAILED;

	if (id && n > 0 && (size_t)n < sizeof(path))
		r = client_ask(ctx->client, "DELETE", path, NULL, &result);
	else
		(void)fputs("sluicectl: that is no token's id\n", stderr);
	client_escape_free(id);
	if (r == EXIT_DONE && ctx->json)
		print_json(result);
	json_decref(result);
	return r;
}

static enum exit_code run(const struct context *ctx)
{
	const char *verb = ctx->argc ? ctx->argv[0] : "list";

	if (strcmp(verb, "list") == 0 && ctx->argc <= 1)
		return list(ctx);
	if (strcmp(verb, "add") == 0 && ctx->argc >= 3)
		return add(ctx);
	if (strcmp(verb, "remove") == 0 && ctx->argc == 2)
		return take_away(ctx);
	(void)fputs("sluicectl: tokens: list, add NAME read|write [EMAIL], or remove ID\n", stderr);
	return EXIT_USAGE;
}

const struct command command_tokens = {
	.name = "tokens",
	.args = "[list | add NAME SCOPE | remove ID]",
	.help = "who may use the API over an address: tokens, made and taken away",
	.args_max = 4,
	.run = run,
};
