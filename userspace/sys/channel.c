/* SPDX-License-Identifier: GPL-2.0-only */
#include "sys/channel.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { MSG_HEADER_BYTES = offsetof(struct msg, payload) };

int channel_pair(int out_fds[2])
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
		return -errno;
	out_fds[0] = fds[0];
	out_fds[1] = fds[1];
	return 0;
}

/* Room for one descriptor, aligned as cmsg(3) wants it. */
union ancillary {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static void attach(struct msghdr *h, union ancillary *room, int fd)
{
	struct cmsghdr *c;

	memset(room, 0, sizeof(*room));
	h->msg_control = room->bytes;
	h->msg_controllen = sizeof(room->bytes);
	c = CMSG_FIRSTHDR(h);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
}

int channel_send(int fd, enum msg_type type, const void *payload, size_t len, int pass_fd)
{
	struct msg m = { .type = (uint32_t)type, .len = (uint32_t)len };
	struct iovec iov = { .iov_base = &m, .iov_len = MSG_HEADER_BYTES + len };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
	union ancillary room;
	ssize_t n;

	must(type > MSG_NONE && type < MSG_TYPE_MAX);
	must(len <= MSG_PAYLOAD_MAX);
	if (len > 0)
		memcpy(m.payload, payload, len);
	if (pass_fd >= 0)
		attach(&h, &room, pass_fd);
	do {
		n = sendmsg(fd, &h, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	/* A packet is taken whole or not at all (unix(7)). */
	return n < 0 ? -errno : 0;
}

bool channel_is_unread(int fd)
{
	int bytes = 0;

	return ioctl(fd, SIOCOUTQ, &bytes) == 0 && bytes > 0;
}

/* The one descriptor that came along, -1 if there was none. Others are closed. */
static int take_fd(struct msghdr *h)
{
	int kept = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		size_t fds = 0;

		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			fds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < fds; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (kept < 0)
				kept = fd;
			else
				(void)close(fd);
		}
	}
	return kept;
}

static bool is_message(const struct msg *m, size_t received, int flags)
{
	return received >= MSG_HEADER_BYTES && (flags & (MSG_TRUNC | MSG_CTRUNC)) == 0 &&
	       m->type > MSG_NONE && m->type < MSG_TYPE_MAX &&
	       m->len == received - MSG_HEADER_BYTES;
}

int channel_recv(int fd, struct msg *out, int *out_fd)
{
	struct iovec iov = { .iov_base = out, .iov_len = sizeof(*out) };
	union ancillary room;
	struct msghdr h;
	int came_fd;
	ssize_t n;

	/* ECONNRESET says once, ahead of what is still queued, that the other side
	 * went away with packets unread; the next call goes on behind it. */
	do {
		h = (struct msghdr){ .msg_iov = &iov,
			             .msg_iovlen = 1,
			             .msg_control = room.bytes,
			             .msg_controllen = CMSG_LEN(sizeof(int)) };
		n = recvmsg(fd, &h, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	} while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	if (n < 0)
		return -errno;
	came_fd = take_fd(&h);
	if (n == 0)
		return 0;
	if (!is_message(out, (size_t)n, h.msg_flags)) {
		if (came_fd >= 0)
			(void)close(came_fd);
		return -EBADMSG;
	}
	*out_fd = came_fd;
	return 1;
}

int msg_body(const struct msg *m, void *out, size_t size)
{
	if (m->len != size)
		return -EBADMSG;
	memcpy(out, m->payload, size);
	return 0;
}
