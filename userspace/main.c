/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * main.c - the role table and the command line, and nothing else.
 */
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/text.h"
#include "base/version.h"
#include "conf/help.h"
#include "control/control.h"
#include "control/echo.h"
#include "control/version.h"
#include "core/conn_reason.h"
#include "core/worker.h"
#include "proc/detach.h"
#include "proc/master.h"
#include "proto/dialect.h"
#include "sys/channel.h"
#include "sys/ktls.h"

enum { USAGE = 2 };

static int usage(const char *what, const char *why);

static int run_check(char **argv)
{
	return control_check(argv[0]);
}

static int run_echo(char **argv)
{
	return echo_main(argv[0]);
}

/* A number below @end, digits only; UINT32_MAX: it is none. */
static uint32_t number(const char *text, uint32_t end)
{
	uint64_t v = 0;

	if (text_parse_u64(slice_of(text, strlen(text)), &v) < 0 || v >= end)
		return UINT32_MAX;
	return (uint32_t)v;
}

static int run_control(char **argv)
{
#define X(name, label, help) (label),
	static const char *const reasons[] = { CONN_REASONS(X) };
#undef X
	struct control_conf conf = {
		.config = argv[0],
		.conn_reasons = reasons,
		.conn_reasons_len = ARRAY_LEN(reasons),
	};
	struct slice started = slice_of(argv[2], strlen(argv[2]));

	conf.ktls = number(argv[1], 1U << KTLS_PACK_BITS);
	if (conf.ktls == UINT32_MAX || text_parse_u64(started, &conf.started_ms) < 0 ||
	    (argv[3] && strcmp(argv[3], "--again") != 0))
		return USAGE;
	conf.is_again = argv[3] != NULL;
	return control_main(&conf);
}

static int run_worker(char **argv)
{
	uint32_t id = number(argv[0], WORKERS_MAX);
	uint32_t ktls = number(argv[1], 1U << KTLS_PACK_BITS);

	if (id == UINT32_MAX || ktls == UINT32_MAX)
		return USAGE;
	return worker_main(id, ktls);
}

static int run_version(char **argv)
{
	if (argv[0] && strcmp(argv[0], "--verbose") != 0)
		return usage(argv[0], "--verbose is all that --version knows");
	version_print(stdout, SLUICE_VERSION, argv[0] != NULL);
	return 0;
}

static int run_detach(char **argv)
{
	return detach_main(argv[0]);
}

static int run_help(char **argv);

/* First word of the command line -> what runs. Roles are for the master to start. */
static const struct command {
	const char *word;
	int min, max; /* arguments behind it */
	int (*run)(char **argv);
	const char *usage; /* NULL: not for people */
	const char *help;
} commands[] = {
	{ "--check", 1, 1, run_check, "--check FILE", "say every mistake in FILE and end" },
	{ "echo", 1, 1, run_echo, "echo ADDRESS", "be an origin that shows what it was sent" },
	{ "--detach", 0, 1, run_detach, "--detach [DIR]",
	  "take XDP programs off that a killed sluiced left pinned in DIR" },
	{ "--version", 0, 1, run_version, "--version",
	  "say which one this is; --verbose: and what this machine can do" },
	{ "--help", 0, 2, run_help, "--help", "this; options or dialects --markdown: as in docs/" },
	{ "--role=control", 3, 4, run_control, NULL, NULL },
	{ "--role=worker", 2, 2, run_worker, NULL, NULL },
};

/* Options of the master. */
static const struct {
	const char *usage, *help;
} master_options[] = {
	{ "--config FILE", "the configuration to serve" },
	{ "--user-worker NAME", "workers run as NAME (sluice-worker, sluice or nobody)" },
	{ "--user-control NAME", "control runs as NAME (sluice-control, sluice or nobody)" },
	{ "--allow-dir DIR", "certificates and keys may be read below DIR; may be repeated" },
	{ "--bpf-dir DIR",
	  "BPF maps and links are pinned in DIR (/sys/fs/bpf/sluice/v1); none: nowhere" },
};

static void put_usage(FILE *out)
{
	(void)fputs("usage:\n  sluiced --config FILE [OPTION]...\n", out);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (commands[i].usage)
			(void)fprintf(out, "  sluiced %-18s %s\n", commands[i].usage,
			              commands[i].help);
	(void)fputs("\noptions of the command line:\n", out);
	for (size_t i = 0; i < ARRAY_LEN(master_options); i++)
		(void)fprintf(out, "  %-26s %s\n", master_options[i].usage, master_options[i].help);
	(void)fputs("\nFiles are read below FILE's directory, /etc/ssl, /etc/letsencrypt, /etc/pki "
	            "and --allow-dir.\n"
	            "SIGHUP reads the configuration again, SIGTERM ends when the last request has, "
	            "a second one at once.\n",
	            out);
}

static int run_help(char **argv)
{
	if (argv[0] && argv[1] && strcmp(argv[1], "--markdown") == 0) {
		if (strcmp(argv[0], "dialects") == 0)
			dialect_help(stdout);
		else
			help_markdown(stdout);
		return 0;
	}
	put_usage(stdout);
	(void)puts("\noptions of the configuration file:");
	help_options(stdout);
	return 0;
}

/* @what: the word on the command line that is wrong, NULL for none */
static int usage(const char *what, const char *why)
{
	if (what)
		(void)fprintf(stderr, "sluiced: %s: %s\n\n", what, why);
	put_usage(stderr);
	return USAGE;
}

/* Where the value of one of the master's options goes; NULL: no such option. */
static const char **option_place(struct master_conf *conf, const char *name)
{
	if (strcmp(name, "--config") == 0)
		return &conf->config;
	if (strcmp(name, "--user-worker") == 0)
		return &conf->user_worker;
	if (strcmp(name, "--user-control") == 0)
		return &conf->user_control;
	if (strcmp(name, "--bpf-dir") == 0)
		return &conf->bpf_dir;
	if (strcmp(name, "--allow-dir") == 0 && conf->allow_dirs_len < FILES_DIRS_MAX)
		return &conf->allow_dirs[conf->allow_dirs_len++];
	return NULL;
}

static int run_master(char **argv)
{
	struct master_conf conf = { 0 };

	for (; *argv; argv += 2) {
		const char **place = option_place(&conf, argv[0]);

		if (!place)
			return usage(argv[0], "no such option, or one too many");
		if (!argv[1])
			return usage(argv[0], "its value is missing");
		*place = argv[1];
	}
	return conf.config ? master_main(&conf) : usage("--config", "is missing");
}

int main(int argc, char **argv)
{
	if (fd_fill_standard() < 0)
		return 1; /* and nowhere to say it */
	if (argc < 2)
		return usage(NULL, NULL);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		const struct command *c = &commands[i];

		if (strcmp(argv[1], c->word) != 0)
			continue;
		if (argc - 2 < c->min || argc - 2 > c->max)
			return usage(c->word, "one argument too few or too many");
		return c->run(argv + 2);
	}
	return run_master(argv + 1);
}
