/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>

#include "client.h"
#include "print.h"

static enum exit_code run(const struct context *ctx)
{
	json_t *result = NULL;
	enum exit_code r = client_ask(ctx->client, "POST", "/sluice/v1/reload", NULL, &result);

	if (r != EXIT_DONE)
		return r;
	if (ctx->json)
		print_json(result);
	else
		(void)printf("in force in every worker: snapshot %lld\n",
		             (long long)json_integer_value(json_object_get(result, "version")));
	json_decref(result);
	return EXIT_DONE;
}

const struct command command_reload = {
	.name = "reload",
	.args = "",
	.help = "read the configuration file again and wait until every worker has it in force",
	.run = run,
};
