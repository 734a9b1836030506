/* SPDX-License-Identifier: GPL-2.0-only */
#include "sys/ktls.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

enum { FD = 77, BYTES_MAX = 64 };

/* What the next call answers. */
struct answer {
	int value;    /* what it returns; < 0: -errno */
	uint8_t type; /* recvmsg: the record type beside it; 0: none */
};

/* What was asked last, and the answers still to give. */
static struct {
	int fd, level, name, flags, calls;
	uint8_t bytes[BYTES_MAX], type;
	size_t len;
	struct answer answers[4];
} fake;

static void script(struct answer first, struct answer second)
{
	memset(&fake, 0, sizeof(fake));
	fake.answers[0] = first;
	fake.answers[1] = second;
}

static int answer(void)
{
	int value = fake.answers[fake.calls++].value;

	cr_assert_leq(fake.calls, (int)ARRAY_LEN(fake.answers));
	if (value >= 0)
		return value;
	errno = -value;
	return -1;
}

static void keep(int fd, const void *bytes, size_t len)
{
	cr_assert_leq(len, sizeof(fake.bytes));
	fake.fd = fd;
	fake.len = len;
	memcpy(fake.bytes, bytes, len);
}

static int fake_setsockopt(int fd, int level, int name, const void *val, socklen_t len)
{
	keep(fd, val, len);
	fake.level = level;
	fake.name = name;
	return answer();
}

static ssize_t fake_recv(int fd, void *to, size_t len, int flags)
{
	int n = answer();

	fake.fd = fd;
	fake.flags = flags;
	if (n > 0) {
		cr_assert_leq((size_t)n, len);
		memset(to, 'r', (size_t)n);
	}
	return n;
}

static ssize_t fake_recvmsg(int fd, struct msghdr *m, int flags)
{
	const struct answer *a = &fake.answers[fake.calls];
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	int n = answer();

	fake.fd = fd;
	fake.flags = flags;
	cr_assert_not_null(c);
	if (n > 0)
		memset(m->msg_iov->iov_base, 'm', (size_t)n);
	m->msg_controllen = a->type ? CMSG_SPACE(1) : 0;
	if (a->type) {
		c->cmsg_level = SOL_TLS;
		c->cmsg_type = TLS_GET_RECORD_TYPE;
		c->cmsg_len = CMSG_LEN(1);
		*CMSG_DATA(c) = a->type;
	}
	return n;
}

static ssize_t fake_sendmsg(int fd, const struct msghdr *m, int flags)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);

	cr_assert_not_null(c);
	cr_assert_eq(c->cmsg_level, SOL_TLS);
	cr_assert_eq(c->cmsg_type, TLS_SET_RECORD_TYPE);
	cr_assert_eq(c->cmsg_len, CMSG_LEN(1));
	fake.type = *CMSG_DATA(c);
	keep(fd, m->msg_iov->iov_base, m->msg_iov->iov_len);
	fake.flags = flags;
	return answer();
}

static const struct ktls_sys faked = {
	.setsockopt = fake_setsockopt,
	.recv = fake_recv,
	.recvmsg = fake_recvmsg,
	.sendmsg = fake_sendmsg,
};

/* --- keys ---------------------------------------------------------------------------------- */

static struct ktls_key key_of(uint16_t version, enum ktls_cipher cipher)
{
	struct ktls_key k = { .version = version,
		              .cipher = (uint8_t)cipher,
		              .seq = 0x0102030405060708 };

	for (size_t i = 0; i < sizeof(k.key); i++)
		k.key[i] = (uint8_t)(0x40 + i);
	for (size_t i = 0; i < sizeof(k.nonce); i++)
		k.nonce[i] = (uint8_t)(0xA0 + i);
	return k;
}

#define KEY_16 "\x40\x41\x42\x43\x44\x45\x46\x47\x48\x49\x4A\x4B\x4C\x4D\x4E\x4F"
#define KEY_32 KEY_16 "\x50\x51\x52\x53\x54\x55\x56\x57\x58\x59\x5A\x5B\x5C\x5D\x5E\x5F"
#define SALT   "\xA0\xA1\xA2\xA3"
#define IV     "\xA4\xA5\xA6\xA7\xA8\xA9\xAA\xAB"
#define SEQ    "\x01\x02\x03\x04\x05\x06\x07\x08"

/* Little-endian machines only, as all this is built for: version and type are the host's. */
static const struct {
	uint16_t version;
	enum ktls_cipher cipher;
	struct slice want;
	const char *why;
} layouts[] = {
	{ TLS_1_2_VERSION, KTLS_AES_128_GCM, SLICE("\x03\x03\x33\x00" IV KEY_16 SALT SEQ),
	  "the explicit nonce is the iv" },
	{ TLS_1_3_VERSION, KTLS_AES_128_GCM, SLICE("\x04\x03\x33\x00" IV KEY_16 SALT SEQ),
	  "the write IV is cut after four bytes" },
	{ TLS_1_2_VERSION, KTLS_AES_256_GCM, SLICE("\x03\x03\x34\x00" IV KEY_32 SALT SEQ),
	  "a longer key" },
	{ TLS_1_3_VERSION, KTLS_AES_256_GCM, SLICE("\x04\x03\x34\x00" IV KEY_32 SALT SEQ),
	  "a longer key" },
	{ TLS_1_2_VERSION, KTLS_CHACHA20_POLY1305, SLICE("\x03\x03\x36\x00" SALT IV KEY_32 SEQ),
	  "all of the nonce is the iv" },
	{ TLS_1_3_VERSION, KTLS_CHACHA20_POLY1305, SLICE("\x04\x03\x36\x00" SALT IV KEY_32 SEQ),
	  "all of the nonce is the iv" },
};

Test(ktls, keys_are_laid_out_as_the_kernel_reads_them)
{
	static const struct {
		enum ktls_dir dir;
		int name;
	} dirs[] = { { KTLS_RX, TLS_RX }, { KTLS_TX, TLS_TX } };

	for (size_t i = 0; i < ARRAY_LEN(layouts); i++) {
		const struct ktls_key k = key_of(layouts[i].version, layouts[i].cipher);

		for (size_t d = 0; d < ARRAY_LEN(dirs); d++) {
			script((struct answer){ 0 }, (struct answer){ 0 });
			cr_assert_eq(ktls_set(&faked, FD, dirs[d].dir, &k), 0);
			cr_expect_eq(fake.fd, FD);
			cr_expect_eq(fake.level, SOL_TLS);
			cr_expect_eq(fake.name, dirs[d].name);
			cr_expect(slice_eq(slice_of(fake.bytes, fake.len), layouts[i].want),
			          "row %zu: %s", i, layouts[i].why);
		}
	}
}

Test(ktls, the_ulp_is_asked_for_by_name)
{
	script((struct answer){ 0 }, (struct answer){ 0 });
	cr_assert_eq(ktls_ulp(&faked, FD), 0);
	cr_expect_eq(fake.fd, FD);
	cr_expect_eq(fake.level, IPPROTO_TCP);
	cr_expect_eq(fake.name, TCP_ULP);
	cr_expect(slice_eq(slice_of(fake.bytes, fake.len), SLICE("tls")));
}

Test(ktls, what_setsockopt_fails_with_is_returned_and_an_interruption_is_not)
{
	static const struct {
		int first, want, calls;
	} rows[] = { { -EEXIST, -EEXIST, 1 }, { -ENOTCONN, -ENOTCONN, 1 }, { -ENOENT, -ENOENT, 1 },
		     { -EBUSY, -EBUSY, 1 },   { -EINVAL, -EINVAL, 1 },     { -EINTR, 0, 2 } };
	const struct ktls_key k = key_of(TLS_1_3_VERSION, KTLS_AES_128_GCM);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		script((struct answer){ .value = rows[i].first }, (struct answer){ 0 });
		cr_expect_eq(ktls_ulp(&faked, FD), rows[i].want, "ulp, row %zu", i);
		cr_expect_eq(fake.calls, rows[i].calls, "ulp, row %zu", i);
		script((struct answer){ .value = rows[i].first }, (struct answer){ 0 });
		cr_expect_eq(ktls_set(&faked, FD, KTLS_RX, &k), rows[i].want, "set, row %zu", i);
		cr_expect_eq(fake.calls, rows[i].calls, "set, row %zu", i);
	}
}

Test(ktls, the_module_is_there_when_only_the_connection_is_missing)
{
	static const struct {
		int answer, want;
	} rows[] = {
		{ -ENOTCONN, 0 }, { 0, 0 }, { -ENOENT, -ENOENT }, { -ENOPROTOOPT, -ENOPROTOOPT }
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		script((struct answer){ .value = rows[i].answer }, (struct answer){ 0 });
		cr_expect_eq(ktls_load(&faked), rows[i].want, "row %zu", i);
		cr_expect_eq(fake.name, TCP_ULP);
	}
}

/* --- records ------------------------------------------------------------------------------- */

static const struct {
	struct answer first, second;
	int want;
	uint8_t type;
	int calls;
	const char *why;
} receipts[] = {
	{ { 5, 0 }, { 0, 0 }, 5, 23, 1, "data" },
	{ { 0, 0 }, { 0, 0 }, 0, 23, 1, "the FIN" },
	{ { -EAGAIN, 0 }, { 0, 0 }, -EAGAIN, 99, 1, "nothing, or an empty data record" },
	{ { -EBADMSG, 0 }, { 0, 0 }, -EBADMSG, 99, 1, "forged" },
	{ { -EMSGSIZE, 0 }, { 0, 0 }, -EMSGSIZE, 99, 1, "too long" },
	{ { -EKEYEXPIRED, 0 }, { 0, 0 }, -EKEYEXPIRED, 99, 1, "behind a KeyUpdate" },
	{ { -ECONNRESET, 0 }, { 0, 0 }, -ECONNRESET, 99, 1, "reset" },
	{ { -EINTR, 0 }, { 7, 0 }, 7, 23, 2, "interrupted" },
	{ { -EIO, 0 }, { 2, 21 }, 2, 21, 2, "an alert" },
	{ { -EIO, 0 }, { 5, 22 }, 5, 22, 2, "a KeyUpdate" },
	{ { -EIO, 0 }, { 0, 21 }, 0, 21, 2, "an empty alert" },
	{ { -EIO, 0 }, { 0, 0 }, 0, 23, 2, "the FIN behind what was no data" },
	{ { -EIO, 0 }, { 0, 23 }, -EAGAIN, 99, 2, "an empty data record" },
	{ { -EIO, 0 }, { 3, 23 }, 3, 23, 2, "data after all" },
	{ { -EIO, 0 }, { 3, 0 }, -EIO, 99, 2, "bytes without a type" },
	{ { -EIO, 0 }, { -EAGAIN, 0 }, -EAGAIN, 99, 2, "not there any more" },
	{ { -EIO, 0 }, { -EBADMSG, 0 }, -EBADMSG, 99, 2, "forged" },
	{ { -EIO, 0 }, { -EIO, 0 }, -EIO, 99, 2, "an error of the machine" },
};

Test(ktls, what_was_read_has_a_type_and_an_end_is_told_from_an_empty_record)
{
	for (size_t i = 0; i < ARRAY_LEN(receipts); i++) {
		char to[16] = { 0 };
		uint8_t type = 99;

		script(receipts[i].first, receipts[i].second);
		cr_expect_eq(ktls_recv(&faked, FD, to, sizeof(to), &type), receipts[i].want, "%s",
		             receipts[i].why);
		cr_expect_eq(type, receipts[i].type, "%s: type %u", receipts[i].why, type);
		cr_expect_eq(fake.calls, receipts[i].calls, "%s", receipts[i].why);
		cr_expect_eq(fake.fd, FD);
		cr_expect(fake.flags & MSG_DONTWAIT, "%s", receipts[i].why);
	}
}

Test(ktls, an_interrupted_recvmsg_is_made_again_with_its_room)
{
	char to[16] = { 0 };
	uint8_t type = 0;

	script((struct answer){ .value = -EIO }, (struct answer){ .value = -EINTR });
	fake.answers[2] = (struct answer){ .value = 2, .type = 21 };
	cr_expect_eq(ktls_recv(&faked, FD, to, sizeof(to), &type), 2);
	cr_expect_eq(type, 21);
	cr_expect_eq(fake.calls, 3);
}

Test(ktls, a_record_is_sent_whole_with_its_type_or_not_at_all)
{
	static const struct {
		int first, second, want, calls;
		const char *why;
	} rows[] = {
		{ 2, 0, 0, 1, "sent" },
		{ -EAGAIN, 0, -EAGAIN, 1, "no room" },
		{ -EPIPE, 0, -EPIPE, 1, "no peer" },
		{ -EINTR, 2, 0, 2, "interrupted" },
		{ 1, 0, -EMSGSIZE, 1, "half an alert" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		script((struct answer){ .value = rows[i].first },
		       (struct answer){ .value = rows[i].second });
		cr_expect_eq(ktls_send_record(&faked, FD, 21, SLICE("\x02\x14")), rows[i].want,
		             "%s", rows[i].why);
		cr_expect_eq(fake.calls, rows[i].calls, "%s", rows[i].why);
		cr_expect_eq(fake.type, 21);
		cr_expect(slice_eq(slice_of(fake.bytes, fake.len), SLICE("\x02\x14")));
		cr_expect_eq(fake.flags, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
}

/* --- what TCP has not taken ------------------------------------------------------------------ */

static struct {
	struct tcp_info tcp;
	uint64_t next_seq;
	int tcp_error, tls_error;
	socklen_t short_by; /* bytes of the answer that are missing */
	int interruptions;
} kernel;

static int getsockopt_info(void *val, socklen_t *len)
{
	if (kernel.tcp_error) {
		errno = kernel.tcp_error;
		return -1;
	}
	cr_assert_eq(*len, sizeof(kernel.tcp));
	*len -= kernel.short_by;
	memcpy(val, &kernel.tcp, *len);
	return 0;
}

static int fake_getsockopt(int fd, int level, int name, void *val, socklen_t *len)
{
	socklen_t seq_at = *len - 8;

	cr_assert_eq(fd, FD);
	if (kernel.interruptions > 0) {
		kernel.interruptions--;
		errno = EINTR;
		return -1;
	}
	if (level == IPPROTO_TCP && name == TCP_INFO)
		return getsockopt_info(val, len);
	cr_assert_eq(level, SOL_TLS);
	cr_assert_eq(name, TLS_TX);
	if (kernel.tls_error) {
		errno = kernel.tls_error;
		return -1;
	}
	memset(val, 0xEE, *len);
	for (socklen_t i = 0; i < 8; i++)
		((uint8_t *)val)[seq_at + i] = (uint8_t)(kernel.next_seq >> (56 - 8 * i));
	return 0;
}

static const struct ktls_sys accounts = { .getsockopt = fake_getsockopt };

static const struct {
	uint16_t version;
	enum ktls_cipher cipher;
	uint32_t overhead; /* bytes a record adds */
} suites[] = {
	{ TLS_1_2_VERSION, KTLS_AES_128_GCM, 29 },
	{ TLS_1_2_VERSION, KTLS_AES_256_GCM, 29 },
	{ TLS_1_2_VERSION, KTLS_CHACHA20_POLY1305, 21 },
	{ TLS_1_3_VERSION, KTLS_AES_128_GCM, 22 },
	{ TLS_1_3_VERSION, KTLS_AES_256_GCM, 22 },
	{ TLS_1_3_VERSION, KTLS_CHACHA20_POLY1305, 22 },
};

Test(ktls, a_byte_that_tcp_was_not_given_is_unsent)
{
	for (size_t i = 0; i < ARRAY_LEN(suites); i++) {
		const struct ktls_sent sent = { .version = suites[i].version,
			                        .cipher = (uint8_t)suites[i].cipher,
			                        .plain = 40000,
			                        .before = 1234,
			                        .first_seq = 0x1FE };
		uint64_t made = 1234 + 40000 + 3ULL * suites[i].overhead;

		memset(&kernel, 0, sizeof(kernel));
		kernel.next_seq = 0x201; /* 0x1FE, 0x1FF, 0x200 */
		kernel.tcp.tcpi_bytes_retrans = 5000;
		kernel.tcp.tcpi_notsent_bytes = 700;
		kernel.tcp.tcpi_bytes_sent = made + 5000 - 700;
		cr_expect_eq(ktls_unsent(&accounts, FD, &sent), 0, "row %zu: all of it", i);
		kernel.tcp.tcpi_bytes_sent--;
		cr_expect_eq(ktls_unsent(&accounts, FD, &sent), 1, "row %zu: a byte less", i);
		kernel.tcp.tcpi_bytes_sent += 2;
		cr_expect_eq(ktls_unsent(&accounts, FD, &sent), 0, "row %zu: a byte more", i);
	}
}

Test(ktls, an_open_record_is_unsent_although_it_has_no_number_yet)
{
	const struct ktls_sent sent = { .version = TLS_1_3_VERSION, .plain = 10, .before = 500 };

	memset(&kernel, 0, sizeof(kernel));
	kernel.tcp.tcpi_bytes_sent = 500;
	cr_expect_eq(ktls_unsent(&accounts, FD, &sent), 1);
}

Test(ktls, without_the_kernels_figures_unsent_is_an_error)
{
	const struct ktls_sent sent = { .version = TLS_1_3_VERSION };

	memset(&kernel, 0, sizeof(kernel));
	kernel.tcp_error = ENOPROTOOPT;
	cr_expect_eq(ktls_unsent(&accounts, FD, &sent), -ENOPROTOOPT);
	memset(&kernel, 0, sizeof(kernel));
	kernel.tls_error = EBUSY;
	cr_expect_eq(ktls_unsent(&accounts, FD, &sent), -EBUSY);
	memset(&kernel, 0, sizeof(kernel));
	kernel.short_by = sizeof(kernel.tcp) - offsetof(struct tcp_info, tcpi_bytes_retrans);
	cr_expect_eq(ktls_unsent(&accounts, FD, &sent), -EPROTO, "an older kernel's answer");
	memset(&kernel, 0, sizeof(kernel));
	kernel.interruptions = 2;
	cr_expect_eq(ktls_unsent(&accounts, FD, &sent), 0, "interrupted");
}
