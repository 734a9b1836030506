/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * files.h - the master opens files for control, which has no rights of its own.
 *
 * Private keys may thus stay readable by root alone. Only regular files, only for
 * reading, only below directories the operator agreed to; no link leads out of them.
 */
#pragma once

#include "base/must.h"

enum { FILES_DIRS_MAX = 16 };

struct files {
	const char *config;               /* the one file that may be anywhere, absolute */
	const char *dirs[FILES_DIRS_MAX]; /* absolute, without a final '/' */
	unsigned int dirs_len;
};

/**
 * files_open - open @path for control
 * @path: absolute
 *
 * Return: 0; -EACCES below none of the directories; -EXDEV a link or ".." leads out of
 *         one; -EINVAL not absolute or not a regular file; -errno.
 * Source: openat2(2), RESOLVE_BENEATH.
 */
MUST_USE int files_open(const struct files *f, const char *path, int *out_fd);
