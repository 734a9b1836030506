/* SPDX-License-Identifier: GPL-2.0-only */
#include "sys/memfd.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

Test(memfd, what_was_sealed_is_read_and_cannot_be_changed)
{
	char *text = NULL;
	size_t len = 0;
	int fd = -1;

	cr_assert_eq(memfd_seal("t", SLICE("snapshot"), &fd), 0);
	cr_expect_eq(pwrite(fd, "x", 1, 0), -1);
	cr_expect_lt(ftruncate(fd, 0), 0);
	cr_expect(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(memfd_read(fd, 8, &text, &len), 0, "read %d", i);
		cr_expect_eq(len, 8);
		cr_expect_str_eq(text, "snapshot");
		free(text);
	}
	(void)close(fd);
}

Test(memfd, an_empty_one_is_read)
{
	char *text = NULL;
	size_t len = 1;
	int fd = -1;

	cr_assert_eq(memfd_seal("t", slice_of(NULL, 0), &fd), 0);
	cr_assert_eq(memfd_read(fd, 8, &text, &len), 0);
	cr_expect_eq(len, 0);
	free(text);
	(void)close(fd);
}

Test(memfd, what_is_not_sealed_or_too_long_is_refused)
{
	char *text = NULL;
	size_t len;
	int fd = -1;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	cr_expect_eq(memfd_read(null, 8, &text, &len), -EPERM);
	cr_assert_eq(memfd_new("t", &fd), 0);
	cr_expect_eq(memfd_read(fd, 8, &text, &len), -EPERM);
	cr_assert_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
	cr_expect_eq(memfd_read(fd, 8, &text, &len), -EPERM, "may still be written");
	(void)close(fd);
	cr_assert_eq(memfd_seal("t", SLICE("123456789"), &fd), 0);
	cr_expect_eq(memfd_read(fd, 8, &text, &len), -EFBIG);
	(void)close(fd);
	(void)close(null);
}
