/* SPDX-License-Identifier: GPL-2.0-only */
#include "proc/files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"

/* O_NONBLOCK: a FIFO or a device must not hold the master up before it is refused. */
enum { FLAGS = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY };

/* What is left of @path below @dir, or NULL. */
static const char *below(const char *dir, const char *path)
{
	size_t len = strlen(dir);

	if (strncmp(path, dir, len) != 0 || path[len] != '/' || path[len + 1] == '\0')
		return NULL;
	return path + len + 1;
}

static int open_beneath(const char *dir, const char *rest, int *out_fd)
{
	const struct open_how how = {
		.flags = FLAGS,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	CLEAN_FD int at = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	long fd;

	if (at < 0)
		return -errno;
	fd = syscall(SYS_openat2, at, rest, &how, sizeof(how));
	if (fd < 0)
		return -errno;
	*out_fd = (int)fd;
	return 0;
}

static int open_any(const struct files *f, const char *path, int *out_fd)
{
	if (strcmp(path, f->config) == 0) {
		*out_fd = open(path, FLAGS);
		return *out_fd < 0 ? -errno : 0;
	}
	for (unsigned int i = 0; i < f->dirs_len; i++) {
		const char *rest = below(f->dirs[i], path);

		if (rest)
			return open_beneath(f->dirs[i], rest, out_fd);
	}
	return -EACCES;
}

int files_open(const struct files *f, const char *path, int *out_fd)
{
	CLEAN_FD int fd = -1;
	struct stat st;
	int r;

	if (path[0] != '/')
		return -EINVAL;
	r = open_any(f, path, &fd);
	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	*out_fd = fd_take(&fd);
	return 0;
}
