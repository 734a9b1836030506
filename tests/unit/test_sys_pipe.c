/* SPDX-License-Identifier: GPL-2.0-only */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/pipe.h"

enum { NEAR, FAR };

static const char words[] = "what lies in a pipe are references";

static void tcp_pair(int fds[2])
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_geq(l, 0);
	cr_assert_eq(bind(l, (struct sockaddr *)&addr, sizeof(addr)), 0);
	cr_assert_eq(listen(l, 1), 0);
	cr_assert_eq(getsockname(l, (struct sockaddr *)&addr, &len), 0);
	fds[FAR] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(connect(fds[FAR], (struct sockaddr *)&addr, sizeof(addr)), 0);
	fds[NEAR] = accept4(l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	cr_assert_geq(fds[NEAR], 0);
	cr_assert_eq(fcntl(fds[FAR], F_SETFL, O_NONBLOCK), 0);
	(void)close(l);
}

static void unix_pair(int fds[2])
{
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
}

static const struct {
	const char *why;
	void (*make)(int fds[2]);
} kinds[] = { { "TCP", tcp_pair }, { "Unix", unix_pair } };

/* On loopback what was sent is there, but TCP's receiver may be told a little later. */
static ssize_t fill(struct pipe *p, int fd, size_t len, bool is_records)
{
	ssize_t n;

	do {
		n = pipe_fill(p, fd, len, is_records);
	} while (n == -EAGAIN);
	return n;
}

static uint8_t pattern(uint64_t at)
{
	return (uint8_t)(at * 31 + (at >> 8) * 7 + (at >> 16));
}

/* Sends what @fd takes of the pattern from *at on, up to @total; ends the direction behind it. */
static void put(int fd, uint64_t *at, uint64_t total)
{
	static uint8_t buf[30011]; /* so that pieces do not fall on pages */

	while (*at < total) {
		size_t len = sizeof(buf) < total - *at ? sizeof(buf) : (size_t)(total - *at);
		ssize_t n;

		for (size_t i = 0; i < len; i++)
			buf[i] = pattern(*at + i);
		n = send(fd, buf, len, MSG_NOSIGNAL);
		if (n < 0)
			return;
		*at += (uint64_t)n;
		if (*at == total)
			cr_assert_eq(shutdown(fd, SHUT_WR), 0);
	}
}

static void get(int fd, uint64_t *at)
{
	static uint8_t buf[65536];
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
		for (ssize_t i = 0; i < n; i++)
			cr_assert_eq(buf[i], pattern((*at)++), "at %lu", *at - 1);
}

Test(pipe, bytes_come_out_whole_and_in_order)
{
	const uint64_t total = 5000011;

	for (size_t k = 0; k < ARRAY_LEN(kinds) * 2; k++) {
		struct pipe_pool pool;
		struct pipe *p;
		uint64_t sent = 0;
		uint64_t got = 0;
		int from[2];
		int to[2];
		ssize_t n = 1;

		kinds[k % 2].make(from);
		kinds[k / 2].make(to);
		cr_assert_eq(pipe_pool_init(&pool, 1), 0);
		p = pipe_take(&pool);
		cr_assert_not_null(p);
		while (n != 0) {
			put(from[FAR], &sent, total);
			n = pipe_fill(p, from[NEAR], PIPE_BYTES, false);
			cr_assert(n >= 0 || n == -EAGAIN || n == -ENOBUFS, "%s: %zd",
			          kinds[k % 2].why, n);
			while (p->len > 0) {
				ssize_t out = pipe_drain(p, to[NEAR]);

				cr_assert(out > 0 || out == -EAGAIN, "%s: %zd", kinds[k / 2].why,
				          out);
				get(to[FAR], &got);
			}
		}
		get(to[FAR], &got);
		cr_expect_eq(got, total, "%s to %s: %lu", kinds[k % 2].why, kinds[k / 2].why, got);
		pipe_give(&pool, p);
		cr_expect_eq(pool.made, 1, "it was empty, so it is kept");
		pipe_pool_free(&pool);
		for (int i = 0; i < 2; i++) {
			(void)close(from[i]);
			(void)close(to[i]);
		}
	}
}

Test(pipe, nothing_there_is_not_the_end_and_not_a_full_pipe)
{
	struct pipe_pool pool;
	struct pipe *p;
	int fds[2];

	tcp_pair(fds);
	cr_assert_eq(pipe_pool_init(&pool, 1), 0);
	p = pipe_take(&pool);
	cr_expect_eq(pipe_fill(p, fds[NEAR], 10, false), -EAGAIN);
	cr_assert_eq(send(fds[FAR], words, 10, 0), 10);
	cr_expect_eq(fill(p, fds[NEAR], 4, false), 4, "no more than asked for");
	cr_expect_eq(pipe_fill(p, fds[NEAR], 100, false), 6);
	cr_expect_eq(pipe_fill(p, fds[NEAR], 10, false), -EAGAIN,
	             "bytes in the pipe, but room too");
	cr_assert_eq(shutdown(fds[FAR], SHUT_WR), 0);
	cr_expect_eq(fill(p, fds[NEAR], 10, false), 0);
	cr_expect_eq(p->len, 10);
}

/* Small pieces use up slots long before bytes. */
Test(pipe, without_room_says_so_and_not_that_nothing_is_there)
{
	struct pipe_pool pool;
	struct pipe *p;
	int fds[2];
	ssize_t n = 1;

	unix_pair(fds);
	cr_assert_eq(pipe_pool_init(&pool, 1), 0);
	p = pipe_take(&pool);
	for (int i = 0; n > 0 && i < 10000; i++) {
		cr_assert_eq(send(fds[FAR], words, 1, 0), 1);
		n = pipe_fill(p, fds[NEAR], 1, false);
	}
	cr_expect_eq(n, -ENOBUFS);
	cr_expect_leq(p->len, p->slots);
}

Test(pipe, a_reader_that_takes_nothing_leaves_the_bytes_in_it)
{
	struct pipe_pool pool;
	struct pipe *p;
	uint64_t sent = 0;
	uint64_t got = 0;
	uint64_t taken = 0;
	int from[2];
	int to[2];
	ssize_t n;

	unix_pair(from);
	tcp_pair(to);
	cr_assert_eq(pipe_pool_init(&pool, 1), 0);
	p = pipe_take(&pool);
	do {
		put(from[FAR], &sent, 1 << 26);
		if (p->len == 0)
			taken += (uint64_t)fill(p, from[NEAR], PIPE_BYTES, false);
		n = pipe_drain(p, to[NEAR]);
	} while (n > 0);
	cr_expect_eq(n, -EAGAIN);
	cr_expect_gt(p->len, 0);
	while (p->len > 0) {
		get(to[FAR], &got);
		n = pipe_drain(p, to[NEAR]);
		cr_assert(n > 0 || n == -EAGAIN);
	}
	while (got < taken)
		get(to[FAR], &got);
}

Test(pipe, a_reader_that_is_gone_is_an_error)
{
	struct pipe_pool pool;
	struct pipe *p;
	int from[2];
	int to[2];

	(void)signal(SIGPIPE, SIG_IGN);
	unix_pair(from);
	unix_pair(to);
	cr_assert_eq(pipe_pool_init(&pool, 1), 0);
	p = pipe_take(&pool);
	cr_assert_eq(send(from[FAR], words, 10, 0), 10);
	cr_assert_eq(pipe_fill(p, from[NEAR], 10, false), 10);
	(void)close(to[FAR]);
	cr_expect_eq(pipe_drain(p, to[NEAR]), -EPIPE);
	cr_expect_eq(p->len, 10);
}

/* The kernel loses a part of a record for which the slots do not suffice. */
Test(pipe, takes_a_record_only_while_slots_for_the_longest_are_free)
{
	struct pipe_pool pool;
	struct pipe *p;
	uint32_t room;
	int from[2];
	int to[2];

	unix_pair(from);
	unix_pair(to);
	cr_assert_eq(pipe_pool_init(&pool, 1), 0);
	p = pipe_take(&pool);
	room = p->slots / PIPE_SLOTS_PER_RECORD;
	cr_assert_geq(room, 2);
	cr_assert_eq(send(from[FAR], words, 30, 0), 30);
	for (uint32_t i = 0; i < room; i++)
		cr_assert_eq(pipe_fill(p, from[NEAR], 1, true), 1);
	cr_expect_eq(pipe_fill(p, from[NEAR], 1, true), -ENOBUFS);
	cr_assert_eq(pipe_drain(p, to[NEAR]), room);
	cr_expect_eq(pipe_fill(p, from[NEAR], 1, true), 1, "empty since");
	cr_assert_eq(pipe_fill(p, from[NEAR], 1, false), 1);
	cr_expect_eq(pipe_fill(p, from[NEAR], 1, true), -ENOBUFS,
	             "nobody knows how many slots other bytes take");
}

Test(pipe_pool, lends_no_more_than_it_has_and_makes_none_before)
{
	struct pipe_pool pool;
	struct pipe *a;
	struct pipe *b;

	cr_assert_eq(pipe_pool_init(&pool, 2), 0);
	cr_expect_eq(pool.made, 0);
	a = pipe_take(&pool);
	b = pipe_take(&pool);
	cr_assert(a != NULL && b != NULL && a != b);
	cr_expect_null(pipe_take(&pool));
	cr_expect_eq(pool.error, 0, "it is not the kernel's fault");
	pipe_give(&pool, b);
	cr_expect_eq(pipe_take(&pool), b);
	pipe_give(&pool, NULL);
	pipe_give(&pool, b);
	pipe_give(&pool, a);
	cr_expect_eq(pool.made, 2);
	pipe_pool_free(&pool);
	cr_expect_eq(pool.cap, 0);
}

Test(pipe_pool, of_none_lends_none)
{
	struct pipe_pool pool;

	cr_assert_eq(pipe_pool_init(&pool, 0), 0);
	cr_expect_null(pipe_take(&pool));
	cr_expect_eq(pool.error, 0);
	pipe_pool_free(&pool);
}

Test(pipe_pool, never_lends_a_pipe_with_another_body_in_it)
{
	struct pipe_pool pool;
	struct pipe *p;
	int fds[2];
	uint8_t byte;

	unix_pair(fds);
	cr_assert_eq(pipe_pool_init(&pool, 1), 0);
	p = pipe_take(&pool);
	cr_assert_eq(send(fds[FAR], words, 30, 0), 30);
	cr_assert_eq(pipe_fill(p, fds[NEAR], 30, false), 30);
	pipe_give(&pool, p);
	cr_expect_eq(pool.made, 0);
	p = pipe_take(&pool);
	cr_assert_not_null(p);
	cr_expect(p->len == 0 && p->used == 0 && p->slots > 0);
	cr_expect_eq(read(p->fds[0], &byte, 1), -1);
	cr_expect_eq(errno, EAGAIN);
	pipe_give(&pool, p);
	pipe_pool_free(&pool);
}

Test(pipe_pool, without_descriptors_says_why_and_recovers)
{
	struct rlimit some;
	struct pipe_pool pool;

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &some), 0);
	cr_assert_eq(pipe_pool_init(&pool, 1), 0);
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 3, some.rlim_max }), 0);
	cr_expect_null(pipe_take(&pool));
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &some), 0);
	cr_expect_eq(pool.error, -EMFILE);
	cr_expect(pool.made == 0 && pool.lent == 0);
	cr_expect_not_null(pipe_take(&pool));
}

/* fs.pipe-user-pages-soft holds for users without CAP_SYS_RESOURCE. Exit status: what went wrong. */
static int beyond_the_share(void)
{
	struct pipe_pool pool;
	uint32_t least = UINT32_MAX;

	if (geteuid() == 0 && setresuid(71234, 71234, 71234) < 0)
		return 2;
	if (pipe_pool_init(&pool, 400) < 0)
		return 3;
	for (;;) {
		struct pipe *p = pipe_take(&pool);

		if (p == NULL)
			break;
		if (p->slots < least)
			least = p->slots;
	}
	if (pool.lent == 0 || pool.lent == 400)
		return 4;
	if (pool.error != -EPERM)
		return 5;
	return least * (uint64_t)sysconf(_SC_PAGESIZE) >= PIPE_BYTES_MIN ? 0 : 6;
}

Test(pipe_pool, beyond_the_users_share_makes_none_that_is_too_small)
{
	struct rlimit files;
	pid_t pid;
	int status = -1;

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &files), 0);
	files.rlim_cur = files.rlim_max < 1024 ? files.rlim_max : 1024;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &files), 0);
	pid = fork();
	if (pid == 0)
		_exit(beyond_the_share());
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect_eq(status, 0, "exit status %d", WEXITSTATUS(status));
}
