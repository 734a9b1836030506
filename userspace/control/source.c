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

static int64_t ns_of(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct source_stamp stamp_of(const struct stat *st)
{
	return (struct source_stamp){
		.device = st->st_dev,
		.inode = st->st_ino,
		.size = (uint64_t)st->st_size,
		.modified_ns = ns_of(st->st_mtim),
		.changed_ns = ns_of(st->st_ctim),
		.mode = st->st_mode & 07777,
	};
}

bool source_stamp_eq(const struct source_stamp *a, const struct source_stamp *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->modified_ns == b->modified_ns && a->changed_ns == b->changed_ns;
}

int source_stat(const struct source *s, const char *path, struct source_stamp *out)
{
	CLEAN_FD int fd = -1;
	struct stat st;
	int r = s->open(s->arg, path, &fd);

	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return -errno;
	*out = stamp_of(&st);
	return 0;
}

int source_read(const struct source *s, const char *path, size_t max, struct source_file *out)
{
	struct source_file f = { 0 };
	CLEAN_FD int fd = -1;
	struct stat st;
	int r = s->open(s->arg, path, &fd);

	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return -errno;
	if ((uint64_t)st.st_size > max)
		return -EFBIG;
	f.stamp = stamp_of(&st);
	f.text = malloc((size_t)st.st_size + 1);
	if (!f.text)
		return -ENOMEM;
	r = read_up_to(fd, f.text, (size_t)st.st_size, &f.len);
	f.text[f.len] = '\0';
	if (r < 0) {
		source_file_fini(&f);
		return r;
	}
	*out = f;
	return 0;
}

int source_read_text(const struct source *s, const char *path, size_t max, struct source_file *out)
{
	struct source_file f = { 0 };
	int r = source_read(s, path, max, &f);

	if (r < 0)
		return r;
	must(f.text);
	if (memchr(f.text, '\0', f.len)) {
		source_file_fini(&f);
		return -EILSEQ;
	}
	*out = f;
	return 0;
}

void source_file_fini(struct source_file *f)
{
	if (f->text)
		explicit_bzero(f->text, f->len);
	free(f->text);
	*f = (struct source_file){ 0 };
}
