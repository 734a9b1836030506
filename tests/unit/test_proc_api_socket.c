/* SPDX-License-Identifier: GPL-2.0-only */
#include "proc/api_socket.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/slice.h"
#include "sys/addr.h"

static char directory[] = "/tmp/sluice-XXXXXX";
static char path[64];
static char err[MSG_TEXT_MAX];
static struct msg_api want;
static struct api_socket got;

static void aim(const char *name)
{
	char text[96];

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	(void)snprintf(text, sizeof(text), "unix:%s", path);
	want = (struct msg_api){ .mode = 0640, .uid = UINT32_MAX, .gid = UINT32_MAX };
	cr_assert_eq(addr_parse(slice_of(text, strlen(text)), &want.addr, &want.addr_len), 0);
}

static void start(void)
{
	cr_assert_not_null(mkdtemp(directory));
	got = API_SOCKET_NONE;
	err[0] = '\0';
	aim("s");
}

static void stop(void)
{
	(void)unlink(path);
	(void)rmdir(directory);
}

TestSuite(api_socket, .init = start, .fini = stop);

static mode_t mode_of(const char *file)
{
	struct stat st;

	return lstat(file, &st) == 0 ? st.st_mode : 0;
}

Test(api_socket, the_file_has_its_mode_whatever_the_umask_and_goes_with_it)
{
	mode_t before = umask(0);

	cr_assert_eq(api_socket_open(&want, &got, err), 0, "%s", err);
	cr_expect_eq(mode_of(path), S_IFSOCK | 0640);
	cr_expect_eq(umask(before), 0, "the umask is as it was");
	api_socket_close(&got, &want);
	cr_expect_eq(got.fd, -1);
	cr_expect_eq(mode_of(path), 0);
}

Test(api_socket, one_that_is_listened_on_stays_and_one_that_is_not_goes)
{
	struct api_socket second = API_SOCKET_NONE;
	char text[128];

	cr_assert_eq(api_socket_open(&want, &got, err), 0);
	cr_expect_eq(api_socket_open(&want, &second, err), -EADDRINUSE);
	(void)snprintf(text, sizeof(text), "api.listen: unix:%s: %s", path, strerror(EADDRINUSE));
	cr_expect_str_eq(err, text);
	(void)close(got.fd); /* as if killed: the file stays */
	cr_expect_eq(api_socket_open(&want, &second, err), 0, "%s", err);
	api_socket_close(&second, &want);
}

Test(api_socket, what_is_no_socket_is_left_alone)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	cr_assert_geq(fd, 0);
	(void)close(fd);
	cr_expect_eq(api_socket_open(&want, &got, err), -EEXIST);
	cr_expect(S_ISREG(mode_of(path)));
	cr_expect_eq(got.fd, -1);
}

Test(api_socket, a_file_that_somebody_put_in_its_place_is_not_removed)
{
	int fd;

	cr_assert_eq(api_socket_open(&want, &got, err), 0);
	cr_assert_eq(unlink(path), 0);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	(void)close(fd);
	api_socket_close(&got, &want);
	cr_expect(S_ISREG(mode_of(path)));
}

Test(api_socket, only_a_default_one_has_its_directory_made)
{
	char sub[64];

	aim("sub/s");
	cr_expect_eq(api_socket_open(&want, &got, err), -ENOENT);
	want.is_default = 1;
	cr_expect_eq(api_socket_open(&want, &got, err), 0, "%s", err);
	api_socket_close(&got, &want);
	(void)snprintf(sub, sizeof(sub), "%s/sub", directory);
	cr_expect_eq(rmdir(sub), 0);
}

Test(api_socket, a_port_of_the_loopback_is_one_too)
{
	const struct sockaddr_in in = { .sin_family = AF_INET,
		                        .sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };

	want = (struct msg_api){ .addr_len = sizeof(in) };
	memcpy(&want.addr, &in, sizeof(in));
	cr_assert_eq(api_socket_open(&want, &got, err), 0, "%s", err);
	api_socket_close(&got, &want);
	cr_expect_eq(got.fd, -1);
}
