/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "print.h"

enum { LIMIT = 1000, PATH_BYTES_MAX = 2048 };

/* What is looked for, as it goes into the query. */
struct filter {
	const char *host, *fingerprint, *worker;
};

static enum exit_code read_filter(const struct context *ctx, struct filter *out)
{
	*out = (struct filter){ 0 };
	for (int i = 0; i + 1 < ctx->argc; i += 2) {
		const char *option = ctx->argv[i];

		if (strcmp(option, "--host") == 0)
			out->host = ctx->argv[i + 1];
		else if (strcmp(option, "--fingerprint") == 0)
			out->fingerprint = ctx->argv[i + 1];
		else if (strcmp(option, "--worker") == 0)
			out->worker = ctx->argv[i + 1];
		else
			break;
		if (i + 2 == ctx->argc)
			return EXIT_DONE;
	}
	if (ctx->argc == 0)
		return EXIT_DONE;
	(void)fputs("sluicectl: connections [--host HOST] [--fingerprint SHA256] [--worker ID]\n",
	            stderr);
	return EXIT_USAGE;
}

/* Return: bytes, more than there is room for where it does not fit. */
static size_t put(const struct context *ctx, char *path, size_t at, const char *name,
                  const char *value)
{
	char *escaped = value ? client_escape(ctx->client, value) : NULL;
	int n = 0;

	if (at < PATH_BYTES_MAX && escaped)
		n = snprintf(path + at, PATH_BYTES_MAX - at, "&%s=%s", name, escaped);
	client_escape_free(escaped);
	if (value && n <= 0)
		return PATH_BYTES_MAX;
	return at + (size_t)n;
}

static enum exit_code ask(const struct context *ctx, const struct filter *f, const char *cursor,
                          struct page *out)
{
	char path[PATH_BYTES_MAX];
	size_t n = (size_t)snprintf(path, sizeof(path), "/sluice/v1/connections?limit=%d", LIMIT);

	n = put(ctx, path, n, "host", f->host);
	n = put(ctx, path, n, "fingerprint", f->fingerprint);
	n = put(ctx, path, n, "worker", f->worker);
	n = put(ctx, path, n, "cursor", cursor[0] ? cursor : NULL);
	if (n < sizeof(path))
		return client_ask_page(ctx->client, path, out);
	(void)fputs("sluicectl: too long\n", stderr);
	return EXIT_FAILED;
}

static enum exit_code ask_all(const struct context *ctx, const struct filter *f, json_t **out)
{
	json_t *all = json_array();
	char cursor[64] = "";
	enum exit_code r;

	do {
		struct page page = { 0 };
		const json_t *after;

		r = ask(ctx, f, cursor, &page);
		after = json_object_get(json_object_get(page.info, "cursors"), "after");
		(void)snprintf(cursor, sizeof(cursor), "%s",
		               json_is_string(after) ? json_string_value(after) : "");
		(void)json_array_extend(all, page.rows);
		json_decref(page.rows);
		json_decref(page.info);
	} while (r == EXIT_DONE && cursor[0]);
	if (r == EXIT_DONE)
		*out = all;
	else
		json_decref(all);
	return r;
}

static enum exit_code run(const struct context *ctx)
{
	static const struct column columns[] = {
		{ "PEER", "peer" },
		{ "HOST", "host" },
		{ "TLS", "tls" },
		{ "SUITE", "suite" },
		{ "KTLS", "is_kernel_tls" },
		{ "AGE", "age_s" },
		{ "REQUESTS", "requests" },
		{ "IN", "bytes_in" },
		{ "OUT", "bytes_out" },
		{ "SERIAL", "certificate.serial" },
		{ "SHA256", "certificate.sha256" },
		{ "SUBJECT", "certificate.subject" },
	};
	json_t *result = NULL;
	struct filter f;
	enum exit_code r = read_filter(ctx, &f);

	if (r == EXIT_DONE)
		r = ask_all(ctx, &f, &result);
	if (r != EXIT_DONE)
		return r;
	print_rows(ctx->json, result, columns, ARRAY_LEN(columns));
	json_decref(result);
	return EXIT_DONE;
}

const struct command command_connections = {
	.name = "connections",
	.args = "[--host HOST] [--fingerprint SHA256] [--worker ID]",
	.help = "who is connected",
	.args_max = 6,
	.run = run,
};
