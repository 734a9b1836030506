/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/version.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/fd.h"
#include "sys/ktls.h"
#include "sys/pipe.h"
#include "sys/ring.h"
#include "tls/library.h"

static void print_kernel(FILE *out)
{
	struct utsname u;

	if (uname(&u) < 0)
		(void)fprintf(out, "kernel: %s\n", strerror(errno));
	else
		(void)fprintf(out, "kernel: %s %s %s\n", u.sysname, u.release, u.machine);
}

static void print_ktls(FILE *out)
{
	struct ktls_support s;
	char text[KTLS_TEXT_MAX];
	struct sink sink = sink_of(text, sizeof(text));

	(void)ktls_load(&ktls_sys_kernel); /* the probe says what there is */
	ktls_probe(&ktls_sys_kernel, &s);
	ktls_put_summary(&sink, &s);
	must(!sink.overflow);
	(void)fprintf(out, "kernel TLS: %.*s\n", (int)sink.len, text);
	sink = sink_of(text, sizeof(text));
	ktls_put_table(&sink, &s);
	must(!sink.overflow);
	(void)fprintf(out, "%.*s", (int)sink.len, text);
}

/* One byte from a socket through @pipe. Return: 0; -errno. */
static int splice_one(struct pipe *pipe)
{
	int ends[2];
	ssize_t n;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		return -errno;
	n = write(ends[0], "x", 1) == 1 ? pipe_fill(pipe, ends[1], 1, false) : -errno;
	if (n == 1)
		n = pipe_drain(pipe, ends[1]);
	fd_closep(&ends[0]);
	fd_closep(&ends[1]);
	if (n == 1)
		return 0;
	return n < 0 ? (int)n : -EIO;
}

static void print_splice(FILE *out)
{
	struct pipe_pool pool = { 0 };
	struct pipe *pipe = NULL;
	uint32_t slots = 0;
	int r = pipe_pool_init(&pool, 1);

	if (r == 0)
		pipe = pipe_take(&pool);
	if (pipe) {
		slots = pipe->slots;
		r = splice_one(pipe);
		pipe_give(&pool, pipe);
	} else if (r == 0) {
		r = pool.error;
	}
	pipe_pool_free(&pool);
	if (r < 0)
		(void)fprintf(out, "splice: no (%s)\n", strerror(-r));
	else
		(void)fprintf(out, "splice: yes, through pipes of %u pages\n", slots);
}

void version_print(FILE *out, const char *version, bool verbose)
{
	(void)fprintf(out, "sluiced %s\n", version);
	if (!verbose)
		return;
	(void)fprintf(out, "OpenSSL: built with %s; running %s\n", tls_library_built(),
	              tls_library_running());
	(void)fprintf(out, "liburing: %s\n", ring_library());
	print_kernel(out);
	print_ktls(out);
	print_splice(out);
}
