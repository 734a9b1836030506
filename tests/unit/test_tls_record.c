/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/record.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

#include "tls/aead.h"
#include "tls/alert.h"
#include "tls_state.h"

enum { ROOM = 200000 };

static struct aead_cache *cache;
static uint8_t *plain, *wire, *opened;

static void setup(void)
{
	cr_assert_eq(aead_cache_new(8, &cache), 0);
	plain = malloc(ROOM);
	wire = malloc(ROOM);
	opened = malloc(ROOM);
	for (size_t i = 0; i < ROOM; i++)
		plain[i] = (uint8_t)(i * 31 >> 3);
}

static void teardown(void)
{
	aead_cache_free(cache);
	free(plain);
	free(wire);
	free(opened);
}

TestSuite(tls_record, .init = setup, .fini = teardown);

static const uint16_t versions[] = { 0x0303, 0x0304 };

/* Ours is r, the peer's is p, for each version and suite. */
struct pair {
	struct record_state r, p;
};

static struct pair pair(size_t i)
{
	struct pair both = { .r = test_state(versions[i / SUITE_MAX], i % SUITE_MAX, 3) };

	both.p = test_peer(&both.r);
	return both;
}

enum { PAIRS = 2 * SUITE_MAX };

static size_t seal(struct record_state *r, enum record_type type, size_t len)
{
	struct sink out = sink_of(wire, ROOM);

	cr_assert_eq(record_seal(cache, r, type, slice_of(plain, len), &out), 0);
	cr_assert_eq(out.len, record_seal_bytes(r, len));
	return out.len;
}

static int open_one(struct record_state *r, size_t len, struct record_opened *o)
{
	return record_open(cache, r, slice_of(wire, len), opened, o);
}

static const size_t sizes[] = { 0, 1, 15, 16, 17, 100, 16383, 16384, 16385, 50000 };

static void round_trip(struct record_state *r, struct record_state *p, size_t len)
{
	size_t sealed = seal(r, RECORD_APPLICATION_DATA, len);
	size_t at = 0;
	size_t got = 0;

	while (at < sealed) {
		struct record_opened o;
		struct slice in = slice_of(wire + at, sealed - at);

		cr_assert_eq(record_open(cache, p, in, opened + got, &o), 1);
		cr_assert_eq(o.type, RECORD_APPLICATION_DATA);
		at += o.wire_len;
		got += o.plain_len;
	}
	cr_expect_eq(got, len);
	cr_expect_arr_eq(opened, plain, len);
}

Test(tls_record, opens_what_was_sealed_in_every_version_and_suite)
{
	for (size_t v = 0; v < PAIRS; v++) {
		struct pair e = pair(v);

		for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
			round_trip(&e.r, &e.p, sizes[i]);
	}
}

Test(tls_record, waits_for_the_whole_record)
{
	for (size_t v = 0; v < PAIRS; v++) {
		struct pair e = pair(v);
		size_t len = seal(&e.r, RECORD_APPLICATION_DATA, 40);
		struct record_opened o;

		for (size_t n = 0; n < len; n++)
			cr_expect_eq(open_one(&e.p, n, &o), 0);
		cr_expect_eq(open_one(&e.p, len, &o), 1);
	}
}

Test(tls_record, respects_the_clients_max_fragment_length)
{
	for (size_t v = 0; v < PAIRS; v++) {
		struct pair e = pair(v);
		struct record_opened o;

		e.r.plain_max = 512;
		cr_assert_eq(open_one(&e.p, seal(&e.r, RECORD_APPLICATION_DATA, 1300), &o), 1);
		cr_expect_eq(o.plain_len, 512);
	}
}

Test(tls_record, any_changed_bit_is_bad_record_mac)
{
	for (size_t v = 0; v < PAIRS; v++) {
		struct pair e = pair(v);
		size_t len = seal(&e.r, RECORD_APPLICATION_DATA, 20);
		struct record_opened o;

		for (size_t i = RECORD_HEADER_BYTES; i < len; i++) {
			struct record_state again = e.p;

			wire[i] ^= 0x40;
			cr_expect_eq(open_one(&again, len, &o), -ALERT_BAD_RECORD_MAC, "byte %zu",
			             i);
			wire[i] ^= 0x40;
		}
		cr_expect_eq(open_one(&e.p, len, &o), 1);
	}
}

Test(tls_record, a_record_twice_or_out_of_order_does_not_open)
{
	for (size_t v = 0; v < PAIRS; v++) {
		struct pair e = pair(v);
		size_t len = seal(&e.r, RECORD_APPLICATION_DATA, 20);
		struct record_opened o;

		cr_assert_eq(open_one(&e.p, len, &o), 1);
		cr_expect_eq(open_one(&e.p, len, &o), -ALERT_BAD_RECORD_MAC);
		(void)seal(&e.r, RECORD_APPLICATION_DATA, 20);
		len = seal(&e.r, RECORD_APPLICATION_DATA, 20);
		cr_expect_eq(open_one(&e.p, len, &o), -ALERT_BAD_RECORD_MAC);
	}
}

static const struct {
	const char *why;
	uint8_t header[5];
	int tls12;
	int tls13;
} headers[] = {
	{ "the version is not 3.x", { 23, 2, 3, 0, 60 }, -70, -70 },
	{ "one byte over what a peer may send", { 23, 3, 3, 0x41, 0x01 }, -22, -22 },
	{ "as long as a length can be", { 23, 3, 3, 0xFF, 0xFF }, -22, -22 },
	{ "too short for a tag", { 23, 3, 3, 0, 15 }, -20, -20 },
	{ "empty", { 23, 3, 3, 0, 0 }, -20, -20 },
	{ "a type that TLS does not have", { 24, 3, 3, 0, 60 }, -10, -10 },
	{ "a type under those of TLS", { 19, 3, 3, 0, 60 }, -10, -10 },
	{ "plain ChangeCipherSpec", { 20, 3, 3, 0, 1 }, -20, -10 },
	{ "plain alert", { 21, 3, 3, 0, 2 }, -20, -10 },
};

Test(tls_record, refuses_by_the_header_alone)
{
	for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
		struct record_state r12 = test_state(0x0303, SUITE_AES_128_GCM, 1);
		struct record_state r13 = test_state(0x0304, SUITE_AES_128_GCM, 1);
		struct record_opened o;

		memcpy(wire, headers[i].header, 5);
		cr_expect_eq(open_one(&r12, 5, &o), headers[i].tls12, "%s", headers[i].why);
		cr_expect_eq(open_one(&r13, 5, &o), headers[i].tls13, "%s", headers[i].why);
	}
}

/* Seals @len bytes of @inner as they are: what a peer's TLSInnerPlaintext could be. */
static size_t seal_inner(struct record_state *r, const uint8_t *inner, size_t len)
{
	uint8_t nonce[12];
	const struct aead_ops *ops;
	struct aead_key *k = aead_cache_get(cache, r->suite, &r->tx, &ops);

	memcpy(nonce, r->tx.iv, 12);
	put_be64(nonce + 4, get_be64(nonce + 4) ^ r->tx.seq++);
	wire[0] = 23;
	put_be16(wire + 1, 0x0303);
	put_be16(wire + 3, len + 16);
	cr_assert_eq(ops->seal(k, nonce, slice_of(wire, 5), slice_of(inner, len), SLICE(""),
	                       wire + 5),
	             0);
	return len + 21;
}

static const struct {
	const char *why;
	size_t content; /* bytes of data, then the type */
	size_t zeroes;
	uint8_t type;
	int want;
} inners[] = {
	{ "no padding", 10, 0, 23, 1 },
	{ "padding is taken away", 10, 300, 23, 1 },
	{ "padding up to the limit", 10, 16374, 23, 1 },
	{ "padding over it", 10, 16375, 23, -22 },
	{ "content over the limit", 16385, 0, 23, -22 },
	{ "as much content as may be", 16384, 0, 23, 1 },
	{ "nothing but zeroes", 0, 40, 0, -10 },
	{ "only padding behind the type", 0, 40, 23, 1 },
	{ "an empty handshake message", 0, 0, 22, -10 },
	{ "an empty alert", 0, 0, 21, -10 },
	{ "ChangeCipherSpec inside", 1, 0, 20, -10 },
	{ "an unknown type inside", 1, 0, 99, -10 },
};

Test(tls_record, reads_tls13_inner_plaintext_as_rfc8446_5_4)
{
	uint8_t *inner = calloc(1, ROOM);

	for (size_t i = 0; i < ARRAY_LEN(inners); i++) {
		struct record_state r = test_state(0x0304, SUITE_AES_256_GCM, 5);
		struct record_state p = test_peer(&r);
		struct record_opened o;
		size_t n = inners[i].content;

		memset(inner, 0, ROOM);
		memcpy(inner, plain, n);
		inner[n] = inners[i].type;
		n = seal_inner(&r, inner, n + 1 + inners[i].zeroes);
		cr_expect_eq(open_one(&p, n, &o), inners[i].want, "%s", inners[i].why);
		if (inners[i].want != 1)
			continue;
		cr_expect_eq(o.plain_len, inners[i].content, "%s", inners[i].why);
		cr_expect_arr_eq(opened, plain, inners[i].content, "%s", inners[i].why);
	}
	free(inner);
}

Test(tls_record, a_run_of_empty_records_ends_the_connection)
{
	for (size_t v = 0; v < PAIRS; v++) {
		struct pair e = pair(v);
		struct record_opened o;

		for (int i = 0; i < RECORD_EMPTY_MAX; i++)
			cr_assert_eq(open_one(&e.p, seal(&e.r, RECORD_APPLICATION_DATA, 0), &o), 1);
		cr_assert_eq(open_one(&e.p, seal(&e.r, RECORD_APPLICATION_DATA, 1), &o), 1);
		for (int i = 0; i < RECORD_EMPTY_MAX; i++)
			cr_assert_eq(open_one(&e.p, seal(&e.r, RECORD_APPLICATION_DATA, 0), &o), 1);
		cr_expect_eq(open_one(&e.p, seal(&e.r, RECORD_APPLICATION_DATA, 0), &o),
		             -ALERT_UNEXPECTED_MESSAGE);
	}
}

Test(tls_record, a_run_of_alerts_ends_the_connection)
{
	struct record_state r = test_state(0x0303, SUITE_AES_128_GCM, 5);
	struct record_state p = test_peer(&r);
	struct record_opened o;

	for (int i = 0; i < RECORD_EMPTY_MAX; i++)
		cr_assert_eq(open_one(&p, seal(&r, RECORD_ALERT, 2), &o), 1);
	cr_expect_eq(open_one(&p, seal(&r, RECORD_ALERT, 2), &o), -ALERT_UNEXPECTED_MESSAGE);
}

Test(tls_record, the_key_limit_holds_back_data_but_not_the_way_out)
{
	for (size_t v = 0; v < PAIRS; v++) {
		struct record_state r = pair(v).r;
		struct sink out = sink_of(wire, ROOM);
		struct slice two = slice_of(plain, RECORD_PLAIN_MAX + 1);
		enum record_type data = RECORD_APPLICATION_DATA;

		r.tx.seq = suites[r.suite].records_max - 1;
		cr_expect_eq(record_seal(cache, &r, data, two, &out), -EKEYEXPIRED);
		cr_expect_eq(out.len, 0);
		cr_expect_eq(r.tx.seq, suites[r.suite].records_max - 1);
		cr_expect_eq(record_seal(cache, &r, data, SLICE("x"), &out), 0);
		cr_expect_eq(record_seal(cache, &r, data, SLICE("x"), &out), -EKEYEXPIRED);
		cr_expect_eq(record_seal(cache, &r, RECORD_ALERT, SLICE("\1\0"), &out), 0);
	}
}

Test(tls_record, tls12_gcm_sends_each_explicit_nonce_once)
{
	struct record_state r = test_state(0x0303, SUITE_AES_128_GCM, 5);

	r.tx.explicit_nonce = UINT64_MAX - 2; /* as it may start anywhere, it may wrap */
	for (uint64_t i = 0; i < 6; i++) {
		(void)seal(&r, RECORD_APPLICATION_DATA, 10);
		cr_expect_eq(get_be64(wire + 5), UINT64_MAX - 2 + i);
		cr_expect_eq(r.tx.seq, i + 1);
	}
}

/* More directions than slots: keys are expanded again and again and never mixed up. */
Test(tls_record, many_connections_share_few_cache_slots)
{
	enum { N = 24 };
	struct record_state ours[N];
	struct record_state peers[N];

	for (size_t i = 0; i < N; i++) {
		ours[i] = test_state(versions[i & 1], i % SUITE_MAX, (uint8_t)i);
		peers[i] = test_peer(&ours[i]);
	}
	for (size_t round = 0; round < 3; round++)
		for (size_t i = 0; i < N; i++)
			round_trip(&ours[i], &peers[i], 64 + i);
}

/* What the cache's key makes of zeroes: tells one key from another. */
static void mark_of(struct aead_key *k, const struct aead_ops *ops, uint8_t mark[48])
{
	static const uint8_t zeroes[32];

	cr_assert_eq(ops->seal(k, zeroes, SLICE(""), slice_of(zeroes, 32), SLICE(""), mark), 0);
}

Test(tls_record, unload_leaves_no_key_in_the_cache)
{
	for (enum record_suite s = 0; s < SUITE_MAX; s++) {
		struct record_state r = test_state(0x0304, s, 9);
		struct record_state peer = test_peer(&r);
		const struct aead_ops *ops;
		struct aead_key *k = aead_cache_get(cache, s, &r.tx, &ops);
		uint8_t before[48];
		uint8_t after[48];

		mark_of(k, ops, before);
		record_unload(cache, &r);
		mark_of(k, ops, after);
		cr_expect_arr_neq(before, after, sizeof(before), "suite %u", s);
		/* It is loaded again from the state when it is wanted, and right. */
		round_trip(&r, &peer, 100);
		/* A slot that another connection has by now is left alone. */
		k = aead_cache_get(cache, s, &r.tx, &ops);
		r.tx.key_id += 16;
		record_unload(cache, &r);
		mark_of(k, ops, after);
		cr_expect_arr_eq(before, after, sizeof(before), "suite %u", s);
	}
}

Test(tls_record, cleanse_leaves_no_key)
{
	struct record_state r = test_state(0x0304, SUITE_AES_128_GCM, 5);
	const struct record_state zero = { 0 };

	record_cleanse(&r);
	cr_expect_arr_eq((uint8_t *)&r, (const uint8_t *)&zero, sizeof(r));
}

Test(tls_record, state_is_small)
{
	cr_expect_leq(sizeof(struct record_state), 320);
}
