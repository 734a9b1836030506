/* SPDX-License-Identifier: GPL-2.0-only */
#include "sys/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

int pipe_pool_init(struct pipe_pool *p, uint32_t cap)
{
	struct pipe_pool made = { .cap = cap };

	if (cap > 0) {
		made.all = calloc(cap, sizeof(*made.all));
		if (made.all == NULL)
			return -ENOMEM;
	}
	for (uint32_t i = cap; i > 0; i--) {
		struct pipe *pipe = &made.all[i - 1];

		pipe->fds[0] = pipe->fds[1] = -1;
		pipe->next = made.free;
		made.free = pipe;
	}
	*p = made;
	return 0;
}

/* The kernel refuses a size that takes the user past its share, so ask for less. */
static int enlarge(int fd)
{
	int err = 0;

	for (int bytes = PIPE_BYTES; bytes >= PIPE_BYTES_MIN; bytes /= 2) {
		int got = fcntl(fd, F_SETPIPE_SZ, bytes);

		if (got >= 0)
			return got;
		err = -errno;
	}
	return err;
}

static void unmake(struct pipe *pipe)
{
	(void)close(pipe->fds[0]);
	(void)close(pipe->fds[1]);
	*pipe = (struct pipe){ .fds = { -1, -1 } };
}

static int make(struct pipe *pipe)
{
	int bytes;

	if (pipe2(pipe->fds, O_NONBLOCK | O_CLOEXEC) < 0)
		return -errno;
	bytes = enlarge(pipe->fds[1]);
	if (bytes < 0) {
		unmake(pipe);
		return bytes;
	}
	pipe->slots = (uint32_t)(bytes / sysconf(_SC_PAGESIZE));
	return 0;
}

struct pipe *pipe_take(struct pipe_pool *p)
{
	struct pipe *pipe = p->free;

	if (pipe == NULL)
		return NULL;
	if (pipe->fds[0] < 0) {
		int err = make(pipe);

		if (err < 0) {
			p->error = err;
			return NULL;
		}
		p->made++;
	}
	p->free = pipe->next;
	pipe->next = NULL;
	p->lent++;
	return pipe;
}

void pipe_give(struct pipe_pool *p, struct pipe *pipe)
{
	if (pipe == NULL)
		return;
	must(p->lent > 0);
	must(pipe >= p->all && pipe < p->all + p->cap);
	if (pipe->len > 0) {
		unmake(pipe);
		p->made--;
	}
	pipe->next = p->free;
	p->free = pipe;
	p->lent--;
}

void pipe_pool_free(struct pipe_pool *p)
{
	must(p->lent == 0);
	for (uint32_t i = 0; i < p->cap; i++)
		if (p->all[i].fds[0] >= 0)
			unmake(&p->all[i]);
	free(p->all);
	*p = (struct pipe_pool){ 0 };
}

/* splice(2) says EAGAIN for a socket without bytes and for a pipe without room. */
static bool is_full(const struct pipe *p)
{
	struct pollfd pfd = { .fd = p->fds[1], .events = POLLOUT };

	return p->len > 0 && poll(&pfd, 1, 0) == 0;
}

ssize_t pipe_fill(struct pipe *p, int fd, size_t len, bool is_records)
{
	ssize_t n;

	must(len > 0);
	if (is_records && p->used + PIPE_SLOTS_PER_RECORD > p->slots)
		return -ENOBUFS;
	do {
		n = splice(fd, NULL, p->fds[1], NULL, len, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return is_full(p) ? -ENOBUFS : -EAGAIN;
	if (n < 0)
		return -errno;
	p->len += (uint64_t)n;
	if (n > 0)
		p->used += is_records ? PIPE_SLOTS_PER_RECORD : p->slots - p->used;
	return n;
}

ssize_t pipe_drain(struct pipe *p, int fd)
{
	ssize_t n;

	must(p->len > 0);
	do {
		n = splice(p->fds[0], NULL, fd, NULL, (size_t)p->len,
		           SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (n == 0)
		return -EIO;
	must((uint64_t)n <= p->len);
	p->len -= (uint64_t)n;
	if (p->len == 0)
		p->used = 0;
	return n;
}
