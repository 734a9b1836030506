/* SPDX-License-Identifier: GPL-2.0-only */
/* cmd_completion.c - what bash, zsh and fish need to complete our words, written from the table of commands. */
#include <stdio.h>
#include <string.h>

#include "command.h"

#define X(name) &command_##name,
static const struct command *const commands[] = { COMMANDS(X) };
#undef X

static const char *const globals[] = { "--socket", "--json", "--version", "--help" };

enum { WORD_MAX = 64 };

/* The next word of "[--reason TEXT] a | b" that can be typed as it stands: an option, or one of a choice in lower case. */
static const char *next_word(const char **args, char *out)
{
	const char *p = *args;
	size_t n;

	for (; *p; p += n + (n == 0)) {
		n = strcspn(p, " []|");
		if (n == 0 || n >= WORD_MAX || (p[0] != '-' && (p[0] < 'a' || p[0] > 'z')))
			continue;
		memcpy(out, p, n);
		out[n] = '\0';
		*args = p + n;
		return out;
	}
	return NULL;
}

/* The words of a command's arguments, and --json, which may stand behind each that asks. */
static void put_words(const struct command *command)
{
	const char *args = command->args;
	char word[WORD_MAX];

	while (next_word(&args, word))
		(void)printf("%s ", word);
	if (!command->is_local)
		(void)printf("--json");
}

static void put_globals(void)
{
	for (size_t i = 0; i < ARRAY_LEN(globals); i++)
		(void)printf(" %s", globals[i]);
}

/* The first word that is no option, and no option's value, is the command. */
static void put_bash(void)
{
	(void)fputs("_sluicectl() {\n"
	            "\tlocal cur=${COMP_WORDS[COMP_CWORD]} command= i\n"
	            "\tCOMPREPLY=()\n"
	            "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	            "\t\tcase ${COMP_WORDS[i]} in\n"
	            "\t\t--socket) ((i++)) ;;\n"
	            "\t\t-*) ;;\n"
	            "\t\t*) command=${COMP_WORDS[i]}; break ;;\n"
	            "\t\tesac\n"
	            "\tdone\n"
	            "\tif [[ ${COMP_WORDS[COMP_CWORD-1]} == --socket && -z $command ]]; then\n"
	            "\t\tcompopt -o filenames 2>/dev/null\n"
	            "\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n"
	            "\t\treturn\n"
	            "\tfi\n"
	            "\tcase $command in\n"
	            "\t'') COMPREPLY=($(compgen -W '",
	            stdout);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		(void)printf("%s ", commands[i]->name);
	put_globals();
	(void)fputs("' -- \"$cur\")) ;;\n", stdout);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		(void)printf("\t%s) COMPREPLY=($(compgen -W '", commands[i]->name);
		put_words(commands[i]);
		(void)fputs("' -- \"$cur\")) ;;\n", stdout);
	}
	(void)fputs("\tesac\n}\ncomplete -F _sluicectl sluicectl\n", stdout);
}

/* A help text within single quotes. */
static void put_quoted(const char *text)
{
	for (; *text; text++)
		if (*text == '\'')
			(void)fputs("'\\''", stdout);
		else
			(void)putchar(*text);
}

static void put_zsh(void)
{
	(void)fputs("#compdef sluicectl\n"
	            "_sluicectl() {\n"
	            "\tlocal -a commands options\n"
	            "\tlocal command= i\n"
	            "\tcommands=(\n",
	            stdout);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		(void)printf("\t\t'%s:", commands[i]->name);
		put_quoted(commands[i]->help);
		(void)fputs("'\n", stdout);
	}
	(void)fputs("\t)\n\toptions=(", stdout);
	put_globals();
	(void)fputs(" )\n"
	            "\tfor ((i = 2; i < CURRENT; i++)); do\n"
	            "\t\tcase $words[i] in\n"
	            "\t\t--socket) ((i++)) ;;\n"
	            "\t\t-*) ;;\n"
	            "\t\t*) command=$words[i]; break ;;\n"
	            "\t\tesac\n"
	            "\tdone\n"
	            "\tif [[ $words[CURRENT-1] == --socket && -z $command ]]; then\n"
	            "\t\t_files\n"
	            "\t\treturn\n"
	            "\tfi\n"
	            "\tcase $command in\n"
	            "\t'') _describe command commands; _describe option options ;;\n",
	            stdout);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		(void)printf("\t%s) options=( ", commands[i]->name);
		put_words(commands[i]);
		(void)fputs(" ); _describe option options ;;\n", stdout);
	}
	(void)fputs(
		"\tesac\n}\n"
		"if [[ $funcstack[1] == _sluicectl ]]; then _sluicectl; else compdef _sluicectl "
		"sluicectl; fi\n",
		stdout);
}

/* fish's own look for a command takes an option's value for one. */
static void put_fish(void)
{
	(void)fputs(
		"function __sluicectl_command\n"
		"\tset -l value 0\n"
		"\tset -l words (commandline -opc)\n"
		"\tset -e words[1]\n"
		"\tfor word in $words\n"
		"\t\tif test $value = 1\n"
		"\t\t\tset value 0\n"
		"\t\t\tcontinue\n"
		"\t\tend\n"
		"\t\tswitch $word\n"
		"\t\t\tcase --socket\n"
		"\t\t\t\tset value 1\n"
		"\t\t\tcase '-*'\n"
		"\t\t\tcase '*'\n"
		"\t\t\t\ttest (count $argv) = 0; or contains -- $word $argv\n"
		"\t\t\t\treturn\n"
		"\t\tend\n"
		"\tend\n"
		"\treturn 1\n"
		"end\n"
		"complete -c sluicectl -f\n"
		"complete -c sluicectl -n 'not __sluicectl_command' -l socket -r -F -d 'of the API'\n"
		"complete -c sluicectl -l json -d 'the answer as JSON'\n"
		"complete -c sluicectl -n 'not __sluicectl_command' -l version\n"
		"complete -c sluicectl -n 'not __sluicectl_command' -l help\n",
		stdout);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		const char *args = commands[i]->args;
		char word[WORD_MAX];

		(void)printf("complete -c sluicectl -n 'not __sluicectl_command' -a %s -d '",
		             commands[i]->name);
		put_quoted(commands[i]->help);
		(void)fputs("'\n", stdout);
		while (next_word(&args, word))
			(void)printf("complete -c sluicectl -n '__sluicectl_command %s' %s %s\n",
			             commands[i]->name, word[0] == '-' ? "-l" : "-a",
			             word[0] == '-' ? word + 2 : word);
	}
}

static enum exit_code run(const struct context *ctx)
{
	static const struct {
		const char *shell;
		void (*put)(void);
	} shells[] = { { "bash", put_bash }, { "zsh", put_zsh }, { "fish", put_fish } };

	for (size_t i = 0; i < ARRAY_LEN(shells); i++)
		if (strcmp(ctx->argv[0], shells[i].shell) == 0) {
			shells[i].put();
			return EXIT_DONE;
		}
	(void)fprintf(stderr, "sluicectl: completion: %s: not one of bash, zsh, fish\n",
	              ctx->argv[0]);
	return EXIT_USAGE;
}

const struct command command_completion = {
	.name = "completion",
	.args = "bash|zsh|fish",
	.help = "a script for that shell to complete these words",
	.args_min = 1,
	.args_max = 1,
	.is_local = true,
	.run = run,
};
