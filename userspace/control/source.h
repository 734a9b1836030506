/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * source.h - where control gets files from: itself (--check) or the master, who may
 * read what control may not.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"

enum { SOURCE_PATH_MAX = 4096, SOURCE_PEM_BYTES_MAX = 4 * 1024 * 1024 };

/* By which a file that has changed is told from one that has not: stat(2). */
struct source_stamp {
	uint64_t device, inode, size;
	int64_t modified_ns, changed_ns;
	uint32_t mode; /* permission bits; a change of them is in changed_ns */
};

struct source_file {
	char *text; /* malloc'ed, a NUL behind the last byte */
	size_t len;
	struct source_stamp stamp; /* as it was before it was read */
};

/* Opens @path for reading. Return: 0 or -errno. */
typedef int source_open(void *arg, const char *path, int *out_fd);

struct source {
	source_open *open;
	void *arg;
};

/** source_direct - open(2), regular files only */
extern const struct source source_direct;

/** source_stat - what a file looks like now. Return: 0 or -errno. */
MUST_USE int source_stat(const struct source *s, const char *path, struct source_stamp *out);

bool source_stamp_eq(const struct source_stamp *a, const struct source_stamp *b);

/**
 * source_read - a whole file
 * @max: bytes
 * @out: may hold a key: source_file_fini()
 *
 * Return: 0; -EFBIG over @max; -ENOMEM; -errno.
 */
MUST_USE int source_read(const struct source *s, const char *path, size_t max,
                         struct source_file *out);

/** source_read_text - the same of a file of text. Return: also -EILSEQ it holds a NUL. */
MUST_USE int source_read_text(const struct source *s, const char *path, size_t max,
                              struct source_file *out);

/** source_file_fini - wipe and free; of an empty one nothing */
void source_file_fini(struct source_file *f);
