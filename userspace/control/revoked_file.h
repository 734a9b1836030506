/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * revoked_file.h - the file that the configuration's `revoked` names.
 *
 * A line is "SHA256" or "SERIAL ISSUER" (proto/revoked.h), or empty, or a comment behind '#'.
 * One line that is none of these, and nothing of the file is taken.
 */
#pragma once

#include <sys/types.h>

#include "control/revoked_keys.h"
#include "control/source.h"

enum { REVOKED_FILE_BYTES_MAX = 32 * 1024 * 1024 };

/* Where an entry stands. */
struct revoked_place {
	uint32_t line;    /* from 1; of an entry that is there twice, the first */
	uint32_t text_at; /* "serial issuer", normalised, in texts; 0: it is a fingerprint */
};

struct revoked_file {
	char *path; /* as the source opens it */
	struct source_stamp read, seen;
	int error; /* of the last look; 0: none */
	struct revoked_keys keys;
	struct revoked_place *places; /* of each key */
	char *texts;                  /* NUL-terminated, the first at 1 */
};

/**
 * revoked_file_read - read it
 * @out:     revoked_file_free()
 * @out_line: written where a line is to blame: counted from 1
 *
 * Return: 0; -EINVAL a line is none; -E2BIG more than REVOKED_MAX; of source_read_text().
 */
MUST_USE int revoked_file_read(const struct source *s, const char *path, struct revoked_file **out,
                               size_t *out_line);

/**
 * revoked_file_look - read it again if it has changed and rests, which takes two looks
 *
 * What cannot be read is logged, and what was read before stays.
 * Return: 1 there is something new; 0 not; -EPIPE the source is gone.
 */
MUST_USE int revoked_file_look(struct revoked_file *f, const struct source *s);

/** revoked_file_find - the number of an entry; -1: there is none */
ssize_t revoked_file_find(const struct revoked_file *f, const uint8_t key[REVOKED_KEY_BYTES]);

void revoked_file_free(struct revoked_file *f); /* NULL is fine */
