/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>

#include "client.h"
#include "print.h"

enum { PER_PAGE = 10000 };

static enum exit_code ask(const struct context *ctx, const char *what, json_t **out)
{
	char path[80];

	(void)snprintf(path, sizeof(path), "/sluice/v1/xdp/%s?per_page=%d", what, PER_PAGE);
	return client_ask(ctx->client, "GET", path, NULL, out);
}

/* {"a": 1} as rows, for a table. */
static void append(json_t *rows, const char *of, json_t *counts)
{
	const char *name;
	json_t *value;

	json_object_foreach(counts, name, value)
	{
		(void)json_array_append_new(rows, json_pack("{s:s, s:s, s:O}", "of", of, "what",
		                                            name, "count", value));
	}
}

static void put_tables(const json_t *counters, const json_t *hosts)
{
	static const struct column columns[] = { { "OF", "of" },
		                                 { "WHAT", "what" },
		                                 { "COUNT", "count" } };
	static const struct column host_columns[] = { { "HOST", "name" },
		                                      { "ADMITTED", "admitted" },
		                                      { "LIMITED", "limited" } };
	json_t *rows = json_array();

	append(rows, "segments", json_object_get(counters, "segments"));
	append(rows, "connections", json_object_get(counters, "connections"));
	print_table(rows, columns, ARRAY_LEN(columns));
	(void)putchar('\n');
	print_table(hosts, host_columns, ARRAY_LEN(host_columns));
	json_decref(rows);
}

static enum exit_code run(const struct context *ctx)
{
	json_t *counters = NULL;
	json_t *hosts = NULL;
	enum exit_code r = ask(ctx, "counters", &counters);

	if (r == EXIT_DONE)
		r = ask(ctx, "hosts", &hosts);
	if (r == EXIT_DONE && ctx->json) {
		(void)json_object_set(counters, "hosts", hosts);
		print_json(counters);
	} else if (r == EXIT_DONE) {
		put_tables(counters, hosts);
	}
	json_decref(counters);
	json_decref(hosts);
	return r;
}

const struct command command_counters = {
	.name = "counters",
	.args = "",
	.help = "what XDP did with segments, new connections, and each host's",
	.run = run,
};
