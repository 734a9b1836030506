/* SPDX-License-Identifier: GPL-2.0-only */
#include "proc/listeners.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "sys/addr.h"
#include "sys/sock.h"

/* A port nobody has, as far as one can know. */
static uint16_t free_port(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof(in);
	int fd = -1;

	cr_assert_eq(sock_listen((const struct sockaddr *)&in, sizeof(in), 1, &fd), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	(void)close(fd);
	return ntohs(in.sin_port);
}

static struct msg_start start_on(const char *ip, uint16_t port, uint32_t workers)
{
	struct msg_start s = { .workers = workers, .listeners_len = 1 };
	char text[64];

	(void)snprintf(text, sizeof(text), "%s:%u", ip, port);
	cr_assert_eq(addr_parse(slice_of(text, strlen(text)), &s.listeners[0].addr,
	                        &s.listeners[0].addr_len),
	             0);
	return s;
}

Test(listeners, there_is_one_for_each_worker_and_the_text_names_the_address)
{
	uint16_t port = free_port();
	struct msg_start s = start_on("127.0.0.1", port, 3);
	struct listeners l;
	char err[MSG_TEXT_MAX] = "";
	char text[64];
	char want[64];
	struct sink out = sink_of(text, sizeof(text));

	cr_assert_eq(listeners_open(&s, &l, err), 0, "%s", err);
	for (uint32_t w = 0; w < 3; w++)
		cr_expect_geq(l.fds[w][0], 0);
	cr_expect_neq(l.fds[0][0], l.fds[1][0]);
	listeners_close(&l);
	listeners_text(&s, &out);
	(void)snprintf(want, sizeof(want), "127.0.0.1:%u", port);
	cr_expect(slice_eq(sink_slice(&out), slice_of(want, strlen(want))));
}

Test(listeners, an_address_that_another_serves_is_refused_by_name)
{
	struct msg_start s = start_on("127.0.0.1", free_port(), 1);
	struct listeners first;
	struct listeners second;
	char err[MSG_TEXT_MAX] = "";

	cr_assert_eq(listeners_open(&s, &first, err), 0, "%s", err);
	cr_expect_eq(listeners_open(&s, &second, err), -EADDRINUSE);
	cr_expect(strstr(err, "listen[0] ") || strstr(err, "listen[0]: 127.0.0.1:"), "%s", err);
	listeners_close(&first);
	cr_expect_eq(listeners_open(&s, &second, err), 0, "free again once closed");
	listeners_close(&second);
}

Test(listeners, by_source_is_said_of_every_address)
{
	struct msg_start s = start_on("127.0.0.1", free_port(), 2);
	struct listeners l;
	char err[MSG_TEXT_MAX] = "";

	s.by_source = 1;
	s.listeners_len = 2;
	s.listeners[1] = s.listeners[0];
	((struct sockaddr_in *)&s.listeners[1].addr)->sin_port = htons(free_port());
	cr_assert_eq(listeners_open(&s, &l, err), 0, "%s", err);
	for (uint32_t i = 0; i < 2; i++)
		for (uint16_t n = 0; n < 8; n++) {
			const struct sockaddr *to = (const struct sockaddr *)&s.listeners[i].addr;
			int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

			cr_assert_eq(connect(client, to, s.listeners[i].addr_len), 0);
			(void)close(client);
		}
	for (uint32_t i = 0; i < 2; i++) {
		int first = accept4(l.fds[0][i], NULL, NULL, SOCK_CLOEXEC);
		int second = accept4(l.fds[1][i], NULL, NULL, SOCK_CLOEXEC);

		cr_expect((first < 0) != (second < 0), "one of them has all eight");
		(void)close(first < 0 ? second : first);
	}
	listeners_close(&l);
}
