/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reserved.h - header names that only we may send to an origin.
 *
 * Compared by prefix, any case, with every byte that is not a letter or a digit
 * taken for '-': gateways fold '_', '.' and others into one (CGI's HTTP_*).
 */
#pragma once

#include "base/slice.h"

enum { RESERVED_NAMES_MAX = 32 };

/* A host's own header names, beside the built-in prefixes. */
struct reserved {
	size_t len;
	struct slice names[RESERVED_NAMES_MAX]; /* any case; each works as a prefix */
};

/**
 * reserved_has - must a client's header of this name be removed?
 * @more: names from the configuration; NULL for none
 * @name: a field name as received
 */
bool reserved_has(const struct reserved *more, struct slice name);
