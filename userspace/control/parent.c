/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/parent.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

/* Comes again where the master could not send all at once. @fd is taken. */
static int take_revoked(struct parent *p, const struct msg *m, int fd)
{
	struct msg_version v;
	int r = msg_body(m, &v, sizeof(v));

	fd_closep(&p->revoked_fd);
	p->revoked_fd = fd;
	if (r == 0)
		p->revoked_version = v.version;
	return r;
}

static int take_result(struct parent *p, const struct msg *m, parent_applied *told)
{
	struct msg_result result;

	if (msg_body(m, &result, sizeof(result)) < 0)
		return -EBADMSG;
	result.text[sizeof(result.text) - 1] = '\0';
	told(p->arg, &result);
	return 0;
}

/* One message that nobody asked for. @fd is taken. */
static int take_unasked(struct parent *p, const struct msg *m, int fd)
{
	if (m->type == MSG_REVOKED && fd >= 0)
		return take_revoked(p, m, fd);
	if (m->type == MSG_SNAPSHOT && fd >= 0 && p->snapshot_fd < 0) {
		p->snapshot_fd = fd;
		return 0;
	}
	if (fd >= 0)
		(void)close(fd);
	if (m->type == MSG_RELOAD) {
		p->is_reload_wanted = true;
		return 0;
	}
	if (m->type == MSG_DRAIN) {
		p->is_draining = true;
		return 0;
	}
	if (m->type == MSG_OCSP_ASK) {
		p->ocsp_asked(p->arg, m);
		return 0;
	}
	if (m->type == MSG_APPLIED)
		return take_result(p, m, p->applied);
	return m->type == MSG_REVOKED_DONE ? take_result(p, m, p->revoked_done) : -EBADMSG;
}

int parent_hear(struct parent *p)
{
	struct msg m;

	for (;;) {
		int fd = -1;
		int r = channel_recv(p->fd, &m, &fd);

		if (r == -EAGAIN)
			return 0;
		if (r == 0)
			return -EPIPE;
		if (r == 1)
			r = take_unasked(p, &m, fd);
		if (r < 0)
			return r;
	}
}

static int wait_for(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	while (poll(&p, 1, -1) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* The next message, however long it takes. */
static int next(struct parent *p, struct msg *m, int *out_fd)
{
	int r = channel_recv(p->fd, m, out_fd);

	while (r == -EAGAIN) {
		r = wait_for(p->fd, POLLIN);
		if (r == 0)
			r = channel_recv(p->fd, m, out_fd);
	}
	return r == 0 ? -EPIPE : r;
}

/* The next message of type @want; others are taken on the way. */
static int await(struct parent *p, enum msg_type want, struct msg *m, int *out_fd)
{
	for (;;) {
		int fd = -1;
		int r = next(p, m, &fd);

		if (r == 1 && m->type == want) {
			*out_fd = fd;
			return 0;
		}
		if (r == 1)
			r = take_unasked(p, m, fd);
		if (r < 0)
			return r;
	}
}

static enum msg_type answer_to(enum msg_type type)
{
	if (type == MSG_XDP_MAP || type == MSG_XDP_ATTACH)
		return MSG_XDP_ANSWER;
	return type == MSG_OPEN ? MSG_OPENED : MSG_STARTED;
}

int parent_ask(struct parent *p, enum msg_type type, const void *payload, size_t len,
               struct msg_result *out, int *out_fd)
{
	const enum msg_type want = answer_to(type);
	CLEAN_FD int fd = -1;
	struct msg m;
	int r = channel_send(p->fd, type, payload, len, -1);

	if (r == 0)
		r = await(p, want, &m, &fd);
	if (r == 0)
		r = msg_body(&m, out, sizeof(*out));
	if (r < 0)
		return r;
	out->text[sizeof(out->text) - 1] = '\0';
	if (out_fd)
		*out_fd = fd_take(&fd);
	return 0;
}

int parent_wait_snapshot(struct parent *p)
{
	int r = parent_hear(p);

	while (r == 0 && p->snapshot_fd < 0) {
		r = wait_for(p->fd, POLLIN);
		if (r == 0)
			r = parent_hear(p);
	}
	return r;
}

static int open_through(void *arg, const char *path, int *out_fd)
{
	struct msg_result result = { 0 };
	struct msg_path want;
	int fd = -1;
	int n;
	int r;

	memset(&want, 0, sizeof(want));
	n = snprintf(want.path, sizeof(want.path), "%s", path);
	if (n < 0 || (size_t)n >= sizeof(want.path))
		return -ENAMETOOLONG;
	r = parent_ask(arg, MSG_OPEN, &want, sizeof(want), &result, &fd);
	if (r < 0)
		return r;
	if (result.error < 0)
		return result.error;
	if (fd < 0)
		return -EBADMSG;
	*out_fd = fd;
	return 0;
}

struct source parent_source(struct parent *p)
{
	return (struct source){ .open = open_through, .arg = p };
}
