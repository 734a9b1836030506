/* SPDX-License-Identifier: GPL-2.0-only */
#include "sys/sock.h"

#include <errno.h>
#include <linux/filter.h>
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

int sock_place_by_source(int fd, sa_family_t family, uint32_t len)
{
	/* Where the halves of what counts are, from the IP header on. */
	const uint32_t first = SKF_NET_OFF + (family == AF_INET6 ? 8 : 12);
	const uint32_t second = SKF_NET_OFF + 12;
	const uint32_t golden = 0x9E3779B1; /* 2^32 / phi: neighbours go apart */
	struct sock_filter steps[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, first),
		BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, golden),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, second),
		BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0),
		BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, golden),
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 16),
		BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, len),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	const struct sock_fprog program = { .len = ARRAY_LEN(steps), .filter = steps };

	must(len > 0);
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof(program)) < 0)
		return -errno;
	return 0;
}

int sock_is_taken(const struct sockaddr *addr, socklen_t len)
{
	CLEAN_FD int fd = -1;

	return bound(addr, len, false, &fd);
}
