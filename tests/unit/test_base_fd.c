/* SPDX-License-Identifier: GPL-2.0-only */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/fd.h"

/* In a child of its own: Criterion needs its streams. Bit n of the result: stream n is /dev/null. */
static int filled_after_closing(unsigned int streams)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		struct stat null;
		struct stat st;
		int bits = 0;

		for (int fd = 0; fd <= 2; fd++)
			if (streams & 1U << fd)
				(void)close(fd);
		if (fd_fill_standard() < 0 || stat("/dev/null", &null) < 0)
			_exit(255);
		for (int fd = 0; fd <= 2; fd++)
			if (fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) &&
			    st.st_rdev == null.st_rdev)
				bits |= 1 << fd;
		_exit(bits);
	}
	cr_assert_gt(pid, 0);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

Test(fd, closed_standard_streams_become_dev_null)
{
	int before = filled_after_closing(0); /* how the test itself was started */

	for (unsigned int closed = 0; closed < 8; closed++)
		cr_expect_eq(filled_after_closing(closed), before | (int)closed, "closed %u",
		             closed);
}

Test(fd, nothing_stays_open_beside_them)
{
	int before = open("/dev/null", O_RDONLY);
	int after;

	cr_assert_eq(close(before), 0);
	cr_assert_eq(fd_fill_standard(), 0);
	after = open("/dev/null", O_RDONLY);
	cr_expect_eq(after, before);
	cr_assert_eq(close(after), 0);
}
