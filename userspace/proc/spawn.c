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

enum { SPAWN_FAILED = 127, ENV_MAX = 16 };

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

/* @from[i] at number i, open across exec; below 0: nothing there. */
static int place(const int from[CHILD_FDS_END])
{
	int up[CHILD_FDS_END];

	/* First out of the way of the numbers that are about to be given away. */
	for (int i = 0; i < CHILD_FDS_END; i++) {
		up[i] = from[i] < 0 ? -1 : fcntl(from[i], F_DUPFD_CLOEXEC, CHILD_FDS_END);
		if (from[i] >= 0 && up[i] < 0)
			return -errno;
	}
	for (int i = 0; i < CHILD_FDS_END; i++) {
		if (up[i] < 0)
			(void)close(i);
		else if (dup2(up[i], i) < 0)
			return -errno;
	}
	return close_range(CHILD_FDS_END, ~0U, CLOSE_RANGE_CLOEXEC) < 0 ? -errno : 0;
}

/* In the child. Returns only when it failed. */
static int become_role(const struct spawn *s, int channel, pid_t parent)
{
	char *env[ENV_MAX + 1];
	char *argv[SPAWN_ARGS_MAX + 1];
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	const int fds[CHILD_FDS_END] = {
		[STDIN_FILENO] = null,
		[STDOUT_FILENO] = STDOUT_FILENO,
		[STDERR_FILENO] = STDERR_FILENO,
		[CHANNEL_FD] = channel,
		[STATS_FD] = s->stats_fd,
		[CONNS_FD] = s->conns_fd,
		[CONNS_MAP_FD] = s->conns_map_fd,
	};
	int r = null < 0 ? -errno : place(fds);

	if (r == 0)
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
