/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * source.h - where control gets files from: itself (--check) or the master, who may
 * read what control may not.
 */
#pragma once

#include "base/must.h"

#include <stddef.h>

enum { SOURCE_PATH_MAX = 4096, SOURCE_PEM_BYTES_MAX = 4 * 1024 * 1024 };

/* Opens @path for reading. Return: 0 or -errno. */
typedef int source_open(void *arg, const char *path, int *out_fd);

struct source {
	source_open *open;
	void *arg;
};

/** source_direct - open(2), regular files only */
extern const struct source source_direct;

/**
 * source_read - a whole file
 * @max: bytes
 * @out: malloc'ed, a NUL behind the last byte; may hold a key: str_cleanse_free()
 *
 * Return: 0; -EFBIG over @max; -EILSEQ it holds a NUL; -ENOMEM; -errno.
 */
MUST_USE int source_read(const struct source *s, const char *path, size_t max, char **out,
                         size_t *out_len);
