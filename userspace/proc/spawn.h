/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * spawn.h - a role is this program started again, with fewer rights.
 */
#pragma once

#include <sys/types.h>

#include "sys/cage.h"

enum { SPAWN_ARGS_MAX = 6 };

struct spawn {
	const char *argv[SPAWN_ARGS_MAX + 1]; /* NULL-terminated; argv[0] is for ps(1) */
	const struct cage_user *user;         /* NULL: stays who we are */
	int stats_fd;                         /* at STATS_FD in the child */
	int conns_fd;                         /* at CONNS_FD */
	int conns_map_fd;                     /* at CONNS_MAP_FD; -1: it has none */
};

/**
 * spawn_role - fork, give up rights, exec /proc/self/exe
 * @out_pid:     of the child
 * @out_channel: our end; the child finds its own at CHANNEL_FD
 *
 * The child has its three standard streams, the descriptors of sys/channel.h, an environment
 * of the few variables it may have, ignores SIGINT, SIGTERM and SIGHUP (it is told through
 * the channel), and exits 127 if it cannot be started.
 *
 * Return: 0 or -errno.
 */
MUST_USE int spawn_role(const struct spawn *s, pid_t *out_pid, int *out_channel);
