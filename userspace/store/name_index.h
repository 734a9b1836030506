/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * name_index.h - which host of the configuration serves a name, as a worker decides it.
 */
#pragma once

#include "base/slice.h"
#include "store/snapshot.h"

struct name_index;

/** name_index_new - of the configured hosts of @s, which must stay as they are. Return: NULL: no memory. */
struct name_index *name_index_new(const struct snapshot *s);
void name_index_free(struct name_index *x); /* NULL is fine */

/* How a host came to serve a name. */
enum name_by {
	NAME_BY_NOBODY,
	NAME_BY_ITSELF,
	NAME_BY_WILDCARD,
	NAME_BY_DEFAULT,
};

/**
 * name_index_find - the host that serves @name
 * @name:     normalised; a configured "*.example.com" is one
 * @out_host: index in the snapshot; written unless NAME_BY_NOBODY
 */
enum name_by name_index_find(const struct name_index *x, const char *name, size_t *out_host);
