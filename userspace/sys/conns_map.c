/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * conns_map.c - making the map and pinning it: what takes rights.
 */
#include "sys/conns_map.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "abi.h"
#include "base/fd.h"
#include "conns.skel.h"

enum { DIR_MAX = 1024 };

const char *const conns_map_dir = ABI_PIN_DIR;

static int explain(char *out_err, const char *what, int error)
{
	(void)snprintf(out_err, CONNS_MAP_TEXT_MAX, "%s: %s", what, strerror(-error));
	return error;
}

static int is_bpf(const char *path)
{
	struct statfs fs;

	if (statfs(path, &fs) < 0)
		return -errno;
	return (unsigned long)fs.f_type == BPF_FS_MAGIC ? 0 : -ENOTSUP;
}

/* What is before the last '/' of @path, in place. False: there is no more. */
static bool cut_last(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return false;
	*slash = '\0';
	return true;
}

/* Nothing is made where no map could be pinned: the nearest directory that exists says. */
static int check_place(const char *dir)
{
	char path[DIR_MAX];
	int len = snprintf(path, sizeof(path), "%s", dir);
	int r;

	if (len < 1 || (size_t)len >= sizeof(path) || path[0] != '/')
		return -EINVAL;
	do {
		r = is_bpf(path);
	} while (r == -ENOENT && cut_last(path));
	return r == -ENOENT ? -ENOTSUP : r;
}

static int make_dirs(const char *dir)
{
	char path[DIR_MAX];
	int r = check_place(dir);

	for (size_t i = 1; r == 0 && i <= strlen(dir); i++) {
		if (dir[i] != '/' && dir[i] != '\0')
			continue;
		(void)snprintf(path, sizeof(path), "%.*s", (int)i, dir);
		if (mkdir(path, S_IRWXU) < 0 && errno != EEXIST)
			r = -errno;
	}
	return r;
}

/* The lock goes with its owner, however that ends. */
static int lock(const char *dir, int *out_fd)
{
	CLEAN_FD int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	*out_fd = fd_take(&fd);
	return 0;
}

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level, (void)format, (void)args;
	return 0;
}

static int make_map(int *out_fd)
{
	struct bpf_object *object;
	size_t size = 0;
	const void *elf = conns__elf_bytes(&size);
	int fd = -1;
	int r;

	/* What it would say is in errno, and stderr is a log with a form. */
	(void)libbpf_set_print(quiet);
	object = bpf_object__open_mem(elf, size, NULL);
	if (!object)
		return -errno;
	r = bpf_object__load(object);
	if (r == 0)
		fd = fcntl(bpf_object__find_map_fd_by_name(object, "sluice_conns"), F_DUPFD_CLOEXEC,
		           0);
	if (r == 0 && fd < 0)
		r = -errno;
	bpf_object__close(object);
	if (r == 0)
		*out_fd = fd;
	return r;
}

static int pin(int fd, const char *path)
{
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	return bpf_obj_pin(fd, path) < 0 ? -errno : 0;
}

int conns_map_open(const char *dir, struct conns_map *out, char *out_err)
{
	CLEAN_FD int lock_fd = -1;
	CLEAN_FD int fd = -1;
	char *path = NULL;
	int r = make_dirs(dir);

	if (r == -ENOTSUP) {
		(void)snprintf(out_err, CONNS_MAP_TEXT_MAX, "%s: no BPF file system there", dir);
		return r;
	}
	if (r == 0)
		r = lock(dir, &lock_fd);
	if (r == -EBUSY) {
		(void)snprintf(out_err, CONNS_MAP_TEXT_MAX, "%s: another sluiced has it", dir);
		return r;
	}
	if (r < 0)
		return explain(out_err, dir, r);
	r = make_map(&fd);
	if (r < 0)
		return explain(out_err, "bpf(2)", r);
	if (asprintf(&path, "%s/sluice_conns", dir) < 0)
		return explain(out_err, dir, -ENOMEM);
	r = pin(fd, path);
	if (r < 0) {
		(void)explain(out_err, path, r);
		free(path);
		return r;
	}
	*out = (struct conns_map){ .fd = fd_take(&fd),
		                   .lock_fd = fd_take(&lock_fd),
		                   .pinned = path };
	return 0;
}

void conns_map_close(struct conns_map *m)
{
	if (m->pinned)
		(void)unlink(m->pinned);
	free(m->pinned);
	fd_closep(&m->fd);
	fd_closep(&m->lock_fd);
	*m = CONNS_MAP_NONE;
}
