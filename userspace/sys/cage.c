/* SPDX-License-Identifier: GPL-2.0-only */
#include "sys/cage.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int cage_find_user(const char *const *names, struct cage_user *out)
{
	for (size_t i = 0; names[i]; i++) {
		/* cppcheck-suppress getpwnamCalled; the master has one thread */
		const struct passwd *pw = getpwnam(names[i]);

		if (!pw)
			continue;
		out->uid = pw->pw_uid;
		out->gid = pw->pw_gid;
		(void)snprintf(out->name, sizeof(out->name), "%s", names[i]);
		return 0;
	}
	return -ENOENT;
}

/* What a later execve(2) could give back. Needs CAP_SETPCAP; without that there is nothing
 * in our hands that is worth dropping, and no_new_privs keeps it so. */
static int drop_bounding(void)
{
	for (unsigned long cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EINVAL)
			return errno == EPERM && geteuid() != 0 ? 0 : -errno;
	return 0;
}

static int drop_caps(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	return syscall(SYS_capset, &head, none) < 0 ? -errno : 0;
}

static int become(const struct cage_user *user)
{
	if (setgroups(0, NULL) < 0)
		return -errno;
	if (setresgid(user->gid, user->gid, user->gid) < 0)
		return -errno;
	if (setresuid(user->uid, user->uid, user->uid) < 0)
		return -errno;
	return 0;
}

int cage_enter(const struct cage_user *user)
{
	int r = drop_bounding();

	if (r == 0 && user)
		r = become(user);
	if (r == 0)
		r = drop_caps();
	if (r < 0)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	/* A change of user clears it: last. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return -errno;
	/* The kernel said yes to all of it; see that it holds. */
	if (user && user->uid != 0 && (setresuid(0, 0, 0) == 0 || setresgid(0, 0, 0) == 0))
		return -EPERM;
	return 0;
}

bool cage_only_logs(void)
{
	const char *debug = getenv("SLUICE_CAGE");

	return debug && strcmp(debug, "log") == 0;
}

int cage_keep(void)
{
	const struct rlimit no_core = { .rlim_cur = 0, .rlim_max = 0 };

	/* The name of /proc/self/exe is "exe" until somebody says better. */
	if (prctl(PR_SET_NAME, "sluiced", 0, 0, 0) < 0)
		return -errno;
	/* A sanitizer looks for leaks by tracing its own process. */
	if (!cage_only_logs() && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	return setrlimit(RLIMIT_CORE, &no_core) < 0 ? -errno : 0;
}
