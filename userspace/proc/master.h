/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * master.h - the role with the rights: opens, starts, passes on, restarts. Parses nothing
 * that an operator or a peer wrote, but its own command line.
 */
#pragma once

#include "proc/files.h"

struct master_conf {
	const char *config;      /* path of the configuration file */
	const char *user_worker; /* NULL: the first of the usual ones that exists */
	const char *user_control;
	const char *allow_dirs[FILES_DIRS_MAX]; /* beside the usual ones */
	unsigned int allow_dirs_len;
	const char
		*bpf_dir; /* where sluice_conns is pinned; "none": nowhere; NULL: the usual place */
};

/**
 * master_main - run until told to stop
 *
 * SIGTERM, SIGINT: drain, a second one ends at once. SIGHUP: read the configuration again.
 *
 * Return: exit status. 0 after a drain; 1 when it could not start.
 */
int master_main(const struct master_conf *conf);
