/* SPDX-License-Identifier: GPL-2.0-only */
#include "proc/detach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include "base/fd.h"
#include "sys/conns_map.h"
#include "sys/xdp.h"

int detach_main(const char *dir)
{
	CLEAN_FD int fd = -1;
	int r;

	if (!dir)
		dir = conns_map_dir;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		(void)printf("%s: nothing is there\n", dir);
		return 0;
	}
	/* The lock of who uses it. */
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
		(void)fprintf(stderr,
		              "sluiced: %s: a sluiced that runs has it; it detaches when it ends\n",
		              dir);
		return 1;
	}
	r = fd < 0 ? -errno : xdp_remove(dir);
	if (r < 0) {
		(void)fprintf(stderr, "sluiced: %s: %s\n", dir, strerror(-r));
		return 1;
	}
	(void)printf("%s: %d pins removed\n", dir, r);
	return 0;
}
