/* SPDX-License-Identifier: GPL-2.0-only */
/* sys/ktls against the kernel that runs: all of it where that has TLS, its refusal where not. */
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "sys/ktls.h"

enum { FIRST_SEQ = 0xFE, RECORD = 16384, CHUNK = 16 * RECORD, CHUNKS_MAX = 4096, HANG_MS = 30000 };

static const struct ktls_sys *const sys = &ktls_sys_kernel;

/* Two ends of a connection, with the ULP where the kernel has it. */
static struct {
	int a, b;
	bool has_ulp;
} pair;

static void start(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(in);
	int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int receive = 4096; /* a window that is soon full, so that nothing moves by itself */
	const int queue = 65536;

	cr_assert_eq(setsockopt(l, SOL_SOCKET, SO_RCVBUF, &receive, sizeof(receive)), 0);
	cr_assert_eq(bind(l, (const struct sockaddr *)&in, len), 0);
	cr_assert_eq(listen(l, 1), 0);
	cr_assert_eq(getsockname(l, (struct sockaddr *)&in, &len), 0);
	pair.a = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(setsockopt(pair.a, SOL_SOCKET, SO_SNDBUF, &queue, sizeof(queue)), 0);
	cr_assert_eq(connect(pair.a, (const struct sockaddr *)&in, len), 0);
	pair.b = accept4(l, NULL, NULL, SOCK_CLOEXEC);
	cr_assert_geq(pair.b, 0);
	(void)close(l);
	pair.has_ulp = ktls_load(sys) == 0;
	cr_assert_eq(ktls_ulp(sys, pair.a), pair.has_ulp ? 0 : -ENOENT);
	cr_assert_eq(ktls_ulp(sys, pair.b), pair.has_ulp ? 0 : -ENOENT);
}

static void stop(void)
{
	(void)close(pair.a);
	(void)close(pair.b);
}

static struct ktls_key key_of(unsigned int suite)
{
	return (struct ktls_key){
		.version = suite < KTLS_CIPHER_MAX ? TLS_1_2_VERSION : TLS_1_3_VERSION,
		.cipher = (uint8_t)(suite % KTLS_CIPHER_MAX),
		.key = { 1, 2, 3 },
		.nonce = { 4, 5, 6 },
		.seq = FIRST_SEQ,
	};
}

/* From a to b. Return: is there anything to test on? A kernel without TLS must refuse. */
static bool key_pair(unsigned int suite)
{
	const struct ktls_key k = key_of(suite);
	int tx = ktls_set(sys, pair.a, KTLS_TX, &k);
	int rx = ktls_set(sys, pair.b, KTLS_RX, &k);

	cr_assert_eq(tx, pair.has_ulp ? 0 : -ENOPROTOOPT, "suite %u: %d", suite, tx);
	cr_assert_eq(rx, pair.has_ulp ? 0 : -ENOPROTOOPT, "suite %u: %d", suite, rx);
	return pair.has_ulp;
}

/* ktls_recv() once something is there. */
static ssize_t hear(void *to, size_t len, uint8_t *type)
{
	struct pollfd p = { .fd = pair.b, .events = POLLIN };
	ssize_t n;

	do {
		cr_assert_eq(poll(&p, 1, HANG_MS), 1);
		n = ktls_recv(sys, pair.b, to, len, type);
	} while (n == -EAGAIN);
	return n;
}

static void expect_record(uint8_t type, struct slice content)
{
	char got[64];
	uint8_t got_type = 0;
	ssize_t n = hear(got, sizeof(got), &got_type);

	cr_expect_eq(n, (ssize_t)content.len, "%zd", n);
	cr_expect_eq(got_type, type);
	cr_expect(n < 0 || slice_eq(slice_of(got, (size_t)n), content));
}

Test(ktls_kernel, data_alerts_and_the_end_arrive_as_what_they_are)
{
	for (unsigned int suite = 0; suite < 2 * KTLS_CIPHER_MAX; suite++) {
		struct ktls_sent sent = { .version = key_of(suite).version,
			                  .cipher = key_of(suite).cipher,
			                  .plain = 12,
			                  .first_seq = FIRST_SEQ };
		char none[1];
		uint8_t type = 0;

		start();
		if (key_pair(suite)) {
			cr_expect_eq(ktls_recv(sys, pair.b, none, 1, &type), -EAGAIN);
			cr_assert_eq(send(pair.a, "hello", 5, 0), 5);
			cr_assert_eq(ktls_send_record(sys, pair.a, 21, SLICE("\x01\x00")), 0);
			cr_assert_eq(send(pair.a, "again", 5, 0), 5);
			cr_expect_eq(ktls_unsent(sys, pair.a, &sent), 0, "suite %u", suite);
			sent.plain++;
			cr_expect_eq(ktls_unsent(sys, pair.a, &sent), 1, "suite %u", suite);
			expect_record(23, SLICE("hello"));
			expect_record(21, SLICE("\x01\x00"));
			expect_record(23, SLICE("again"));
			cr_assert_eq(shutdown(pair.a, SHUT_WR), 0);
			expect_record(23, SLICE(""));
		}
		stop();
	}
}

/* Send until nothing more is taken. Many records at once: one too many is sealed before that shows. */
static uint64_t fill(void)
{
	static char chunk[CHUNK];
	uint64_t total = 0;

	for (int i = 0; i < CHUNKS_MAX; i++) {
		ssize_t n = send(pair.a, chunk, sizeof(chunk), MSG_DONTWAIT);

		if (n < 0)
			return total;
		total += (uint64_t)n;
	}
	cr_assert_fail("the socket takes everything");
	return 0;
}

Test(ktls_kernel, records_that_tcp_has_not_taken_are_unsent_until_the_peer_reads)
{
	for (unsigned int suite = 0; suite < 2 * KTLS_CIPHER_MAX; suite++) {
		struct ktls_sent sent = { .version = key_of(suite).version,
			                  .cipher = key_of(suite).cipher,
			                  .before = 3,
			                  .first_seq = FIRST_SEQ };
		char got[RECORD];
		uint8_t type = 0;
		uint64_t read = 0;

		start();
		cr_assert_eq(send(pair.a, "abc", 3, 0), 3);
		cr_assert_eq(recv(pair.b, got, 3, MSG_WAITALL), 3);
		if (key_pair(suite)) {
			sent.plain = fill();
			cr_expect_eq(ktls_unsent(sys, pair.a, &sent), 1, "suite %u", suite);
			while (read < sent.plain) {
				ssize_t n = hear(got, sizeof(got), &type);

				cr_assert_gt(n, 0, "suite %u: %zd", suite, n);
				read += (uint64_t)n;
			}
			cr_expect_eq(ktls_unsent(sys, pair.a, &sent), 0, "suite %u", suite);
		}
		stop();
	}
}

/* One TLS 1.3 AES-128-GCM record under key_of(), the only one sealed with it. Return: its length. */
static size_t seal(struct slice content, uint8_t type, uint8_t *out)
{
	const struct ktls_key k = key_of(KTLS_CIPHER_MAX + KTLS_AES_128_GCM);
	size_t inner = content.len + 1;
	const uint8_t header[5] = { 23, 3, 3, 0, (uint8_t)(inner + 16) };
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t nonce[12];
	uint8_t plain[64];
	int n = 0;

	memcpy(nonce, k.nonce, sizeof(nonce));
	nonce[11] ^= FIRST_SEQ;
	slice_copy(plain, content);
	plain[content.len] = type;
	memcpy(out, header, sizeof(header));
	cr_assert(EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, k.key, nonce));
	cr_assert(EVP_EncryptUpdate(ctx, NULL, &n, header, sizeof(header)));
	cr_assert(EVP_EncryptUpdate(ctx, out + 5, &n, plain, (int)inner));
	cr_assert(EVP_EncryptFinal_ex(ctx, out + 5 + n, &n));
	cr_assert(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, out + 5 + inner));
	EVP_CIPHER_CTX_free(ctx);
	return 5 + inner + 16;
}

/* The kernel makes no empty records; a peer may. */
Test(ktls_kernel, an_empty_data_record_is_no_end)
{
	const struct ktls_key k = key_of(KTLS_CIPHER_MAX + KTLS_AES_128_GCM);
	uint8_t record[64];
	char got[16];
	uint8_t type = 0;
	size_t len = seal(SLICE(""), 23, record);

	start();
	cr_assert_eq(ktls_set(sys, pair.b, KTLS_RX, &k), pair.has_ulp ? 0 : -ENOPROTOOPT);
	if (pair.has_ulp) {
		struct pollfd p = { .fd = pair.b, .events = POLLIN };

		cr_assert_eq(send(pair.a, record, len, 0), (ssize_t)len);
		cr_assert_eq(poll(&p, 1, HANG_MS), 1);
		cr_expect_eq(ktls_recv(sys, pair.b, got, sizeof(got), &type), -EAGAIN);
		cr_assert_eq(shutdown(pair.a, SHUT_WR), 0);
		cr_expect_eq(hear(got, sizeof(got), &type), 0);
		cr_expect_eq(type, 23);
	}
	stop();
}

Test(ktls_kernel, an_empty_alert_is_an_alert_and_a_forged_record_is_final)
{
	const struct ktls_key k = key_of(KTLS_CIPHER_MAX + KTLS_AES_128_GCM);
	static const struct {
		size_t bad; /* byte that is changed; 0: none */
		ssize_t want;
		uint8_t type;
	} rows[] = { { 0, 0, 21 }, { 6, -EBADMSG, 99 } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t record[64];
		char got[16];
		uint8_t type = 99;
		size_t len = seal(SLICE(""), 21, record);

		record[rows[i].bad] ^= rows[i].bad ? 1 : 0;
		start();
		cr_assert_eq(ktls_set(sys, pair.b, KTLS_RX, &k), pair.has_ulp ? 0 : -ENOPROTOOPT);
		if (pair.has_ulp) {
			cr_assert_eq(send(pair.a, record, len, 0), (ssize_t)len);
			cr_expect_eq(hear(got, sizeof(got), &type), rows[i].want, "row %zu", i);
			cr_expect_eq(type, rows[i].type, "row %zu", i);
		}
		stop();
	}
}
