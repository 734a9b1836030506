/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/preface.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/exchange.h"
#include "core/worker.h"
#include "proto/proxy_in.h"
#include "tls/identity.h"

static struct worker w;
static struct worker_stats stats;
static struct conn c = { .fd = -1, .tls_version = "TLSv1.3" };
static struct link l;
static struct exchange x;
static struct snapshot_host conf = { .proxy = PROXY_V2 };
static struct host h = { .conf = &conf };
static struct identity who;

/* Pools as small as a test wants them. */
static void setup(void)
{
	w.stats = &stats;
	cr_assert_eq(pool_init(&w.stashes.small, SMALL_BLOCK_BYTES, 1), 0);
	cr_assert_eq(pool_init(&w.stashes.bulk, BULK_BLOCK_BYTES, 1), 0);
	c.link = &l;
	c.exchange = &x;
	x.host = &h;
	c.peer_ip[15] = 9;
	c.peer_port = 4660;
}

static void teardown(void)
{
	stash_drop(&w.stashes, &c.origin_out);
	pool_fini(&w.stashes.small);
	pool_fini(&w.stashes.bulk);
	if (c.fd >= 0)
		(void)close(c.fd);
}

TestSuite(preface, .init = setup, .fini = teardown);

/* The request that waits: @len times @fill. */
static void wait_with(char fill, size_t len)
{
	struct sink out;

	cr_assert_eq(stash_reserve(&w.stashes, &c.origin_out, len), 0);
	out = stash_sink(&w.stashes, &c.origin_out);
	for (size_t i = 0; i < len; i++)
		sink_putc(&out, fill);
	cr_assert_not(out.overflow);
	stash_commit(&c.origin_out, &out);
}

static void expect_behind(size_t at, char fill, size_t len)
{
	struct slice all = stash_left(&c.origin_out);

	cr_assert_not_null(all.ptr);
	cr_assert_eq(all.len, at + len);
	for (size_t i = at; i < all.len; i++)
		cr_assert_eq(all.ptr[i], fill, "byte %zu", i);
}

Test(preface, a_fresh_link_gets_one_in_front_and_no_other)
{
	struct proxy_told told;
	int len;

	wait_with('r', 1000);
	cr_assert_eq(preface_put(&w, &c), REFUSAL_NONE);
	len = proxy_in_parse(stash_left(&c.origin_out), &told);
	cr_assert_gt(len, 0);
	cr_expect_not(told.has_ends, "no socket, no address");
	expect_behind((size_t)len, 'r', 1000);
	cr_expect_eq(l.preface, preface_of(&h));
	cr_assert_eq(preface_put(&w, &c), REFUSAL_NONE);
	expect_behind((size_t)len, 'r', 1000);
	cr_expect_eq(stats.proxy_sent, 1);
}

Test(preface, addresses_are_those_of_the_socket_and_the_client)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t addr_len = sizeof(addr);
	struct proxy_told told;

	c.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(c.fd, (struct sockaddr *)&addr, addr_len), 0);
	cr_assert_eq(getsockname(c.fd, (struct sockaddr *)&addr, &addr_len), 0);
	wait_with('r', 1);
	cr_assert_eq(preface_put(&w, &c), REFUSAL_NONE);
	cr_assert_gt(proxy_in_parse(stash_left(&c.origin_out), &told), 0);
	cr_assert(told.has_ends);
	cr_expect_arr_eq(told.client.ip, c.peer_ip, 16);
	cr_expect_eq(told.client.port, 4660);
	cr_expect(ip_is_v4(told.door.ip));
	cr_expect_eq(told.door.port, ntohs(addr.sin_port));
}

Test(preface, a_line_where_that_is_wanted)
{
	struct proxy_told told;
	int len;

	conf.proxy = PROXY_V1;
	wait_with('r', 10);
	cr_assert_eq(preface_put(&w, &c), REFUSAL_NONE);
	len = proxy_in_parse(stash_left(&c.origin_out), &told);
	cr_assert_gt(len, 0);
	cr_expect_eq(told.version, 1);
	expect_behind((size_t)len, 'r', 10);
}

Test(preface, none_where_none_is_wanted)
{
	conf.proxy = PROXY_OFF;
	wait_with('r', 10);
	cr_assert_eq(preface_put(&w, &c), REFUSAL_NONE);
	expect_behind(0, 'r', 10);
	cr_expect_eq(stats.proxy_sent, 0);
}

Test(preface, a_link_fits_hosts_that_say_the_same)
{
	struct snapshot_host confs[] = {
		{ .proxy = PROXY_OFF },
		{ .proxy = PROXY_V1 },
		{ .proxy = PROXY_V2 },
		{ .proxy = PROXY_V2, .proxy_tlvs = 1U << PROXY_TLV_SSL },
		{ .proxy = PROXY_V2, .proxy_tlvs = 1U << PROXY_TLV_CRC32C },
	};

	for (size_t i = 0; i < ARRAY_LEN(confs); i++) {
		const struct host one = { .conf = &confs[i] };

		l.preface = preface_of(&one);
		for (size_t j = 0; j < ARRAY_LEN(confs); j++) {
			const struct host other = { .conf = &confs[j] };

			cr_expect_eq(preface_fits(&c, &other), i == j, "%zu %zu", i, j);
		}
	}
}

Test(preface, what_does_not_fit_is_refused_and_nothing_is_changed)
{
	static uint8_t der[PROXY_V2_FIXED_BYTES + 65535];

	conf.proxy_tlvs = 1U << PROXY_TLV_SSL | 1U << PROXY_TLV_CLIENT_CERT;
	who.meta.der = slice_of(der, sizeof(der));
	c.identity = &who;
	wait_with('r', 10);
	cr_expect_eq(preface_put(&w, &c), REFUSAL_ORIGIN_HEAD_LIMIT);
	expect_behind(0, 'r', 10);
	cr_expect_eq(l.preface, 0);
	cr_expect_eq(stats.proxy_sent, 0);
}

Test(preface, a_large_one_before_a_large_request_takes_a_large_block_or_is_refused)
{
	static uint8_t der[60000];

	conf.proxy_tlvs = 1U << PROXY_TLV_SSL | 1U << PROXY_TLV_CLIENT_CERT;
	who.meta.der = slice_of(der, sizeof(der));
	c.identity = &who;
	wait_with('r', 100000);
	cr_assert_eq(preface_put(&w, &c), REFUSAL_NONE);
	cr_expect_gt(stash_left(&c.origin_out).len, 160000);
	expect_behind(stash_left(&c.origin_out).len - 100000, 'r', 100000);

	stash_drop(&w.stashes, &c.origin_out);
	l.preface = 0;
	wait_with('r', 100000);
	cr_assert_not_null(pool_get(&w.stashes.bulk)); /* the only one */
	cr_expect_eq(preface_put(&w, &c), REFUSAL_OVERLOAD);
	expect_behind(0, 'r', 100000);
	cr_expect_eq(l.preface, 0);
	cr_expect_eq(stats.buffers_exhausted, 1);
}
