/* SPDX-License-Identifier: GPL-2.0-only */
#include "sys/cage.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sys/channel.h"
#include "sys/memfd.h"

enum { FILTER_FAILED = 99 };

/* Runs @act in a child, behind the worker's filter if @filtered. Return: wait status. */
static int in_child(int (*act)(void), bool filtered)
{
	int status = 0;
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		if (filtered && cage_filter_worker() < 0)
			_exit(FILTER_FAILED);
		_exit(act());
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static int open_file(void)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0;
}

static int run_program(void)
{
	char *const argv[] = { NULL };

	(void)execve("/bin/true", argv, argv);
	return 0;
}

static int fork_again(void)
{
	return fork() < 0;
}

static int packet_socket(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0) < 0;
}

static int datagram_socket(void)
{
	return socket(AF_INET, SOCK_DGRAM, 0) < 0;
}

static int code_page(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
	       MAP_FAILED;
}

static int signal_parent(void)
{
	return kill(getppid(), 0) < 0;
}

Test(cage, what_a_worker_never_does_ends_it)
{
	static const struct {
		int (*act)(void);
		const char *why;
	} rows[] = {
		{ open_file, "open" },
		{ run_program, "execve" },
		{ fork_again, "fork" },
		{ packet_socket, "AF_PACKET" },
		{ datagram_socket, "UDP" },
		{ code_page, "executable memory" },
		{ signal_parent, "signals others" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int status = in_child(rows[i].act, true);

		cr_expect(WIFSIGNALED(status), "%s: status %x", rows[i].why, status);
		cr_expect_eq(WTERMSIG(status), SIGSYS, "%s", rows[i].why);
	}
}

static int worker_day(void)
{
	struct sockaddr_in nowhere = { .sin_family = AF_INET, .sin_port = htons(1) };
	int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	time_t now = time(NULL);
	struct tm tm;
	char *text;
	size_t len;
	void *big;

	if (s < 0 || (connect(s, (struct sockaddr *)&nowhere, sizeof(nowhere)) == 0))
		return 1;
	(void)close(s);
	big = malloc(1 << 22);
	free(big);
	if (!big || !gmtime_r(&now, &tm) || isatty(0))
		return 2;
	/* The snapshot came before the filter in this test: fd 100. */
	return memfd_read(100, 100, &text, &len) == 0 && len == 3 ? 0 : 3;
}

Test(cage, a_worker_s_day_is_allowed)
{
	int status;
	int fd = -1;

	cr_assert_eq(memfd_seal("t", SLICE("abc"), &fd), 0);
	cr_assert_eq(dup2(fd, 100), 100);
	status = in_child(worker_day, true);
	cr_expect(WIFEXITED(status), "status %x", status);
	cr_expect_eq(WEXITSTATUS(status), 0, "step %d", WEXITSTATUS(status));
}

static int abort_now(void)
{
	abort();
}

Test(cage, an_abort_is_seen_as_one)
{
	int status = in_child(abort_now, true);

	cr_expect(WIFSIGNALED(status));
	cr_expect_eq(WTERMSIG(status), SIGABRT);
}

static int become_nobody(void)
{
	static const char *const names[] = { "no-such-user", "nobody", NULL };
	struct cage_user u;

	if (cage_find_user(names, &u) < 0)
		return 1;
	if (cage_enter(&u) < 0)
		return 2;
	if (geteuid() != u.uid || getegid() != u.gid || getgroups(0, NULL) != 0)
		return 3;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 4;
	if (prctl(PR_CAPBSET_READ, 0, 0, 0, 0) != 0)
		return 5;
	if (cage_keep() < 0 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return 6;
	return 0;
}

Test(cage, root_becomes_nobody_for_good)
{
	int status;

	if (geteuid() != 0)
		cr_skip("needs root");
	status = in_child(become_nobody, false);
	cr_expect(WIFEXITED(status));
	cr_expect_eq(WEXITSTATUS(status), 0, "step %d", WEXITSTATUS(status));
}

static int stay(void)
{
	uid_t before = geteuid();

	if (cage_enter(NULL) < 0)
		return 1;
	return geteuid() == before && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 2;
}

Test(cage, without_a_user_only_the_rights_go)
{
	int status = in_child(stay, false);

	cr_expect(WIFEXITED(status));
	cr_expect_eq(WEXITSTATUS(status), 0, "step %d", WEXITSTATUS(status));
}

Test(cage, an_unknown_user_is_said)
{
	static const char *const names[] = { "no-such-user", NULL };
	struct cage_user u;

	cr_expect_eq(cage_find_user(names, &u), -ENOENT);
}
