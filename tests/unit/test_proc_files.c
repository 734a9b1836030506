/* SPDX-License-Identifier: GPL-2.0-only */
#include "proc/files.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/sluice-files-XXXXXX";
static char dir[64];
static char outside[64];
static char config[64];

static void put(const char *name)
{
	int fd = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	cr_assert_geq(fd, 0, "%s", name);
	cr_assert_eq(write(fd, "x", 1), 1);
	(void)close(fd);
}

/* root/conf/{key.pem, sub/cert.pem, and links and specials}, root/outside/secret */
static void make_tree(void)
{
	cr_assert(mkdtemp(root));
	(void)snprintf(dir, sizeof(dir), "%s/conf", root);
	(void)snprintf(outside, sizeof(outside), "%s/outside", root);
	(void)snprintf(config, sizeof(config), "%s/elsewhere.yaml", root);
	cr_assert_eq(mkdir(dir, 0700), 0);
	cr_assert_eq(mkdir(outside, 0700), 0);
	cr_assert_eq(chdir(outside), 0);
	put("secret");
	put(config);
	cr_assert_eq(chdir(dir), 0);
	put("key.pem");
	cr_assert_eq(mkdir("sub", 0700), 0);
	put("sub/cert.pem");
	cr_assert_eq(symlink("sub/cert.pem", "link.pem"), 0);
	cr_assert_eq(symlink("../key.pem", "sub/up.pem"), 0);
	cr_assert_eq(symlink("../outside/secret", "out.pem"), 0);
	cr_assert_eq(symlink("/etc/passwd", "absolute.pem"), 0);
	cr_assert_eq(symlink("../outside", "outdir"), 0);
	cr_assert_eq(symlink("/proc/self/fd/0", "magic"), 0);
	cr_assert_eq(mkfifo("fifo", 0600), 0);
	cr_assert_eq(chdir("/"), 0);
}

static void remove_tree(void)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -rf '%s'", root);
	cr_assert_eq(system(command), 0);
}

TestSuite(files, .init = make_tree, .fini = remove_tree);

Test(files, only_regular_files_below_the_allowed_directories_are_opened)
{
	static const struct {
		const char *base; /* 'd': below dir; 'o': below outside; 0: as it is */
		const char *path;
		int want;
		const char *why;
	} rows[] = {
		{ "d", "/key.pem", 0, "a file in it" },
		{ "d", "/sub/cert.pem", 0, "a file below it" },
		{ "d", "/sub/../key.pem", 0, "up, but not out" },
		{ "d", "/link.pem", 0, "a link that stays inside" },
		{ "d", "/sub/up.pem", 0, "a link up that stays inside: letsencrypt's live/" },
		{ "d", "//key.pem", -EXDEV, "an absolute path behind the directory" },
		{ "d", "/../outside/secret", -EXDEV, "dot-dot out" },
		{ "d", "/sub/../../outside/secret", -EXDEV, "dot-dot out from below" },
		{ "d", "/out.pem", -EXDEV, "a link out" },
		{ "d", "/absolute.pem", -EXDEV, "an absolute link" },
		{ "d", "/outdir/secret", -EXDEV, "through a directory that is a link out" },
		{ "d", "/magic", -EXDEV, "a link into /proc" },
		{ "d", "/fifo", -EINVAL, "a FIFO: refused without waiting for a writer" },
		{ "d", "/sub", -EINVAL, "a directory" },
		{ "d", "/none", -ENOENT, "nothing there" },
		{ "d", "", -EACCES, "the directory itself" },
		{ "d", "/", -EACCES, "the directory itself, with a slash" },
		{ "d", "x/key.pem", -EACCES, "another directory whose name begins alike" },
		{ "o", "/secret", -EACCES, "elsewhere" },
		{ NULL, "/etc/passwd", -EACCES, "elsewhere" },
		{ NULL, "/dev/zero", -EACCES, "a device" },
		{ NULL, "key.pem", -EINVAL, "not absolute" },
		{ NULL, "", -EINVAL, "empty" },
	};
	const struct files f = { .config = config, .dirs = { "/nowhere", dir }, .dirs_len = 2 };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char path[160];
		int fd = -1;

		(void)snprintf(path, sizeof(path), "%s%s",
		               rows[i].base == NULL     ? ""
		               : rows[i].base[0] == 'd' ? dir
		                                        : outside,
		               rows[i].path);
		cr_expect_eq(files_open(&f, path, &fd), rows[i].want, "%s", rows[i].why);
		cr_expect_eq(fd >= 0, rows[i].want == 0, "%s", rows[i].why);
		if (fd >= 0) {
			cr_expect(fcntl(fd, F_GETFD) & FD_CLOEXEC);
			cr_expect_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
			(void)close(fd);
		}
	}
}

Test(files, the_configuration_itself_may_be_anywhere)
{
	const struct files f = { .config = config, .dirs = { dir }, .dirs_len = 1 };
	int fd = -1;

	cr_expect_eq(files_open(&f, config, &fd), 0);
	(void)close(fd);
}
