/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stash.h - bytes that must wait, in a block lent by the worker.
 *
 * A connection at rest has no block at all. A block is small (any head with the
 * identity lines, or a turn of a few records) or large (a turn of a body on the
 * move, BULK_BYTES of it). Both pools are bounded: nobody queues without end.
 */
#pragma once

#include "base/pool.h"
#include "base/sink.h"

enum {
	SMALL_BLOCK_BYTES = 131072,
	BULK_BYTES = 524288,       /* plaintext moved in one turn while a body flows */
	BULK_BLOCK_BYTES = 557056, /* the same with its record headers and tags */
};

struct stashes {
	struct pool small, bulk;
};

struct stash {
	uint8_t *block; /* NULL: none lent */
	uint32_t at;    /* first byte not dealt with */
	uint32_t len;   /* end of the bytes; at <= len <= capacity */
};

/** stash_left - the bytes that wait */
static inline struct slice stash_left(const struct stash *s)
{
	return slice_of(s->block == NULL ? NULL : s->block + s->at, s->len - s->at);
}

static inline bool stash_is_empty(const struct stash *s)
{
	return s->at == s->len;
}

/** stash_cap - bytes the lent block holds, 0 without one */
size_t stash_cap(const struct stashes *pools, const struct stash *s);

/**
 * stash_reserve - have room for @extra bytes behind what waits
 * @extra: 1..BULK_BLOCK_BYTES
 *
 * Return: 0; -ENOBUFS the pool is empty or no block is that large; what waits is kept.
 */
MUST_USE int stash_reserve(struct stashes *pools, struct stash *s, size_t extra);

/** stash_sink - append to the stash through a sink; stash_commit() takes what was written */
struct sink stash_sink(const struct stashes *pools, const struct stash *s);

static inline void stash_commit(struct stash *s, const struct sink *written)
{
	s->len = (uint32_t)written->len;
}

/**
 * stash_keep - make the stash hold exactly @bytes
 * @bytes: may lie in the stash's own block
 *
 * Gives the block back when @bytes is empty; keeps a block that is large enough. Return: 0; -ENOBUFS.
 */
MUST_USE int stash_keep(struct stashes *pools, struct stash *s, struct slice bytes);

/** stash_drop - forget the bytes, give the block back */
void stash_drop(struct stashes *pools, struct stash *s);
