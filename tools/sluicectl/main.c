/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sluicectl - ask a running sluiced, over the socket of its settings API.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/version.h"
#include "client.h"

#define SOCKET_DEFAULT "/run/sluice/api.sock"

#define X(name) &command_##name,
static const struct command *const commands[] = { COMMANDS(X) };
#undef X

static void put_usage(FILE *out)
{
	(void)fputs("usage: sluicectl [--socket PATH] [--json] COMMAND [ARGUMENT]...\n\n", out);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		char left[128];

		(void)snprintf(left, sizeof(left), "%s %s", commands[i]->name, commands[i]->args);
		(void)fprintf(out, "  %-36s %s\n", left, commands[i]->help);
	}
	(void)fprintf(
		out,
		"\n"
		"  --socket PATH                        sluiced's api.listen (SLUICE_SOCKET, or %s)\n"
		"  --json                               the answer as JSON\n"
		"  --version                            say which one this is\n"
		"  --help                               this\n\n"
		"exit status: 0 done; 1 refused; 2 wrong use; 3 nobody answers; 4 no "
		"permission; 5 the answer makes no sense\n",
		SOCKET_DEFAULT);
}

static enum exit_code usage(const char *what, const char *why)
{
	if (what)
		(void)fprintf(stderr, "sluicectl: %s: %s\n\n", what, why);
	put_usage(stderr);
	return EXIT_USAGE;
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static enum exit_code run(const struct command *command, struct context *ctx, const char *socket)
{
	enum exit_code r = EXIT_DONE;

	if (ctx->argc < command->args_min)
		return usage(command->name, "an argument is missing");
	if (ctx->argc > command->args_max)
		return usage(ctx->argv[command->args_max], "one argument too many");
	if (!command->is_local)
		r = client_new(socket, &ctx->client);
	if (r != EXIT_DONE)
		return r;
	r = command->run(ctx);
	client_free(ctx->client);
	if (fflush(stdout) != 0 && r == EXIT_DONE) {
		perror("sluicectl: stdout");
		r = EXIT_FAILED;
	}
	return r;
}

int main(int argc, char **argv)
{
	const char *socket = getenv("SLUICE_SOCKET");
	struct context ctx = { 0 };
	const struct command *command;
	int i = 1;

	if (!socket || !socket[0])
		socket = SOCKET_DEFAULT;
	for (; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--help") == 0) {
			put_usage(stdout);
			return EXIT_DONE;
		}
		if (strcmp(argv[i], "--version") == 0) {
			(void)printf("sluicectl %s\n", SLUICE_VERSION);
			return EXIT_DONE;
		}
		if (strcmp(argv[i], "--json") == 0)
			ctx.json = true;
		else if (strcmp(argv[i], "--socket") == 0 && argv[i + 1])
			socket = argv[++i];
		else
			return (int)usage(argv[i], "no such option, or its value is missing");
	}
	if (i == argc)
		return (int)usage(NULL, NULL);
	command = find(argv[i]);
	if (!command)
		return (int)usage(argv[i], "no such command");
	ctx.argc = argc - i - 1;
	ctx.argv = argv + i + 1;
	/* An option may stand behind the command too, where it is usually written. */
	if (ctx.argc > 0 && strcmp(ctx.argv[ctx.argc - 1], "--json") == 0) {
		ctx.json = true;
		ctx.argc--;
	}
	return (int)run(command, &ctx, socket);
}
