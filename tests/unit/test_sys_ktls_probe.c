/* SPDX-License-Identifier: GPL-2.0-only */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "sys/ktls.h"

/* --- a kernel that can do what the test says, and leaves all bytes plain ------------------------- */

static struct {
	struct ktls_support can;
	int ulp_error; /* errno */
	bool garbles;  /* bytes arrive as others */
	bool swallows; /* bytes do not arrive */
	int keyed_tx;  /* last descriptor that got TX keys */
	int rx_error;  /* errno of recv */
} kernel;

static int refuse(int error)
{
	errno = error;
	return -1;
}

static enum ktls_cipher cipher_of(uint16_t type)
{
	switch (type) {
#define X(name, number, bytes, label)                                                              \
	case number:                                                                               \
		return KTLS_##name;
		KTLS_CIPHERS(X)
#undef X
	default:
		cr_assert_fail("cipher type %u", type);
	}
	return KTLS_CIPHER_MAX;
}

static int fake_setsockopt(int fd, int level, int name, const void *val, socklen_t len)
{
	struct tls_crypto_info info;
	uint8_t cipher;
	bool is_13;

	if (level == IPPROTO_TCP && name == TCP_ULP) {
		kernel.keyed_tx = -1; /* another pair, maybe of the same numbers */
		return kernel.ulp_error ? refuse(kernel.ulp_error) : 0;
	}
	cr_assert_eq(level, SOL_TLS);
	cr_assert_geq(len, sizeof(info));
	memcpy(&info, val, sizeof(info));
	cipher = (uint8_t)cipher_of(info.cipher_type);
	is_13 = info.version == TLS_1_3_VERSION;
	if (name == TLS_RX)
		return kernel.can.rx[is_13] >> cipher & 1 ? 0 : refuse(ENOENT);
	if (kernel.keyed_tx == fd)
		return is_13 && kernel.can.rekey ? 0 : refuse(EBUSY);
	if (!(kernel.can.tx[is_13] >> cipher & 1))
		return refuse(ENOENT);
	kernel.keyed_tx = fd;
	return 0;
}

static ssize_t fake_sendmsg(int fd, const struct msghdr *m, int flags)
{
	if (kernel.swallows)
		return (ssize_t)m->msg_iov->iov_len;
	return sendmsg(fd, m, flags);
}

static ssize_t fake_recv(int fd, void *to, size_t len, int flags)
{
	ssize_t n;

	if (kernel.rx_error)
		return refuse(kernel.rx_error);
	n = recv(fd, to, len, flags);
	if (n > 0 && kernel.garbles)
		((uint8_t *)to)[n - 1] ^= 1;
	return n;
}

static ssize_t fake_recvmsg(int fd, struct msghdr *m, int flags)
{
	(void)fd;
	(void)m;
	(void)flags;
	return refuse(EIO);
}

static const struct ktls_sys faked = {
	.setsockopt = fake_setsockopt,
	.recv = fake_recv,
	.recvmsg = fake_recvmsg,
	.sendmsg = fake_sendmsg,
};

enum {
	GCM128 = 1 << KTLS_AES_128_GCM,
	GCM256 = 1 << KTLS_AES_256_GCM,
	CHACHA = 1 << KTLS_CHACHA20_POLY1305,
	ALL = GCM128 | GCM256 | CHACHA,
};

static void kernel_can(const struct ktls_support *s)
{
	memset(&kernel, 0, sizeof(kernel));
	kernel.can = *s;
	kernel.keyed_tx = -1;
}

static const struct {
	struct ktls_support can; /* and what is to be said: .error, .what */
	bool is_whole;
	const char *why;
} kernels[] = {
	{ { { ALL, ALL }, { ALL, ALL }, true, 0, "" }, true, "everything" },
	{ { { ALL, ALL }, { ALL, ALL }, false, 0, "" }, true, "Linux < 6.14: no rekey" },
	{ { { ALL, ALL & ~CHACHA },
	    { ALL, ALL & ~CHACHA },
	    true,
	    -ENOENT,
	    "TLS 1.3 CHACHA20-POLY1305 TX" },
	  false,
	  "a module of a cipher is missing" },
	{ { { ALL, GCM256 }, { ALL, ALL }, true, -ENOENT, "TLS 1.3 AES-128-GCM RX" },
	  false,
	  "one direction" },
	{ { { ALL & ~GCM128, 0 }, { ALL, 0 }, false, -ENOENT, "TLS 1.2 AES-128-GCM RX" },
	  false,
	  "Linux < 5.1" },
};

Test(ktls_probe, finds_what_the_kernel_can_do_and_names_the_first_thing_it_cannot)
{
	for (size_t i = 0; i < ARRAY_LEN(kernels); i++) {
		const struct ktls_support *want = &kernels[i].can;
		struct ktls_support got;

		kernel_can(want);
		ktls_probe(&faked, &got);
		cr_expect_arr_eq(got.rx, want->rx, sizeof(want->rx), "%s", kernels[i].why);
		cr_expect_arr_eq(got.tx, want->tx, sizeof(want->tx), "%s", kernels[i].why);
		cr_expect_eq(got.rekey, want->rekey, "%s", kernels[i].why);
		cr_expect_eq(got.error, want->error, "%s: %d", kernels[i].why, got.error);
		cr_expect_str_eq(got.what, want->what, "%s", kernels[i].why);
		cr_expect_eq(ktls_is_whole(&got), kernels[i].is_whole, "%s", kernels[i].why);
	}
}

Test(ktls_probe, keys_that_are_taken_and_do_not_work_are_no_support)
{
	static const struct {
		bool garbles, swallows;
		int rx_error, want;
	} rows[] = {
		{ .garbles = true, .want = -EIO },
		{ .swallows = true, .want = -ETIMEDOUT },
		{ .rx_error = EBADMSG, .want = -EBADMSG },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ktls_support got;

		kernel_can(&kernels[0].can);
		kernel.garbles = rows[i].garbles;
		kernel.swallows = rows[i].swallows;
		kernel.rx_error = rows[i].rx_error;
		ktls_probe(&faked, &got);
		cr_expect_eq(ktls_pack(&got), 0, "row %zu", i);
		cr_expect_eq(got.error, rows[i].want, "row %zu: %d", i, got.error);
		cr_expect_str_eq(got.what, "TLS 1.2 AES-128-GCM record", "row %zu", i);
	}
}

Test(ktls_probe, without_the_ulp_there_is_nothing)
{
	struct ktls_support got;

	kernel_can(&kernels[0].can);
	kernel.ulp_error = ENOENT;
	ktls_probe(&faked, &got);
	cr_expect_eq(ktls_pack(&got), 0);
	cr_expect_eq(got.error, -ENOENT);
	cr_expect_str_eq(got.what, "TCP_ULP");
}

/* What the kernel says of itself: the names of its ULPs. */
static bool host_has_tls(void)
{
	char line[128] = "";
	FILE *f = fopen("/proc/sys/net/ipv4/tcp_available_ulp", "re");

	if (!f)
		return false;
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	(void)fclose(f);
	return strstr(line, "tls") != NULL;
}

/* Where the module is loaded every suite of Linux 6.1 must be found; elsewhere none may be. */
Test(ktls_probe, finds_this_kernel_as_it_is)
{
	struct ktls_support got;
	int loaded = ktls_load(&ktls_sys_kernel);

	ktls_probe(&ktls_sys_kernel, &got);
	cr_log_info("kernel TLS: bits %#x, %d %s", ktls_pack(&got), got.error, got.what);
	cr_expect_eq(loaded == 0, host_has_tls(), "ktls_load() said %d", loaded);
	cr_expect_eq(ktls_is_whole(&got), host_has_tls());
	if (ktls_is_whole(&got)) {
		cr_expect_eq(got.error, 0);
		return;
	}
	cr_expect_eq(ktls_pack(&got), 0);
	cr_expect_eq(got.error, -ENOENT, "%d", got.error);
	cr_expect_str_eq(got.what, "TCP_ULP");
}
