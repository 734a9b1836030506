/* SPDX-License-Identifier: GPL-2.0-only */
#include "sys/sock.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>

#include "base/fd.h"

static int set_on(int fd, int level, int option)
{
	const int on = 1;

	return setsockopt(fd, level, option, &on, sizeof(on)) < 0 ? -errno : 0;
}

/* A bound socket; SO_REUSEADDR, so that connections of an earlier run that still
 * linger in TIME_WAIT are not in the way. */
static int bound(const struct sockaddr *addr, socklen_t len, bool share, int *out_fd)
{
	CLEAN_FD int fd = -1;
	int r;

	if (addr->sa_family != AF_INET && addr->sa_family != AF_INET6)
		return -EAFNOSUPPORT;
	fd = socket(addr->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	r = set_on(fd, SOL_SOCKET, SO_REUSEADDR);
	if (r == 0 && share)
		r = set_on(fd, SOL_SOCKET, SO_REUSEPORT);
	if (r == 0 && addr->sa_family == AF_INET6)
		r = set_on(fd, IPPROTO_IPV6, IPV6_V6ONLY);
	if (r < 0)
		return r;
	if (bind(fd, addr, len) < 0)
		return -errno;
	*out_fd = fd_take(&fd);
	return 0;
}

int sock_listen(const struct sockaddr *addr, socklen_t len, int backlog, int *out_fd)
{
	CLEAN_FD int fd = -1;
	int r = bound(addr, len, true, &fd);

	if (r == 0)
		r = set_on(fd, IPPROTO_TCP, TCP_NODELAY);
	if (r < 0)
		return r;
	if (listen(fd, backlog) < 0)
		return -errno;
	*out_fd = fd_take(&fd);
	return 0;
}

int sock_is_taken(const struct sockaddr *addr, socklen_t len)
{
	CLEAN_FD int fd = -1;

	return bound(addr, len, false, &fd);
}
