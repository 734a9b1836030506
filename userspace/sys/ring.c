/* SPDX-License-Identifier: GPL-2.0-only */
#include "sys/ring.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* All a worker may ever ask this ring for, so that a worker taken over has no
 * more through it than its seccomp filter leaves it without. */
static const uint8_t allowed_ops[] = {
	IORING_OP_ACCEPT,
	IORING_OP_POLL_ADD,
	IORING_OP_ASYNC_CANCEL,
	IORING_OP_WRITE,
};

/* Debian 12's liburing 2.3 declares io_uring_register_restrictions() and
 * io_uring_enable_rings() but does not export them: io_uring_register(2) itself. */
static int ring_register(const struct ring *r, unsigned int op, const void *arg, unsigned int n)
{
	long err = syscall(__NR_io_uring_register, r->uring.ring_fd, op, arg, n);

	return err < 0 ? -errno : 0;
}

static int restrict_ring(const struct ring *r)
{
	struct io_uring_restriction res[ARRAY_LEN(allowed_ops) + 2];
	unsigned int n = 0;
	int err;

	memset(res, 0, sizeof(res));
	for (; n < ARRAY_LEN(allowed_ops); n++) {
		res[n].opcode = IORING_RESTRICTION_SQE_OP;
		res[n].sqe_op = allowed_ops[n];
	}
	res[n].opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED;
	res[n++].sqe_flags = IOSQE_CQE_SKIP_SUCCESS;
	res[n].opcode = IORING_RESTRICTION_REGISTER_OP;
	res[n++].register_op = IORING_REGISTER_ENABLE_RINGS;
	err = ring_register(r, IORING_REGISTER_RESTRICTIONS, res, n);
	if (err < 0)
		return err;
	return ring_register(r, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
}

int ring_open(struct ring *r, unsigned int entries)
{
	struct io_uring_params p = {
		.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
		         IORING_SETUP_R_DISABLED | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP,
		.cq_entries = entries * 4,
	};
	int err = io_uring_queue_init_params(entries, &r->uring, &p);

	if (err < 0)
		return err;
	err = restrict_ring(r);
	if (err < 0)
		io_uring_queue_exit(&r->uring);
	return err;
}

void ring_close(struct ring *r)
{
	io_uring_queue_exit(&r->uring);
}

/* A full submission queue is handed over; after that there is room. */
static struct io_uring_sqe *sqe_get(struct ring *r, struct token t)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&r->uring);

	if (sqe == NULL) {
		(void)io_uring_submit(&r->uring);
		sqe = io_uring_get_sqe(&r->uring);
	}
	must(sqe != NULL);
	sqe->user_data = token_pack(t);
	return sqe;
}

void ring_accept(struct ring *r, int fd, struct token t)
{
	struct io_uring_sqe *sqe = sqe_get(r, t);

	io_uring_prep_multishot_accept(sqe, fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	sqe->user_data = token_pack(t);
}

void ring_poll(struct ring *r, int fd, uint32_t events, struct token t)
{
	struct io_uring_sqe *sqe = sqe_get(r, t);

	io_uring_prep_poll_multishot(sqe, fd, events);
	sqe->user_data = token_pack(t);
}

void ring_cancel(struct ring *r, struct token t)
{
	static const struct token nobody = { .op = OP_CANCEL };
	struct io_uring_sqe *sqe = sqe_get(r, nobody);

	io_uring_prep_cancel64(sqe, token_pack(t), 0);
	sqe->user_data = token_pack(nobody);
	sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
}

void ring_write(struct ring *r, int fd, const void *bytes, size_t len, struct token t)
{
	struct io_uring_sqe *sqe = sqe_get(r, t);

	must(len <= UINT32_MAX);
	/* -1: the file's own position, as write(2) has it; pipes have no other. */
	io_uring_prep_write(sqe, fd, bytes, (unsigned int)len, (uint64_t)-1);
	sqe->user_data = token_pack(t);
}

int ring_wait(struct ring *r, uint64_t wait_ms)
{
	struct __kernel_timespec ts = { .tv_sec = (int64_t)(wait_ms / 1000),
		                        .tv_nsec = (long long)(wait_ms % 1000) * 1000000 };
	struct io_uring_cqe *cqe = NULL;
	int err;

	if (wait_ms == 0)
		err = io_uring_submit_and_get_events(&r->uring);
	else
		err = io_uring_submit_and_wait_timeout(&r->uring, &cqe, 1, &ts, NULL);
	if (err == -ETIME || err == -EINTR || err == -EBUSY || err == -EAGAIN)
		return 0;
	return err < 0 ? err : 0;
}

unsigned int ring_take(struct ring *r, struct io_uring_cqe **batch)
{
	return io_uring_peek_batch_cqe(&r->uring, batch, RING_BATCH_MAX);
}

const char *ring_library(void)
{
#ifdef IO_URING_VERSION_MAJOR
	static char text[64];

	(void)snprintf(text, sizeof(text), "built with %d.%d; running %d.%d",
	               IO_URING_VERSION_MAJOR, IO_URING_VERSION_MINOR, io_uring_major_version(),
	               io_uring_minor_version());
	return text;
#else
	return "older than 2.4";
#endif
}
