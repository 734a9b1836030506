/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * command.h - the commands of sluicectl.
 *
 * To add one: a file tools/sluicectl/cmd_NAME.c that defines `const struct command
 * command_NAME`, a line in COMMANDS, and its part of docs/man/sluicectl.1.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/must.h"

/* How sluicectl ends. For all commands. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,  /* it was asked and said no; why is on stderr */
	EXIT_USAGE = 2,   /* wrong on the command line */
	EXIT_NOBODY = 3,  /* no sluiced answers at the socket */
	EXIT_DENIED = 4,  /* the socket is there and not for you */
	EXIT_GARBLED = 5, /* what answers makes no sense: not sluiced, or another version */
};

struct client;

struct context {
	struct client *client;
	bool json; /* --json: the API's "result" as it is, indented, and nothing else */
	int argc;  /* arguments behind the command's name */
	char **argv;
};

struct command {
	const char *name;
	const char *args; /* "[--reason TEXT] SHA256", for people; "" for none */
	const char *help;
	int args_min, args_max; /* checked before run() */
	bool is_local;          /* asks nobody: context.client is NULL */
	enum exit_code (*run)(const struct context *ctx);
};

#define COMMANDS(X)                                                                                \
	X(status)                                                                                  \
	X(hosts)                                                                                   \
	X(workers)                                                                                 \
	X(reload)                                                                                  \
	X(connections)                                                                             \
	X(revoke)                                                                                  \
	X(unrevoke)                                                                                \
	X(revocations)                                                                             \
	X(tokens)                                                                                  \
	X(counters)                                                                                \
	X(flows)                                                                                   \
	X(completion)

#define X(name) extern const struct command command_##name;
COMMANDS(X)
#undef X
