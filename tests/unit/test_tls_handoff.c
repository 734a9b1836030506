/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/handoff.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "tls_state.h"

/* --- a kernel that writes down what it is asked and fails where it is told to ------------------- */
enum { CALLS_MAX = 8, VALUE_MAX = 64, FD = 7, BEFORE = 4321 };

struct call {
	int level, name;
	socklen_t len;
	uint8_t value[VALUE_MAX];
};

static struct call calls[CALLS_MAX];
static size_t calls_len;
static size_t fail_at; /* index of the call that fails */
static int fail_errno;
static uint64_t kernel_seq; /* of its next record */
static int get_errno;

static int fake_setsockopt(int fd, int level, int name, const void *val, socklen_t len)
{
	struct call *c = &calls[calls_len];

	cr_assert_eq(fd, FD);
	cr_assert_lt(calls_len, CALLS_MAX);
	cr_assert_leq(len, sizeof(c->value));
	*c = (struct call){ .level = level, .name = name, .len = len };
	memcpy(c->value, val, len);
	if (calls_len++ != fail_at)
		return 0;
	errno = fail_errno;
	return -1;
}

/* As the kernel: exactly the struct of the cipher in use, which is the key that was set last. */
static socklen_t gives_len(socklen_t room)
{
	const struct call *last = &calls[calls_len - 1];

	while (last->name == TLS_RX_EXPECT_NO_PAD)
		last--;
	cr_assert_eq(room, last->len);
	return last->len;
}

static int fake_getsockopt(int fd, int level, int name, void *val, socklen_t *len)
{
	cr_assert(fd == FD && level == SOL_TLS && name == TLS_TX);
	if (get_errno != 0) {
		errno = get_errno;
		return -1;
	}
	memset(val, 0, *len);
	put_be64((uint8_t *)val + *len - 8, kernel_seq);
	*len = gives_len(*len);
	return 0;
}

static const struct ktls_sys fake = { .setsockopt = fake_setsockopt,
	                              .getsockopt = fake_getsockopt };
static const struct ktls_support whole = { .rx = { 7, 7 }, .tx = { 7, 7 }, .rekey = true };

static void setup(void)
{
	calls_len = 0;
	fail_at = SIZE_MAX;
	get_errno = 0;
	kernel_seq = 0;
}

TestSuite(tls_handoff, .init = setup);

static enum handoff give(const struct ktls_support *can, struct record_state *r,
                         struct ktls_sent *sent)
{
	const struct handoff_conn c = { .fd = FD, .r = r, .sent = sent, .is_trusted = true };

	return handoff_to_kernel(&fake, can, &c);
}

static bool is_zero(const void *at, size_t len)
{
	const uint8_t *bytes = at;
	uint8_t any = 0;

	for (size_t i = 0; i < len; i++)
		any |= bytes[i];
	return any == 0;
}

/* --- layouts: linux/tls.h ------------------------------------------------------------------------ */
/* What the kernel's struct of each cipher holds, in the order it holds it. */
static size_t expected(const struct record_state *r, const struct record_dir *d, uint8_t *out)
{
	static const uint16_t types[] = { TLS_CIPHER_AES_GCM_128, TLS_CIPHER_AES_GCM_256,
		                          TLS_CIPHER_CHACHA20_POLY1305 };
	const bool is_chacha = r->suite == SUITE_CHACHA20_POLY1305;
	const size_t key_len = suites[r->suite].key_bytes;
	struct sink s = sink_of(out, VALUE_MAX);
	uint8_t nonce[12];
	uint8_t seq[8];

	put_be64(seq, d->seq);
	memcpy(nonce, d->iv, 12);
	if (record_has_explicit_nonce(r))
		put_be64(nonce + 4, d->explicit_nonce);
	sink_put(&s, slice_of(&r->version, 2));
	sink_put(&s, slice_of(&types[r->suite], 2));
	if (is_chacha) {
		sink_put(&s, slice_of(nonce, 12));
		sink_put(&s, slice_of(d->key, key_len));
	} else {
		sink_put(&s, slice_of(nonce + 4, 8));
		sink_put(&s, slice_of(d->key, key_len));
		sink_put(&s, slice_of(nonce, 4));
	}
	sink_put(&s, slice_of(seq, 8));
	return s.len;
}

Test(tls_handoff, installs_both_directions_as_the_kernel_wants_them)
{
	static const uint16_t versions[] = { VERSION_TLS12, VERSION_TLS13 };

	for (size_t i = 0; i < (size_t)2 * SUITE_MAX; i++) {
		struct record_state r = test_state(versions[i / SUITE_MAX], i % SUITE_MAX, 9);
		struct ktls_sent sent = { .before = BEFORE };
		uint8_t rx[VALUE_MAX];
		uint8_t tx[VALUE_MAX];
		size_t rx_len;
		size_t tx_len;

		setup();
		r.rx.seq = 1;
		r.tx.seq = 0x0102030405060708;
		rx_len = expected(&r, &r.rx, rx);
		tx_len = expected(&r, &r.tx, tx);
		cr_assert_eq(give(&whole, &r, &sent), HANDOFF_DONE, "%zu", i);
		/* Only TLS 1.3 has padding that the kernel could be told not to expect. */
		cr_assert_eq(calls_len, i < SUITE_MAX ? 3 : 4, "%zu", i);
		cr_expect(calls[0].level == IPPROTO_TCP && calls[0].name == TCP_ULP);
		cr_expect(calls[1].level == SOL_TLS && calls[1].name == TLS_RX);
		cr_expect(calls[2].level == SOL_TLS && calls[2].name == TLS_TX);
		if (calls_len > 3)
			cr_expect(calls[3].level == SOL_TLS &&
			          calls[3].name == TLS_RX_EXPECT_NO_PAD && calls[3].len == 4 &&
			          calls[3].value[0] == 1);
		cr_assert_eq(calls[1].len, rx_len, "%zu", i);
		cr_assert_eq(calls[2].len, tx_len, "%zu", i);
		cr_expect_arr_eq(calls[1].value, rx, rx_len, "%zu", i);
		cr_expect_arr_eq(calls[2].value, tx, tx_len, "%zu", i);
		cr_expect_eq(sent.version, r.version);
		cr_expect_eq(sent.cipher, r.suite);
		cr_expect_eq(sent.plain, 0);
		cr_expect_eq(sent.before, BEFORE);
		cr_expect_eq(sent.first_seq, 0x0102030405060708);
	}
}

/* --- who may ---------------------------------------------------------------------------------------- */
static const struct {
	const char *why;
	size_t in_left, out_left;
	uint8_t partial_len;
	uint16_t plain_max;
	uint8_t rx, tx;
	enum handoff want;
} may[] = {
	{ "nothing is left", 0, 0, 0, 16384, 7, 7, HANDOFF_DONE },
	{ "part of a record is here", 1, 0, 0, 16384, 7, 7, HANDOFF_LATER },
	{ "our records wait", 0, 1, 0, 16384, 7, 7, HANDOFF_LATER },
	{ "half a KeyUpdate was read", 0, 0, 3, 16384, 7, 7, HANDOFF_LATER },
	{ "one direction is not enough", 0, 0, 0, 16384, 7, 5, HANDOFF_UNSUPPORTED },
	{ "nor is the other", 0, 0, 0, 16384, 5, 7, HANDOFF_UNSUPPORTED },
	{ "known at once, whatever waits", 1, 1, 0, 16384, 0, 0, HANDOFF_UNSUPPORTED },
	{ "the kernel makes large records only", 0, 0, 0, 4096, 7, 7, HANDOFF_FRAGMENT },
	{ "known at once, too", 9, 0, 0, 512, 7, 7, HANDOFF_FRAGMENT },
};

Test(tls_handoff, asks_the_kernel_only_for_what_it_can_have_now)
{
	for (size_t i = 0; i < ARRAY_LEN(may); i++) {
		const struct ktls_support can = { .rx = { 0, may[i].rx }, .tx = { 0, may[i].tx } };
		struct record_state r = test_state(VERSION_TLS13, SUITE_AES_256_GCM, 5);
		struct record_state was;
		struct ktls_sent sent = { .before = BEFORE };
		const struct handoff_conn c = { .fd = FD,
			                        .r = &r,
			                        .sent = &sent,
			                        .in_left = may[i].in_left,
			                        .out_left = may[i].out_left };

		setup();
		r.partial_len = may[i].partial_len;
		r.plain_max = may[i].plain_max;
		was = r;
		cr_expect_eq(handoff_to_kernel(&fake, &can, &c), may[i].want, "%s", may[i].why);
		if (may[i].want == HANDOFF_DONE)
			continue;
		cr_expect_eq(calls_len, 0, "%s", may[i].why);
		cr_expect_arr_eq(&r, &was, sizeof(r), "%s", may[i].why);
	}
}

/* --- each call fails ---------------------------------------------------------------------------------- */
static const struct {
	const char *why;
	size_t at;
	int err;
	enum handoff want;
	size_t calls;
	uint16_t version;
} failures[] = {
	{ "the client has ended its direction", 0, ENOTCONN, HANDOFF_ULP_REFUSED, 1,
	  VERSION_TLS12 },
	{ "no module", 0, ENOENT, HANDOFF_ULP_REFUSED, 1, VERSION_TLS12 },
	{ "it has the ULP already", 0, EEXIST, HANDOFF_DONE, 3, VERSION_TLS12 },
	{ "a signal", 0, EINTR, HANDOFF_DONE, 4, VERSION_TLS12 },
	{ "no cipher module", 1, ENOENT, HANDOFF_RX_REFUSED, 2, VERSION_TLS12 },
	{ "no memory", 1, ENOMEM, HANDOFF_RX_REFUSED, 2, VERSION_TLS12 },
	{ "no memory for the second", 2, ENOMEM, HANDOFF_TX_REFUSED, 3, VERSION_TLS12 },
	{ "keys are there", 2, EBUSY, HANDOFF_TX_REFUSED, 3, VERSION_TLS12 },
	{ "a signal at the last", 2, EINTR, HANDOFF_DONE, 4, VERSION_TLS12 },
	{ "a kernel that must look for padding", 3, ENOPROTOOPT, HANDOFF_DONE, 4, VERSION_TLS13 },
};

Test(tls_handoff, a_stranger_cannot_have_each_record_decrypted_twice)
{
	struct record_state r = test_state(VERSION_TLS13, SUITE_AES_128_GCM, 5);
	struct ktls_sent sent = { .before = BEFORE };
	const struct handoff_conn c = { .fd = FD, .r = &r, .sent = &sent };

	cr_assert_eq(handoff_to_kernel(&fake, &whole, &c), HANDOFF_DONE);
	cr_assert_eq(calls_len, 3);
	for (size_t i = 0; i < calls_len; i++)
		cr_expect(calls[i].name != TLS_RX_EXPECT_NO_PAD);
}

Test(tls_handoff, a_call_that_fails_says_who_goes_on)
{
	for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
		struct record_state r = test_state(failures[i].version, SUITE_AES_128_GCM, 5);
		const struct record_state was = r;
		struct ktls_sent sent = { .before = BEFORE };

		setup();
		fail_at = failures[i].at;
		fail_errno = failures[i].err;
		cr_expect_eq(give(&whole, &r, &sent), failures[i].want, "%s", failures[i].why);
		cr_expect_eq(calls_len, failures[i].calls, "%s", failures[i].why);
		/* Who goes on with the userspace engine has all it had. */
		if (failures[i].want == HANDOFF_ULP_REFUSED ||
		    failures[i].want == HANDOFF_RX_REFUSED)
			cr_expect_arr_eq(&r, &was, sizeof(r), "%s", failures[i].why);
		if (failures[i].want != HANDOFF_DONE)
			cr_expect_eq(sent.cipher + sent.first_seq + sent.version, 0);
	}
}

/* --- secrets ---------------------------------------------------------------------------------------------- */
Test(tls_handoff, forgets_what_the_kernel_does_not_need)
{
	static const struct {
		const char *why;
		uint16_t version;
		bool rekey, keeps;
	} rows[] = {
		{ "the next keys come from them", VERSION_TLS13, true, true },
		{ "there are no next keys", VERSION_TLS13, false, false },
		{ "TLS 1.2 has none", VERSION_TLS12, true, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct ktls_support can = { .rx = { 7, 7 },
			                          .tx = { 7, 7 },
			                          .rekey = rows[i].rekey };
		struct record_state r = test_state(rows[i].version, SUITE_AES_256_GCM, 5);
		struct ktls_sent sent = { 0 };

		setup();
		memset(r.rx.secret, 0xAA, sizeof(r.rx.secret));
		memset(r.tx.secret, 0xBB, sizeof(r.tx.secret));
		r.rx.seq = 2;
		r.tx.seq = 3;
		cr_assert_eq(give(&can, &r, &sent), HANDOFF_DONE);
		cr_expect(is_zero(r.rx.key, sizeof(r.rx.key)), "%s", rows[i].why);
		cr_expect(is_zero(r.tx.key, sizeof(r.tx.key)), "%s", rows[i].why);
		cr_expect(is_zero(r.rx.iv, sizeof(r.rx.iv)), "%s", rows[i].why);
		cr_expect(is_zero(r.tx.iv, sizeof(r.tx.iv)), "%s", rows[i].why);
		cr_expect_eq(is_zero(r.rx.secret, sizeof(r.rx.secret)), !rows[i].keeps, "%s",
		             rows[i].why);
		cr_expect_eq(is_zero(r.tx.secret, sizeof(r.tx.secret)), !rows[i].keeps, "%s",
		             rows[i].why);
		cr_expect_eq(r.version, rows[i].version);
		cr_expect(r.rx.seq == 2 && r.tx.seq == 3);
	}
}

/* --- nonces ----------------------------------------------------------------------------------------------- */
Test(tls_handoff, no_nonce_is_used_twice_under_one_key)
{
	static const size_t lens[] = { 0, 1, 100, 16384, 16385, 50000 };
	static uint8_t wire[400000];
	static uint8_t plain[50000];
	static uint64_t used[64];

	for (enum record_suite suite = SUITE_AES_128_GCM; suite <= SUITE_AES_256_GCM; suite++) {
		struct record_state r = test_state(VERSION_TLS12, suite, 200);
		struct sink out = sink_of(wire, sizeof(wire));
		struct ktls_sent sent = { 0 };
		struct aead_cache *cache;
		size_t n = 0;
		uint64_t next;

		setup();
		r.tx.explicit_nonce =
			0xFFFFFFFFFFFFFFFB; /* wraps on its way: it is only a counter */
		cr_assert_eq(aead_cache_new(8, &cache), 0);
		for (size_t i = 0; i < ARRAY_LEN(lens); i++)
			cr_assert_eq(record_seal(cache, &r, RECORD_APPLICATION_DATA,
			                         slice_of(plain, lens[i]), &out),
			             0);
		for (size_t at = 0; at < out.len; at += 5 + get_be16(wire + at + 3))
			used[n++] = get_be64(wire + at + 5);
		cr_assert_eq(n, 1 + 1 + 1 + 1 + 2 + 4);
		cr_assert_eq(r.tx.explicit_nonce, used[n - 1] + 1);

		cr_assert_eq(give(&whole, &r, &sent), HANDOFF_DONE);
		/* The kernel's first explicit nonce, which it counts up from: linux/tls.h, iv. */
		next = get_be64(calls[2].value + 4);
		cr_expect_eq(next, used[n - 1] + 1);
		for (uint64_t k = 0; k < 1000; k++)
			for (size_t i = 0; i < n; i++)
				cr_assert_neq(next + k, used[i]);
		aead_cache_free(cache);
	}
}

/* --- a KeyUpdate ------------------------------------------------------------------------------------------ */
Test(tls_handoff, the_next_receiving_key_is_installed_and_forgotten)
{
	struct record_state r = test_state(VERSION_TLS13, SUITE_CHACHA20_POLY1305, 5);
	struct ktls_sent sent = { .before = BEFORE };
	const struct ktls_sent begun = { TLS_1_3_VERSION, KTLS_CHACHA20_POLY1305, 0, BEFORE, 0 };
	const struct handoff_conn c = { .fd = FD, .r = &r, .sent = &sent };
	uint8_t want[VALUE_MAX];
	size_t len;

	cr_assert_eq(give(&whole, &r, &sent), HANDOFF_DONE);
	cr_assert_eq(keys_next(&r, &r.rx), 0);
	len = expected(&r, &r.rx, want);
	cr_assert_eq(handoff_rekey(&fake, &c, KTLS_RX), 0);
	cr_assert_eq(calls_len, 5);
	cr_expect_eq(calls[4].name, TLS_RX);
	cr_expect_eq(calls[4].len, len);
	cr_expect_arr_eq(calls[4].value, want, len);
	cr_expect(is_zero(r.rx.key, sizeof(r.rx.key)));
	cr_expect(!is_zero(r.rx.secret, 32));
	cr_expect(sent.before == begun.before && sent.plain == 0 &&
	          sent.first_seq == begun.first_seq && sent.cipher == begun.cipher);
}

Test(tls_handoff, what_was_sent_under_one_key_comes_before_the_next)
{
	struct record_state r = test_state(VERSION_TLS13, SUITE_AES_128_GCM, 5);
	struct ktls_sent sent = { .before = BEFORE };
	const struct handoff_conn c = { .fd = FD, .r = &r, .sent = &sent };

	r.tx.seq = 2;
	cr_assert_eq(give(&whole, &r, &sent), HANDOFF_DONE);
	sent.plain = 1000;
	kernel_seq = 2 + 3; /* three records: header, inner type and tag of each are 22 bytes */
	cr_assert_eq(keys_next(&r, &r.tx), 0);
	cr_assert_eq(handoff_rekey(&fake, &c, KTLS_TX), 0);
	cr_expect_eq(calls[4].name, TLS_TX);
	cr_expect_eq(sent.before, BEFORE + 1000 + 3 * 22);
	cr_expect_eq(sent.plain, 0);
	cr_expect_eq(sent.first_seq, 0);
	cr_expect(is_zero(r.tx.key, sizeof(r.tx.key)));
}

Test(tls_handoff, a_key_that_is_refused_ends_it)
{
	struct record_state r = test_state(VERSION_TLS13, SUITE_AES_128_GCM, 5);
	struct ktls_sent sent = { .before = BEFORE };
	const struct handoff_conn c = { .fd = FD, .r = &r, .sent = &sent };

	cr_assert_eq(give(&whole, &r, &sent), HANDOFF_DONE);
	fail_at = 4;
	fail_errno = EBUSY;
	cr_assert_eq(keys_next(&r, &r.rx), 0);
	cr_expect_eq(handoff_rekey(&fake, &c, KTLS_RX), -EBUSY);
	cr_expect(is_zero(r.rx.key, sizeof(r.rx.key)));

	get_errno = EINVAL;
	cr_assert_eq(keys_next(&r, &r.tx), 0);
	cr_expect_eq(handoff_rekey(&fake, &c, KTLS_TX), -EINVAL);
	cr_expect_eq(calls_len, 5, "no key without knowing what was sent before it");
	cr_expect_eq(sent.before, BEFORE);
}

Test(tls_handoff, every_outcome_has_a_label)
{
	for (int h = 0; h < HANDOFF_MAX; h++)
		for (int i = 0; i < h; i++)
			cr_expect(strcmp(handoff_label((enum handoff)h),
			                 handoff_label((enum handoff)i)) != 0);
}
