/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/inquiry_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/channel.h"

static_assert(sizeof(struct ocsp_verdict) <= 4096, "one write(2) into a pipe is not cut: PIPE_BUF");

/* Of what control has open, it keeps nothing: not the channel, which the master watches, nor the
 * store, nor the API's clients, who wait for an end. */
static _Noreturn void ask(const struct ocsp_question *q, int to)
{
	struct ocsp_verdict v;
	ssize_t n;

	if (dup2(to, CHANNEL_FD) < 0 || close_range(CHANNEL_FD + 1, ~0U, 0) < 0)
		_exit(1);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	memset(&v, 0, sizeof(v));
	ocsp_ask(q, &v);
	n = write(CHANNEL_FD, &v, sizeof(v));
	_exit(n == (ssize_t)sizeof(v) ? 0 : 1);
}

int inquiry_child_begin(struct inquiry_child *c, const struct ocsp_question *q, uint64_t now_ms)
{
	int ends[2];
	int err = 0;

	must(c->pid == 0 && c->fd < 0);
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	c->pid = fork();
	if (c->pid == 0)
		ask(q, ends[1]);
	if (c->pid < 0)
		err = -errno;
	(void)close(ends[1]);
	if (err < 0) {
		(void)close(ends[0]);
		*c = INQUIRY_CHILD_NONE;
		return err;
	}
	c->fd = ends[0];
	c->until_ms = now_ms + q->timeout_ms;
	return 0;
}

void inquiry_child_stop(struct inquiry_child *c)
{
	if (c->pid > 0) {
		(void)kill(c->pid, SIGKILL);
		(void)waitpid(c->pid, NULL, 0);
	}
	if (c->fd >= 0)
		(void)close(c->fd);
	*c = INQUIRY_CHILD_NONE;
}

/* What another process wrote is looked at before it is believed to be a verdict. */
static bool is_sane(const struct ocsp_verdict *v)
{
	return (unsigned int)v->status < OCSP_STATUS_MAX &&
	       memchr(v->why, '\0', sizeof(v->why)) != NULL;
}

static void failed(struct ocsp_verdict *out, const char *why)
{
	*out = (struct ocsp_verdict){ .status = OCSP_FAILED };
	(void)snprintf(out->why, sizeof(out->why), "%s", why);
}

int inquiry_child_read(struct inquiry_child *c, uint64_t now_ms, struct ocsp_verdict *out)
{
	ssize_t n = read(c->fd, (uint8_t *)&c->in + c->in_len, sizeof(c->in) - c->in_len);

	if (n > 0)
		c->in_len += (size_t)n;
	if (c->in_len == sizeof(c->in) && is_sane(&c->in))
		*out = c->in;
	else if (c->in_len == sizeof(c->in) || n == 0)
		failed(out, "the process that asks has died");
	else if (now_ms >= c->until_ms)
		failed(out, "no answer in time");
	else
		return 0;
	inquiry_child_stop(c);
	return 1;
}
