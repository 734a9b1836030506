/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>

int fd_fill_standard(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return -errno;
	(void)close(fd);
	return 0;
}
