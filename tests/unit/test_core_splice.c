/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bodies spliced between plain sockets: a connection in mid-exchange is put together by
 * hand, its client's socket stands for one whose records are the kernel's.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/client.h"
#include "core/exchange.h"
#include "core/loop.h"
#include "core/session.h"

enum { MUCH = 3145728 };

static struct worker w;
static struct worker_stats stats;
static struct options options;
static struct snapshot snapshot;
static struct policy policy = { .refs = 1, .snapshot = &snapshot };
static struct snapshot_host conf;
static struct host host = { .conf = &conf };
static struct origin origin;
static struct conn *c;
static int client; /* its end */
static int server; /* the origin's */

static void socket_pair(int *out_ours, int *out_theirs)
{
	int pair[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
	*out_ours = pair[0];
	*out_theirs = pair[1];
}

static struct conn *arrive(int *out_peer)
{
	int fd;

	socket_pair(&fd, out_peer);
	w.listeners[0].is_armed = true;
	loop_cqe(&w, token_pack((struct token){ OP_ACCEPT, 0, w.listeners[0].gen }), fd, true);
	for (uint32_t i = 0; i < w.conns_len; i++)
		if (w.conns[i].state != CONN_FREE && w.conns[i].fd == fd)
			return &w.conns[i];
	return NULL;
}

static void link_up(struct conn *of, int *out_peer)
{
	struct link *l = &w.links[w.links_free[--w.links_free_len]];
	int fd;

	socket_pair(&fd, out_peer);
	*l = (struct link){ .fd = fd, .state = LINK_BUSY, .conn = of, .origin = &origin };
	origin.links++;
	origin.users = 1;
	l->may_read = true;
	of->link = l;
}

/* In the middle of an exchange with these two bodies to come. */
static struct conn *exchange(struct framing up, struct framing down, int *out_client,
                             int *out_server)
{
	struct conn *made = arrive(out_client);
	struct exchange *x;

	cr_assert_not_null(made);
	made->engine = ENGINE_KERNEL;
	made->may_read = true;
	conn_set_state(&w, made, CONN_IDLE);
	conn_set_state(&w, made, CONN_HEAD);
	x = exchange_begin(&w, made);
	cr_assert_not_null(x);
	x->policy = policy_ref(&policy);
	x->host = &host;
	x->origin = &origin;
	link_up(made, out_server);
	body_begin(&x->up, &up, UINT64_MAX);
	body_begin(&x->down, &down, UINT64_MAX);
	x->is_answering = down.kind != BODY_NONE;
	conn_set_state(&w, made, CONN_EXCHANGE);
	return made;
}

static void begin(struct framing up, struct framing down)
{
	c = exchange(up, down, &client, &server);
}

static void setup(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	options_default(&options);
	options.conns_per_worker = 64;
	options.sessions_per_worker = 0;
	options.pipes = 2;
	w.stats = &stats;
	w.policy = &policy;
	for (size_t i = 0; i < LISTENERS_MAX; i++)
		w.listeners[i].fd = -1;
	cr_assert_eq(worker_init(&w, &options), 0);
}

TestSuite(splice, .init = setup);

static const struct framing none = { .kind = BODY_NONE };
static const struct framing three_mib = { .kind = BODY_LENGTH, .length = MUCH + 7 };
static const struct framing until_close = { .kind = BODY_UNTIL_CLOSE };

static uint8_t pattern(uint64_t at)
{
	return (uint8_t)(at * 31 + (at >> 8) * 7 + (at >> 16));
}

/* Sends what @fd takes of the pattern. */
static void put(int fd, uint64_t *at, uint64_t total)
{
	static uint8_t buf[30011];

	while (*at < total) {
		size_t len = sizeof(buf) < total - *at ? sizeof(buf) : (size_t)(total - *at);
		ssize_t n;

		for (size_t i = 0; i < len; i++)
			buf[i] = pattern(*at + i);
		n = send(fd, buf, len, MSG_NOSIGNAL);
		if (n < 0)
			return;
		*at += (uint64_t)n;
	}
}

static void get(int fd, uint64_t *at)
{
	static uint8_t buf[65536];
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
		for (ssize_t i = 0; i < n; i++)
			cr_assert_eq(buf[i], pattern((*at)++), "at %lu", *at - 1);
}

Test(splice, a_request_body_goes_up_whole_and_no_byte_behind_it)
{
	const uint64_t total = three_mib.length;
	uint64_t sent = 0;
	uint64_t got = 0;
	char rest[8];

	begin(three_mib, none);
	for (int i = 0; i < 10000 && got < total; i++) {
		put(client, &sent, total + 5);
		c->may_read = true;
		cr_assert_neq(up_step(&w, c), STEP_GONE);
		get(server, &got);
	}
	cr_expect_eq(got, total);
	cr_expect(c->exchange->up.is_done);
	cr_expect_eq(up_step(&w, c), STEP_WAIT);
	cr_expect_eq(c->exchange->bytes_in, total);
	cr_expect_eq(stats.bytes_spliced_up, total);
	cr_expect_eq(stats.bytes_from_clients, total);
	cr_expect_eq(w.pipes.lent, 0);
	put(client, &sent, total + 5);
	cr_expect_eq(recv(c->fd, rest, sizeof(rest), 0), 5, "the next request is still there");
}

Test(splice, a_response_body_goes_down_whole_and_is_counted_for_the_end)
{
	const uint64_t total = three_mib.length;
	uint64_t sent = 0;
	uint64_t got = 0;

	begin(none, three_mib);
	c->exchange->link_keeps = true;
	for (int i = 0; i < 10000 && c->state == CONN_EXCHANGE; i++) {
		put(server, &sent, total);
		c->link->may_read = true;
		cr_assert_neq(down_step(&w, c), STEP_GONE);
		get(client, &got);
	}
	get(client, &got);
	cr_expect_eq(got, total);
	cr_expect_eq(c->state, CONN_IDLE, "the connection goes on");
	cr_expect_eq(stats.bytes_spliced_down, total);
	cr_expect_eq(stats.bytes_to_clients, total);
	cr_expect_eq(c->sent.plain, total);
	cr_expect_geq(c->record.tx.seq, total / RECORD_PLAIN_MAX);
	cr_expect_eq(stats.bodies_down_splice, 1);
	cr_expect_eq(stats.bodies_down_kernel + stats.bodies_down_user + stats.bodies_up_splice, 0);
	cr_expect_eq(w.pipes.lent, 0);
}

Test(splice, a_body_until_the_end_of_the_connection_ends_with_it)
{
	uint64_t sent = 0;
	uint64_t got = 0;

	begin(none, until_close);
	c->keep_alive = false;
	put(server, &sent, 100000);
	cr_assert_eq(shutdown(server, SHUT_WR), 0);
	for (int i = 0; i < 100 && c->state == CONN_EXCHANGE; i++)
		(void)down_step(&w, c);
	get(client, &got);
	cr_expect_eq(got, 100000);
	cr_expect_eq(c->reason, CONN_REASON_DONE);
	cr_expect_eq(stats.bodies_down_splice, 1);
}

Test(splice, an_origin_that_ends_too_early_cuts_the_connection)
{
	uint64_t sent = 0;

	begin(none, three_mib);
	put(server, &sent, 100000);
	cr_assert_eq(shutdown(server, SHUT_WR), 0);
	for (int i = 0; i < 100 && c->state == CONN_EXCHANGE; i++)
		(void)down_step(&w, c);
	cr_expect_eq(c->state, CONN_CLOSING);
	cr_expect_eq(c->reason, CONN_REASON_ORIGIN_ENDED);
	cr_expect_eq(w.pipes.lent, 0);
}

/* Back-pressure is not reading: no more is taken from the client than one pipe holds. */
Test(splice, an_origin_that_takes_nothing_stops_the_client)
{
	uint64_t sent = 0;
	uint64_t got = 0;
	uint64_t taken;

	begin(three_mib, none);
	for (int i = 0; i < 1000 && !splice_holds(&c->exchange->up_splice); i++) {
		put(client, &sent, MUCH);
		c->may_read = true;
		(void)up_step(&w, c);
	}
	cr_assert(splice_holds(&c->exchange->up_splice));
	taken = c->exchange->bytes_in;
	put(client, &sent, MUCH);
	c->may_read = true;
	cr_expect_eq(up_step(&w, c), STEP_WAIT);
	cr_expect_eq(c->exchange->bytes_in, taken);
	for (int i = 0; i < 1000 && got < MUCH; i++) {
		put(client, &sent, MUCH);
		c->may_read = true;
		(void)up_step(&w, c);
		get(server, &got);
	}
	cr_expect_eq(got, MUCH);
}

Test(splice, what_waits_in_a_pipe_is_waited_for_and_moves_when_the_time_is_up)
{
	uint64_t sent = 0;
	uint64_t got = 0;
	uint64_t held;

	begin(none, three_mib);
	for (int i = 0; i < 1000 && !splice_holds(&c->exchange->down_splice); i++) {
		put(server, &sent, MUCH);
		session_origin(&w, c->link, 1);
	}
	held = splice_len(&c->exchange->down_splice);
	cr_assert_gt(held, 0);
	get(client, &got);
	session_timeout(&w, c);
	cr_assert_eq(c->state, CONN_EXCHANGE, "the client had made room");
	get(client, &got);
	put(server, &sent, MUCH);
	for (int i = 0; i < 1000 && !splice_holds(&c->exchange->down_splice); i++) {
		put(server, &sent, MUCH);
		session_origin(&w, c->link, 1);
	}
	cr_assert(splice_holds(&c->exchange->down_splice));
	w.now_ms = c->send_due_ms;
	session_timeout(&w, c);
	cr_expect_eq(c->state, CONN_CLOSING);
	cr_expect_eq(c->reason, CONN_REASON_SEND_TIMEOUT);
	cr_expect_eq(w.pipes.lent, 0);
	cr_expect_eq(w.pipes.made, 0, "it was not empty, so it was closed");
}

Test(splice, a_response_that_ends_before_the_request_was_all_sent_ends_the_connection)
{
	uint64_t sent = 0;
	uint64_t answered = 0;
	uint64_t got = 0;
	const struct framing up = { .kind = BODY_LENGTH, .length = 400000 };
	const struct framing down = { .kind = BODY_LENGTH, .length = 100000 };

	begin(up, down);
	cr_assert_eq(setsockopt(c->link->fd, SOL_SOCKET, SO_SNDBUF, &(int){ 4096 }, sizeof(int)),
	             0);
	for (int i = 0; i < 1000 && !c->exchange->up.is_done; i++) {
		put(client, &sent, up.length);
		c->may_read = true;
		(void)up_step(&w, c);
		if (i < 990 && c->exchange->bytes_in < up.length - PIPE_BYTES_MIN)
			get(server, &got);
	}
	cr_assert(c->exchange->up.is_done && splice_holds(&c->exchange->up_splice));
	put(server, &answered, down.length);
	for (int i = 0; i < 100 && c->state == CONN_EXCHANGE; i++)
		(void)down_step(&w, c);
	cr_expect_geq(c->state, CONN_LAST);
	cr_expect_eq(c->reason, CONN_REASON_DONE);
	cr_expect_null(c->link, "nobody gets a link that is owed the rest of a body");
	cr_expect_eq(w.pipes.lent, 0);
}

Test(splice, an_origin_that_is_gone_takes_all_and_is_read_for_an_answer)
{
	uint64_t sent = 0;

	begin(three_mib, none);
	put(client, &sent, 100000);
	(void)close(server);
	c->link->may_read = false;
	cr_expect_eq(up_step(&w, c), STEP_ON);
	cr_expect(c->exchange->up_broken);
	cr_expect(c->link->may_read);
	cr_expect_not(splice_holds(&c->exchange->up_splice));
	cr_expect_eq(w.pipes.lent, 0);
	cr_expect_not(splice_wants_up(&w, c), "the rest is read and thrown away");
}

Test(splice, a_client_that_is_gone_ends_the_connection)
{
	uint64_t sent = 0;

	begin(none, three_mib);
	put(server, &sent, 100000);
	(void)close(client);
	cr_expect_eq(down_step(&w, c), STEP_GONE);
	cr_expect_eq(c->state, CONN_CLOSING);
	cr_expect_eq(c->reason, CONN_REASON_CLIENT_RESET);
	cr_expect_eq(w.pipes.lent, 0);
}

Test(splice, only_what_frames_nothing_goes_through_a_pipe)
{
	const struct framing chunked = { .kind = BODY_CHUNKED };
	const char line[] = "186a0\r\n"; /* 100000 */
	struct sink tail = { 0 };
	struct body_taken taken;
	uint64_t sent = 0;
	uint64_t got = 0;
	char rest[16];

	begin(none, chunked);
	cr_expect_not(splice_wants_down(&w, c), "no chunk has begun");
	cr_assert_eq(body_take(&c->exchange->down, slice_of(line, sizeof(line) - 1), NULL, &tail,
	                       &taken),
	             REFUSAL_NONE);
	put(server, &sent, 100000);
	cr_assert_eq(send(server, "\r\n0\r\n\r\n", 7, 0), 7);
	while (got < 100000) {
		cr_assert_eq(down_step(&w, c), STEP_ON);
		get(client, &got);
	}
	cr_expect_eq(got, 100000);
	cr_expect_not(splice_wants_down(&w, c), "the chunk has ended");
	cr_expect_eq(recv(c->link->fd, rest, sizeof(rest), 0), 7);
	cr_expect(memcmp(rest, "\r\n0\r\n\r\n", 7) == 0);
}

static const struct {
	const char *why;
	uint64_t length;
	uint8_t engine;
	bool wants;
} dues[] = {
	{ "one byte too short", 65535, ENGINE_KERNEL, false },
	{ "just long enough", 65536, ENGINE_KERNEL, true },
	{ "records are opened here", 1 << 30, ENGINE_USER, false },
};

Test(splice, is_for_long_bodies_over_kernel_tls)
{
	for (size_t i = 0; i < ARRAY_LEN(dues); i++) {
		const struct framing f = { .kind = BODY_LENGTH, .length = dues[i].length };

		begin(f, f);
		c->engine = dues[i].engine;
		cr_expect_eq(splice_wants_up(&w, c), dues[i].wants, "up: %s", dues[i].why);
		cr_expect_eq(splice_wants_down(&w, c), dues[i].wants, "down: %s", dues[i].why);
		conn_end(&w, c, CONN_REASON_DONE);
		cr_assert_eq(w.pipes.lent, 0);
	}
	cr_expect_eq(stats.pipes_exhausted, 0);
}

Test(splice, once_begun_goes_on_to_the_last_byte)
{
	uint64_t sent = 0;
	uint64_t got = 0;
	const struct framing f = { .kind = BODY_LENGTH, .length = 65536 };

	begin(f, none);
	for (int i = 0; i < 1000 && !c->exchange->up.is_done; i++) {
		put(client, &sent, sent + 1000 < 65536 ? sent + 1000 : 65536);
		c->may_read = true;
		(void)up_step(&w, c);
	}
	get(server, &got);
	cr_expect_eq(stats.bytes_spliced_up, 65536);
	cr_expect_eq(got, 65536);
}

Test(splice, bodies_that_find_no_pipe_are_counted_once_each)
{
	struct pipe *a = pipe_take(&w.pipes);
	struct pipe *b = pipe_take(&w.pipes);

	begin(three_mib, three_mib);
	for (int i = 0; i < 3; i++)
		cr_expect_not(splice_wants_up(&w, c));
	cr_expect_eq(stats.pipes_exhausted, 1);
	cr_expect_not(splice_wants_down(&w, c));
	cr_expect_eq(stats.pipes_exhausted, 2);
	pipe_give(&w.pipes, a);
	pipe_give(&w.pipes, b);
	cr_expect(splice_wants_up(&w, c), "there is one again");
	conn_end(&w, c, CONN_REASON_DONE);
}

Test(splice, without_pipes_is_never_wanted)
{
	pipe_pool_free(&w.pipes);
	begin(three_mib, three_mib);
	cr_expect_not(splice_wants_up(&w, c));
	cr_expect_not(splice_wants_down(&w, c));
	cr_expect_eq(stats.pipes_exhausted, 0);
}

/* A pipe that is empty is nobody's: many bodies share a few. */
Test(splice, bodies_that_flow_take_turns_with_one_pipe)
{
	enum { BODIES = 5 };
	struct conn *conns[BODIES];
	int clients[BODIES];
	int servers[BODIES];
	uint64_t sent[BODIES] = { 0 };
	uint64_t got[BODIES] = { 0 };
	struct pipe *one = pipe_take(&w.pipes);

	cr_assert_not_null(one);
	for (int b = 0; b < BODIES; b++)
		conns[b] = exchange(three_mib, none, &clients[b], &servers[b]);
	for (int i = 0; i < 10000 && got[BODIES - 1] < three_mib.length; i++) {
		for (int b = 0; b < BODIES; b++) {
			put(clients[b], &sent[b], three_mib.length);
			conns[b]->may_read = true;
			cr_assert_neq(up_step(&w, conns[b]), STEP_GONE);
			get(servers[b], &got[b]);
			if (splice_holds(&conns[b]->exchange->up_splice))
				(void)up_step(&w, conns[b]);
		}
	}
	for (int b = 0; b < BODIES; b++) {
		(void)up_step(&w, conns[b]);
		get(servers[b], &got[b]);
		cr_expect_eq(got[b], three_mib.length);
	}
	cr_expect_eq(stats.pipes_exhausted, 0);
	cr_expect_eq(w.pipes.made, 2);
	pipe_give(&w.pipes, one);
}
