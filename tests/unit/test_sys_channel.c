/* SPDX-License-Identifier: GPL-2.0-only */
#include "sys/channel.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int ends[2];

static void open_pair(void)
{
	cr_assert_eq(channel_pair(ends), 0);
}

static void close_pair(void)
{
	for (int i = 0; i < 2; i++)
		if (ends[i] >= 0)
			(void)close(ends[i]);
}

TestSuite(channel, .init = open_pair, .fini = close_pair);

static struct msg got;

Test(channel, a_message_arrives_whole_and_alone)
{
	const struct msg_version sent = { .version = 7 };
	struct msg_version v;
	int fd = -2;

	cr_assert_eq(channel_send(ends[0], MSG_SNAPSHOT, &sent, sizeof(sent), -1), 0);
	cr_assert_eq(channel_send(ends[0], MSG_DRAIN, NULL, 0, -1), 0);
	cr_assert_eq(channel_recv(ends[1], &got, &fd), 1);
	cr_expect_eq(got.type, MSG_SNAPSHOT);
	cr_expect_eq(fd, -1);
	cr_assert_eq(msg_body(&got, &v, sizeof(v)), 0);
	cr_expect_eq(v.version, 7);
	cr_assert_eq(channel_recv(ends[1], &got, &fd), 1);
	cr_expect_eq(got.type, MSG_DRAIN);
	cr_expect_eq(got.len, 0);
	cr_expect_eq(channel_recv(ends[1], &got, &fd), -EAGAIN);
}

Test(channel, a_descriptor_comes_along_and_is_closed_on_exec)
{
	struct stat a;
	struct stat b;
	int fd = -1;

	cr_assert_eq(channel_send(ends[0], MSG_OPENED, NULL, 0, ends[1]), 0);
	cr_assert_eq(channel_recv(ends[1], &got, &fd), 1);
	cr_assert_geq(fd, 0);
	cr_assert_eq(fstat(fd, &a), 0);
	cr_assert_eq(fstat(ends[1], &b), 0);
	cr_expect_eq(a.st_ino, b.st_ino, "the very socket that was passed");
	cr_expect(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	(void)close(fd);
}

Test(channel, the_longest_message_passes)
{
	static uint8_t payload[MSG_PAYLOAD_MAX];
	int fd;

	payload[MSG_PAYLOAD_MAX - 1] = 0x5A;
	cr_assert_eq(channel_send(ends[0], MSG_START, payload, sizeof(payload), -1), 0);
	cr_assert_eq(channel_recv(ends[1], &got, &fd), 1);
	cr_expect_eq(got.len, MSG_PAYLOAD_MAX);
	cr_expect_eq(got.payload[MSG_PAYLOAD_MAX - 1], 0x5A);
}

Test(channel, a_reader_that_does_not_read_gives_eagain_and_nothing_is_torn)
{
	static uint8_t payload[MSG_PAYLOAD_MAX];
	int sent = 0;
	int read = 0;
	int fd;
	int r;

	while ((r = channel_send(ends[0], MSG_START, payload, sizeof(payload), -1)) == 0)
		cr_assert_lt(++sent, 100000);
	cr_expect_eq(r, -EAGAIN);
	while (channel_recv(ends[1], &got, &fd) == 1) {
		cr_expect_eq(got.len, MSG_PAYLOAD_MAX);
		read++;
	}
	cr_expect_eq(read, sent);
}

Test(channel, what_is_not_yet_read_is_known)
{
	int fd;

	cr_expect_not(channel_is_unread(ends[0]));
	cr_assert_eq(channel_send(ends[0], MSG_DRAIN, NULL, 0, -1), 0);
	cr_expect(channel_is_unread(ends[0]));
	cr_assert_eq(channel_recv(ends[1], &got, &fd), 1);
	cr_expect_not(channel_is_unread(ends[0]));
}

Test(channel, what_was_sent_before_the_end_is_still_read)
{
	int fd;

	cr_assert_eq(channel_send(ends[0], MSG_APPLIED, NULL, 0, -1), 0);
	/* Unread bytes in the other direction make the kernel say ECONNRESET first. */
	cr_assert_eq(channel_send(ends[1], MSG_DRAIN, NULL, 0, -1), 0);
	(void)close(ends[0]);
	ends[0] = -1;
	cr_expect_eq(channel_recv(ends[1], &got, &fd), 1);
	cr_expect_eq(got.type, MSG_APPLIED);
	cr_expect_eq(channel_recv(ends[1], &got, &fd), 0);
	cr_expect_eq(channel_send(ends[1], MSG_DRAIN, NULL, 0, -1), -EPIPE);
}

/* The lowest free descriptor number: what it is before and after shows a leak. */
static int next_fd(void)
{
	int fd = dup(0);

	(void)close(fd);
	return fd;
}

Test(channel, a_packet_that_is_no_message_is_refused_and_its_descriptors_are_closed)
{
	static const struct {
		uint32_t words[4];
		size_t bytes;
		const char *why;
	} rows[] = {
		{ { MSG_DRAIN }, 4, "half a header" },
		{ { MSG_NONE, 0 }, 8, "no type" },
		{ { MSG_TYPE_MAX, 0 }, 8, "a type we do not have" },
		{ { MSG_DRAIN, 4 }, 8, "says more than it holds" },
		{ { MSG_DRAIN, 0, 1 }, 12, "holds more than it says" },
	};
	int before = next_fd();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		union {
			struct cmsghdr align;
			char bytes[CMSG_SPACE(2 * sizeof(int))];
		} room = { 0 };
		uint32_t words[4];
		struct iovec iov = { .iov_base = words, .iov_len = rows[i].bytes };
		struct msghdr h = { .msg_iov = &iov,
			            .msg_iovlen = 1,
			            .msg_control = room.bytes,
			            .msg_controllen = sizeof(room.bytes) };
		int fd = -1;

		memcpy(words, rows[i].words, sizeof(words));
		room.align.cmsg_level = SOL_SOCKET;
		room.align.cmsg_type = SCM_RIGHTS;
		room.align.cmsg_len = CMSG_LEN(2 * sizeof(int));
		memcpy(CMSG_DATA(&room.align), ends, 2 * sizeof(int));
		cr_assert_eq(sendmsg(ends[0], &h, 0), (ssize_t)rows[i].bytes);
		cr_expect_eq(channel_recv(ends[1], &got, &fd), -EBADMSG, "%s", rows[i].why);
		cr_expect_eq(fd, -1, "%s", rows[i].why);
		cr_expect_eq(next_fd(), before, "%s: a descriptor leaked", rows[i].why);
	}
}

Test(channel, a_body_of_another_size_is_refused)
{
	struct msg_version v;
	int fd;

	cr_assert_eq(channel_send(ends[0], MSG_SNAPSHOT, "abc", 3, -1), 0);
	cr_assert_eq(channel_recv(ends[1], &got, &fd), 1);
	cr_expect_eq(msg_body(&got, &v, sizeof(v)), -EBADMSG);
}
