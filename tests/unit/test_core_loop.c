/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The loop fed by hand: completions in any order, for tenants that are gone.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/loop.h"
#include "core/orders.h"

static struct worker w;
static struct worker_stats stats;
static struct options options;

static void setup(void)
{
	options_default(&options);
	options.conns_per_worker = 64;
	options.sessions_per_worker = 0;
	w.stats = &stats;
	for (size_t i = 0; i < LISTENERS_MAX; i++)
		w.listeners[i].fd = -1;
	cr_assert_eq(worker_init(&w, &options), 0);
}

TestSuite(loop, .init = setup);

static uint64_t token(enum op op, uint32_t slot, uint32_t gen)
{
	return token_pack((struct token){ op, slot, gen });
}

/* A client that connected: the CQE of an accept, with the other end kept here. */
static struct conn *arrive(int *out_peer)
{
	int pair[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	w.listeners[0].is_armed = true;
	loop_cqe(&w, token(OP_ACCEPT, 0, w.listeners[0].gen), pair[0], true);
	*out_peer = pair[1];
	for (uint32_t i = 0; i < w.conns_len; i++)
		if (w.conns[i].state != CONN_FREE && w.conns[i].fd == pair[0])
			return &w.conns[i];
	return NULL;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

Test(loop, an_ended_connection_is_freed_by_its_polls_last_completion)
{
	int peer = -1;
	struct conn *c = arrive(&peer);
	uint32_t slot;
	int fd;

	cr_assert_not_null(c);
	slot = (uint32_t)(c - w.conns);
	fd = c->fd;
	conn_end(&w, c, CONN_REASON_CLIENT_RESET);
	cr_expect_eq(c->state, CONN_CLOSING);
	cr_expect(is_open(fd));
	loop_cqe(&w, token(OP_CLIENT, slot, c->gen), POLLIN, true);
	cr_expect_eq(c->state, CONN_CLOSING);
	loop_cqe(&w, token(OP_CLIENT, slot, c->gen), -ECANCELED, false);
	cr_expect_eq(c->state, CONN_FREE);
	cr_expect_not(is_open(fd));
	cr_expect_eq(stats.ended[CONN_REASON_CLIENT_RESET], 1);
	cr_expect_eq(stats.conns_open, 0);
}

Test(loop, a_completion_of_the_last_tenant_does_not_touch_the_next)
{
	int peer = -1;
	struct conn *c = arrive(&peer);
	uint32_t slot = (uint32_t)(c - w.conns);
	uint32_t old = c->gen;

	conn_end(&w, c, CONN_REASON_DONE);
	loop_cqe(&w, token(OP_CLIENT, slot, old), -ECANCELED, false);
	cr_assert_eq(arrive(&peer), c);
	cr_expect_neq(c->gen, old);
	loop_cqe(&w, token(OP_CLIENT, slot, old), POLLHUP, false);
	cr_expect_eq(c->state, CONN_HANDSHAKE);
	cr_expect(c->is_polled);
	cr_expect_eq(stats.stale_cqes, 1);
}

Test(loop, a_stale_accept_does_not_leak_its_descriptor)
{
	int pair[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	loop_cqe(&w, token(OP_ACCEPT, 0, w.listeners[0].gen + 1), pair[0], true);
	cr_expect_not(is_open(pair[0]));
	cr_expect(is_open(pair[1]));
}

Test(loop, a_full_table_refuses_and_counts)
{
	int peers[65];

	for (int i = 0; i < 64; i++)
		cr_assert_not_null(arrive(&peers[i]));
	cr_expect_null(arrive(&peers[64]));
	cr_expect_eq(stats.conns_refused, 1);
	cr_expect_eq(stats.conns_open, 64);
	/* The refused one was closed: its peer reads the end. */
	cr_expect_eq(read(peers[64], &(char){ 0 }, 1), 0);
}

Test(loop, a_move_that_the_table_lacks_aborts, .signal = SIGABRT)
{
	int peer = -1;
	struct conn *c = arrive(&peer);

	conn_set_state(&w, c, CONN_EXCHANGE);
}

Test(loop, the_trail_holds_the_last_states_newest_first)
{
	int peer = -1;
	struct conn *c = arrive(&peer);

	conn_set_state(&w, c, CONN_IDLE);
	conn_set_state(&w, c, CONN_HEAD);
	cr_expect_eq(c->trail[0], CONN_IDLE);
	cr_expect_eq(c->trail[1], CONN_HANDSHAKE);
	cr_expect_str_eq(conn_state_name((enum conn_state)c->state), "head");
}

Test(loop, a_draining_worker_is_done_when_its_last_connection_is)
{
	int peer = -1;
	struct conn *c = arrive(&peer);
	uint32_t slot = (uint32_t)(c - w.conns);

	orders_drain(&w);
	orders_check_drain(&w);
	cr_expect_not(w.is_done);
	conn_end(&w, c, CONN_REASON_DONE);
	loop_cqe(&w, token(OP_CLIENT, slot, c->gen), -ECANCELED, false);
	orders_check_drain(&w);
	cr_expect(w.is_done);
}

Test(loop, queued_connections_come_in_order_and_once)
{
	struct queue q = { 0 };
	int peer = -1;
	struct conn *a = arrive(&peer);
	struct conn *b = arrive(&peer);

	queue_push(&q, a);
	queue_push(&q, b);
	cr_expect_eq(queue_pop(&q), a);
	queue_push(&q, a);
	cr_expect_eq(queue_pop(&q), b);
	cr_expect_eq(queue_pop(&q), a);
	cr_expect_null(queue_pop(&q));
}
