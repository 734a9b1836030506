/* SPDX-License-Identifier: GPL-2.0-only */
#include "proc/api_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "sys/addr.h"

enum { DIRECTORY_MODE = 0755, PERMISSIONS = 0777 };

static const struct sockaddr *address(const struct msg_api *want)
{
	return (const struct sockaddr *)&want->addr;
}

static const char *path_of(const struct msg_api *want)
{
	return ((const struct sockaddr_un *)&want->addr)->sun_path;
}

static int open_socket(const struct msg_api *want, int *out_fd)
{
	int fd = socket(want->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	*out_fd = fd;
	return 0;
}

/* Does somebody listen there? Return: 0 no; -EADDRINUSE. */
static int knock(const struct msg_api *want)
{
	CLEAN_FD int fd = -1;
	int r = open_socket(want, &fd);

	if (r < 0)
		return r;
	if (connect(fd, address(want), want->addr_len) == 0 || errno == EAGAIN)
		return -EADDRINUSE;
	return errno == ECONNREFUSED || errno == ENOENT ? 0 : -errno;
}

/* What a master that was killed left behind is in the way; anything else is not ours. */
static int remove_stale(const struct msg_api *want)
{
	struct stat st;
	int r;

	if (lstat(path_of(want), &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	r = knock(want);
	if (r < 0)
		return r;
	return unlink(path_of(want)) < 0 && errno != ENOENT ? -errno : 0;
}

static int make_directory(const struct msg_api *want)
{
	char directory[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	const char *slash = strrchr(path_of(want), '/');
	size_t len = (size_t)(slash - path_of(want));

	if (len == 0)
		return 0;
	memcpy(directory, path_of(want), len);
	directory[len] = '\0';
	return mkdir(directory, DIRECTORY_MODE) < 0 && errno != EEXIST ? -errno : 0;
}

/* The mode is the umask's doing: there is no moment at which the file has another. */
static int bind_file(const struct msg_api *want, int fd)
{
	mode_t before = umask(PERMISSIONS & ~(mode_t)want->mode);
	int r = bind(fd, address(want), want->addr_len) < 0 ? -errno : 0;

	(void)umask(before);
	return r;
}

static int open_file(const struct msg_api *want, struct api_socket *out)
{
	CLEAN_FD int fd = -1;
	struct stat st;
	int r = want->is_default ? make_directory(want) : 0;

	if (r == 0)
		r = remove_stale(want);
	if (r == 0)
		r = open_socket(want, &fd);
	if (r == 0)
		r = bind_file(want, fd);
	if (r < 0)
		return r;
	/* Not followed, were it replaced by a link meanwhile. */
	if (lchown(path_of(want), want->uid, want->gid) < 0 || lstat(path_of(want), &st) < 0 ||
	    listen(fd, API_BACKLOG) < 0) {
		r = -errno;
		(void)unlink(path_of(want));
		return r;
	}
	*out = (struct api_socket){ .fd = fd_take(&fd), .device = st.st_dev, .inode = st.st_ino };
	return 0;
}

static int open_port(const struct msg_api *want, struct api_socket *out)
{
	CLEAN_FD int fd = -1;
	const int on = 1;
	int r = open_socket(want, &fd);

	if (r < 0)
		return r;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, address(want), want->addr_len) < 0 || listen(fd, API_BACKLOG) < 0)
		return -errno;
	*out = (struct api_socket){ .fd = fd_take(&fd) };
	return 0;
}

int api_socket_open(const struct msg_api *want, struct api_socket *out, char *out_err)
{
	char text[ADDR_TEXT_MAX];
	struct sink s = sink_of(text, sizeof(text));
	int r;

	must(want->addr_len > 0);
	if (want->addr.ss_family == AF_UNIX)
		r = open_file(want, out);
	else
		r = open_port(want, out);
	if (r == 0)
		return 0;
	addr_format(&want->addr, &s);
	(void)snprintf(out_err, MSG_TEXT_MAX, "api.listen: %.*s: %s", (int)s.len, text,
	               strerror(-r));
	return r;
}

void api_socket_close(struct api_socket *s, const struct msg_api *want)
{
	struct stat st;

	if (s->fd < 0)
		return;
	(void)close(s->fd);
	if (want->addr.ss_family == AF_UNIX && lstat(path_of(want), &st) == 0 &&
	    st.st_dev == s->device && st.st_ino == s->inode)
		(void)unlink(path_of(want));
	*s = API_SOCKET_NONE;
}
