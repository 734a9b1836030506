/* SPDX-License-Identifier: GPL-2.0-only */
#include "proc/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "sys/channel.h"

enum { SPAWN_FAILED = 127, FIRST_FREE_FD = STATS_FD + 1, ENV_MAX = 16 };

/* What a child's environment may hold, when ours does. */
static const char *const env_names[] = {
	"SLUICE_CAGE",  "ASAN_OPTIONS",      "UBSAN_OPTIONS",
	"LSAN_OPTIONS", "LLVM_PROFILE_FILE", "RES_OPTIONS", /* resolv.conf(5) */
};

static bool may_keep(const char *assignment)
{
	for (size_t i = 0; i < ARRAY_LEN(env_names); i++) {
		size_t len = strlen(env_names[i]);

		if (strncmp(assignment, env_names[i], len) == 0 && assignment[len] == '=')
			return true;
	}
	return false;
}

static void clean_environment(char *out[ENV_MAX + 1])
{
	size_t n = 0;

	for (char **e = environ; *e && n < ENV_MAX; e++)
		if (may_keep(*e))
			out[n++] = *e;
	out[n] = NULL;
}

/* @from at number @to, and open across exec. */
static int place(int from, int to)
{
	return dup2(from, to) < 0 ? -errno : 0;
}

static int reset_signals(void)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP };
	sigset_t none;

	for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
		if (signal(ignored[i], SIG_IGN) == SIG_ERR)
			return -errno;
	if (signal(SIGPIPE, SIG_DFL) == SIG_ERR)
		return -errno;
	(void)sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL) < 0 ? -errno : 0;
}

/* Out of the way of the numbers that are about to be given away. */
static int move_up(int fd)
{
	int up = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);

	return up < 0 ? -errno : up;
}

/* In the child. Returns only when it failed. */
static int become_role(const struct spawn *s, int channel, pid_t parent)
{
	char *env[ENV_MAX + 1];
	char *argv[SPAWN_ARGS_MAX + 1];
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int stats = move_up(s->stats_fd);
	int end = move_up(channel);
	int r;

	if (null < 0)
		return -errno;
	if (stats < 0 || end < 0) {
		(void)close(null);
		return stats < 0 ? stats : end;
	}
	r = place(null, STDIN_FILENO);
	if (r == 0)
		r = place(end, CHANNEL_FD);
	if (r == 0)
		r = place(stats, STATS_FD);
	if (r < 0)
		return r;
	if (close_range(FIRST_FREE_FD, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return -errno;
	r = reset_signals();
	if (r < 0)
		return r;
	clean_environment(env);
	r = cage_enter(s->user);
	if (r < 0)
		return r;
	/* Had it died before we asked to die with it, nobody would tell us. */
	if (getppid() != parent)
		return -ESRCH;
	memcpy(argv, s->argv, sizeof(argv)); /* execve(2) takes no const and changes nothing */
	(void)execve("/proc/self/exe", argv, env);
	return -errno;
}

int spawn_role(const struct spawn *s, pid_t *out_pid, int *out_channel)
{
	int ends[2] = { -1, -1 };
	pid_t parent = getpid();
	pid_t pid;
	int r = channel_pair(ends);

	if (r < 0)
		return r;
	pid = fork();
	if (pid == 0) {
		r = become_role(s, ends[1], parent);
		log_error("%s cannot be started: %s", s->argv[0], strerror(-r));
		_exit(SPAWN_FAILED);
	}
	r = pid < 0 ? -errno : 0;
	(void)close(ends[1]);
	if (r < 0) {
		(void)close(ends[0]);
		return r;
	}
	*out_pid = pid;
	*out_channel = ends[0];
	return 0;
}
