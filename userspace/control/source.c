/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

static int open_direct(void *arg, const char *path, int *out_fd)
{
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	(void)arg;
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	*out_fd = fd_take(&fd);
	return 0;
}

const struct source source_direct = { .open = open_direct };

/* Up to @cap bytes; a file that grows while it is read ends there. */
static int read_up_to(int fd, char *to, size_t cap, size_t *out_len)
{
	size_t have = 0;

	while (have < cap) {
		ssize_t n = pread(fd, to + have, cap - have, (off_t)have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	*out_len = have;
	return 0;
}

int source_read(const struct source *s, const char *path, size_t max, char **out, size_t *out_len)
{
	CLEAN_FD int fd = -1;
	size_t len = 0;
	struct stat st;
	char *text;
	int r = s->open(s->arg, path, &fd);

	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return -errno;
	if ((uint64_t)st.st_size > max)
		return -EFBIG;
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return -ENOMEM;
	r = read_up_to(fd, text, (size_t)st.st_size, &len);
	text[len] = '\0';
	if (r == 0 && memchr(text, '\0', len))
		r = -EILSEQ;
	if (r < 0) {
		explicit_bzero(text, len);
		free(text);
		return r;
	}
	*out = text;
	*out_len = len;
	return 0;
}
