/* SPDX-License-Identifier: GPL-2.0-only */
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/ring.h"

static struct ring ring;
static const struct token token = { OP_CLIENT, 3, 9 };

static void setup(void)
{
	cr_assert_eq(ring_open(&ring, 8), 0);
}

TestSuite(ring, .init = setup);

/* The next completion; fails the test when none comes. */
static struct io_uring_cqe next(void)
{
	struct io_uring_cqe *batch[RING_BATCH_MAX];
	struct io_uring_cqe cqe;

	cr_assert_eq(ring_wait(&ring, 1000), 0);
	cr_assert_gt(io_uring_cq_ready(&ring.uring), 0);
	cr_assert_gt(ring_take(&ring, batch), 0);
	cqe = *batch[0];
	ring_done(&ring, 1);
	return cqe;
}

static unsigned int waiting(void)
{
	cr_assert_eq(ring_wait(&ring, 0), 0);
	return io_uring_cq_ready(&ring.uring);
}

Test(ring, a_poll_reports_again_and_again_and_says_when_it_ends)
{
	struct io_uring_cqe cqe;
	char byte = 'x';
	int pair[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	ring_poll(&ring, pair[0], POLLIN | POLLRDHUP, token);
	cr_expect_eq(waiting(), 0);
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(write(pair[1], &byte, 1), 1);
		cqe = next();
		cr_expect_eq(cqe.user_data, token_pack(token));
		cr_expect(cqe.res & POLLIN);
		cr_expect(cqe.flags & IORING_CQE_F_MORE);
		cr_assert_eq(read(pair[0], &byte, 1), 1);
	}
	ring_cancel(&ring, token);
	cqe = next();
	cr_expect_eq(cqe.res, -ECANCELED);
	cr_expect_not(cqe.flags & IORING_CQE_F_MORE);
	cr_expect_eq(waiting(), 0);
}

Test(ring, does_nothing_it_is_not_restricted_to)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring.uring);

	io_uring_prep_openat(sqe, AT_FDCWD, "/etc/passwd", 0, 0);
	sqe->user_data = token_pack(token);
	cr_expect_eq(next().res, -EACCES);
}

Test(ring, takes_more_requests_than_its_queue_holds)
{
	int pair[2];
	unsigned int got = 0;

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	for (uint32_t i = 0; i < 40; i++)
		ring_write(&ring, pair[0], "y", 1, (struct token){ OP_LOG, i, 0 });
	while (got < 40) {
		cr_assert_eq(next().res, 1);
		got++;
	}
	cr_expect_eq(waiting(), 0);
}

Test(ring, waiting_for_nothing_returns_in_time)
{
	cr_expect_eq(ring_wait(&ring, 5), 0);
	cr_expect_eq(io_uring_cq_ready(&ring.uring), 0);
}
