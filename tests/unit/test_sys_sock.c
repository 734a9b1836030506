/* SPDX-License-Identifier: GPL-2.0-only */
#include "sys/sock.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_in bound_to(int fd)
{
	struct sockaddr_in in = { 0 };
	socklen_t len = sizeof(in);

	cr_assert_eq(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	return in;
}

static int listen_at(const struct sockaddr_in *in)
{
	int fd = -1;

	cr_assert_eq(sock_listen((const struct sockaddr *)in, sizeof(*in), 16, &fd), 0);
	return fd;
}

Test(sock, every_worker_has_its_own_listener_at_one_address)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int first = listen_at(&in);
	int second;

	in = bound_to(first);
	second = listen_at(&in);
	cr_expect_neq(first, second);
	cr_expect(fcntl(first, F_GETFD) & FD_CLOEXEC);
	cr_expect(fcntl(first, F_GETFL) & O_NONBLOCK);
	(void)close(first);
	(void)close(second);
}

Test(sock, an_address_in_use_is_noticed_although_it_could_be_shared)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = listen_at(&in);

	in = bound_to(fd);
	cr_expect_eq(sock_is_taken((const struct sockaddr *)&in, sizeof(in)), -EADDRINUSE);
	(void)close(fd);
	cr_expect_eq(sock_is_taken((const struct sockaddr *)&in, sizeof(in)), 0);
}

Test(sock, accepted_connections_do_not_wait_to_fill_a_segment)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = listen_at(&in);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 0;
	socklen_t len = sizeof(on);
	int accepted;

	in = bound_to(fd);
	cr_assert_eq(connect(client, (const struct sockaddr *)&in, sizeof(in)), 0);
	accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	cr_assert_geq(accepted, 0);
	cr_assert_eq(getsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
	cr_expect_eq(on, 1);
	(void)close(accepted);
	(void)close(client);
	(void)close(fd);
}

Test(sock, ipv6_leaves_ipv4_alone)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	int on = 0;
	socklen_t len = sizeof(on);
	int fd = -1;

	cr_assert_eq(sock_listen((const struct sockaddr *)&in6, sizeof(in6), 16, &fd), 0);
	cr_assert_eq(getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, &len), 0);
	cr_expect_eq(on, 1);
	(void)close(fd);
}

Test(sock, other_families_are_refused)
{
	const struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "/nowhere" };
	int fd = -1;

	cr_expect_eq(sock_listen((const struct sockaddr *)&un, sizeof(un), 16, &fd), -EAFNOSUPPORT);
	cr_expect_eq(fd, -1);
}
