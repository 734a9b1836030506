/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cage.h - giving up rights, for good.
 *
 * A child of the master calls cage_enter() between fork and exec, so that no line of
 * a role runs with the master's rights, and cage_keep() first thing after it.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/must.h"

struct cage_user {
	uid_t uid;
	gid_t gid;
	char name[64];
};

/**
 * cage_find_user - the first of @names that this machine has
 * @names: NULL-terminated list
 *
 * Return: 0; -ENOENT none of them.
 */
MUST_USE int cage_find_user(const char *const *names, struct cage_user *out);

/**
 * cage_enter - become @user with no capability and no way to get one
 * @user: NULL: stay who we are
 *
 * Groups, capabilities (effective, permitted, inheritable, ambient, bounding),
 * no_new_privs; SIGKILL when the parent dies. Survives execve(2).
 *
 * Return: 0; -errno: do not go on; -EPERM also when a right could be taken back.
 * Source: capabilities(7), PR_SET_NO_NEW_PRIVS(2const), setresuid(2).
 */
MUST_USE int cage_enter(const struct cage_user *user);

/**
 * cage_only_logs - SLUICE_CAGE=log in the environment: for debugging and for sanitizers
 *
 * Then the filter logs instead of killing, and the process may be traced.
 */
bool cage_only_logs(void);

/** cage_keep - what execve(2) undid: not traceable, no core, our name. Return: 0 or -errno. */
MUST_USE int cage_keep(void);

/**
 * cage_filter_worker - from here on, only the system calls a worker needs
 *
 * Anything else ends the process (SIGSYS), or is written to the kernel's audit log if
 * cage_only_logs(). Descriptors, memory and rings made
 * before stay. io_uring's own operations are not seen by this (seccomp(2)).
 *
 * Return: 0; -errno; -ENOMEM.
 */
MUST_USE int cage_filter_worker(void);
