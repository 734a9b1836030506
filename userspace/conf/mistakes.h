/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mistakes.h - what is wrong with a configuration file, all of it, with lines.
 */
#pragma once

#include <stddef.h>

#include "base/must.h"

enum { MISTAKES_MAX = 200, MISTAKE_TEXT_MAX = 640 };

struct mistake {
	unsigned int line; /* from 1 */
	size_t order;      /* of discovery, among those of one line */
	char *text;
};

struct mistakes {
	struct mistake rows[MISTAKES_MAX];
	size_t len;
	size_t total; /* found; those past MISTAKES_MAX are counted only */
};

/** mistakes_add - note one; printf(3) form, "path.to.key: what is wrong" */
__attribute__((format(printf, 3, 4))) void mistakes_add(struct mistakes *m, unsigned int line,
                                                        const char *format, ...);

/* Gets each line of a report, without a line end. */
typedef void mistakes_say(void *arg, const char *text);

/**
 * mistakes_report - say them all, "FILE:LINE: text", in the order of their lines
 * @file: as the operator named it
 */
void mistakes_report(struct mistakes *m, const char *file, mistakes_say *say, void *arg);

/** mistakes_fini - forget them; @m may be used again */
void mistakes_fini(struct mistakes *m);
