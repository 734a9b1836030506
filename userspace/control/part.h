/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * part.h - the files a host is made of.
 */
#pragma once

#include "control/source.h"

enum part { PART_CERTIFICATE, PART_KEY, PART_CA, PART_CRL };

/**
 * part_read - one of them, as the text that goes into the snapshot
 * @out: source_file_fini(). Of CRLs, which may be PEM or DER: PEM of nothing else.
 *
 * Return: 0; -EBADMSG no CRL can be read in it; of source_read_text().
 */
MUST_USE int part_read(const struct source *s, enum part part, const char *path,
                       struct source_file *out);

/** part_append - @more behind *@text, which may be NULL. Return: 0; -ENOMEM: it is as it was. */
MUST_USE int part_append(char **text, const char *more);

/** part_error - what @error, negative, means for a file */
const char *part_error(int error);
