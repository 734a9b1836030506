/* SPDX-License-Identifier: GPL-2.0-only */
#include "sys/memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

/* Newer than Debian 12's headers. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

enum { SEALS = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL };

int memfd_new(const char *name, int *out_fd)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

	/* Linux < 6.3 does not know MFD_NOEXEC_SEAL; drop this when the floor passes it. */
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	*out_fd = fd;
	return 0;
}

static int write_all(int fd, struct slice bytes)
{
	while (bytes.len > 0) {
		ssize_t n = write(fd, bytes.ptr, bytes.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes = slice_sub(bytes, (size_t)n, bytes.len - (size_t)n);
	}
	return 0;
}

int memfd_seal(const char *name, struct slice bytes, int *out_fd)
{
	CLEAN_FD int fd = -1;
	int r = memfd_new(name, &fd);

	if (r < 0)
		return r;
	r = write_all(fd, bytes);
	if (r < 0)
		return r;
	if (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return -errno;
	*out_fd = fd_take(&fd);
	return 0;
}

/* Exactly @len bytes from the start, or -errno. */
static int read_all(int fd, char *to, size_t len)
{
	size_t have = 0;

	while (have < len) {
		ssize_t n = pread(fd, to + have, len - have, (off_t)have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
		have += (size_t)n;
	}
	return 0;
}

int memfd_read(int fd, size_t max, char **out, size_t *out_len)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;
	size_t len;
	char *p;
	int r;

	if (seals < 0 || (seals & (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)) !=
	                         (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW))
		return -EPERM;
	if (fstat(fd, &st) < 0)
		return -errno;
	if ((uint64_t)st.st_size > max)
		return -EFBIG;
	len = (size_t)st.st_size;
	p = malloc(len + 1);
	if (!p)
		return -ENOMEM;
	r = read_all(fd, p, len);
	if (r < 0) {
		explicit_bzero(p, len);
		free(p);
		return r;
	}
	p[len] = '\0';
	*out = p;
	*out_len = len;
	return 0;
}
