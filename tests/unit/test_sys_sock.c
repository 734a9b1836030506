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

enum { CROWD = 64, WORKERS = 3 };

/* One connection from @source; which of @fds it comes out of. */
static int placed(const int *fds, const struct sockaddr *to, socklen_t len,
                  const struct sockaddr *source)
{
	int client = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int found = -1;

	cr_assert_eq(bind(client, source, len), 0, "%s", strerror(errno));
	cr_assert_eq(connect(client, to, len), 0, "%s", strerror(errno));
	for (int n = 0; n < WORKERS; n++) {
		int fd = accept4(fds[n], NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			continue;
		cr_expect_eq(found, -1);
		found = n;
		(void)close(fd);
	}
	(void)close(client);
	cr_assert_geq(found, 0);
	return found;
}

Test(sock, a_client_that_comes_back_finds_the_listener_it_had)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fds[WORKERS];
	int had[WORKERS] = { 0 };

	fds[0] = listen_at(&to);
	to = bound_to(fds[0]);
	for (int n = 1; n < WORKERS; n++)
		fds[n] = listen_at(&to);
	cr_assert_eq(sock_place_by_source(fds[0], AF_INET, WORKERS), 0);
	for (uint32_t i = 1; i <= CROWD; i++) {
		const struct sockaddr_in from = { .sin_family = AF_INET,
			                          .sin_addr = { htonl(INADDR_LOOPBACK + i) } };
		const struct sockaddr *source = (const struct sockaddr *)&from;
		const struct sockaddr *door = (const struct sockaddr *)&to;
		int first = placed(fds, door, sizeof(to), source);

		for (int again = 0; again < 4; again++)
			cr_expect_eq(placed(fds, door, sizeof(to), source), first);
		had[first]++;
	}
	for (int n = 0; n < WORKERS; n++) {
		cr_expect_gt(had[n], CROWD / WORKERS / 2, "%d of %d", had[n], CROWD);
		(void)close(fds[n]);
	}
}

Test(sock, of_ipv6_too)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	const struct sockaddr_in6 from = to;
	socklen_t len = sizeof(to);
	int fds[WORKERS];
	int first;

	for (int n = 0; n < WORKERS; n++) {
		cr_assert_eq(sock_listen((const struct sockaddr *)&to, sizeof(to), 16, &fds[n]), 0);
		cr_assert_eq(getsockname(fds[n], (struct sockaddr *)&to, &len), 0);
	}
	cr_assert_eq(sock_place_by_source(fds[0], AF_INET6, WORKERS), 0);
	first = placed(fds, (const struct sockaddr *)&to, len, (const struct sockaddr *)&from);
	for (int again = 0; again < 16; again++)
		cr_expect_eq(placed(fds, (const struct sockaddr *)&to, len,
		                    (const struct sockaddr *)&from),
		             first);
	for (int n = 0; n < WORKERS; n++)
		(void)close(fds[n]);
}

Test(sock, what_is_no_socket_is_placed_nowhere)
{
	cr_expect_eq(sock_place_by_source(-1, AF_INET, 1), -EBADF);
}
