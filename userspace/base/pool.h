/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pool.h - equal blocks of memory, all reserved at start, lent out and taken back.
 *
 * The last block given back is the first lent again: it is the one in the CPU's
 * cache. Blocks are address space until first touched (MAP_NORESERVE), so a
 * generous pool costs nothing while it is not used.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/must.h"

struct pool {
	uint8_t *base;
	uint32_t *free; /* stack of block numbers */
	size_t block;   /* bytes, a multiple of 64 */
	uint32_t count;
	uint32_t free_len;
};

/**
 * pool_init - reserve @count blocks of @block bytes
 * @block: 1..2^30, rounded up to a multiple of 64
 * @count: 0..2^20
 *
 * Return: 0 or -ENOMEM.
 */
MUST_USE int pool_init(struct pool *p, size_t block, uint32_t count);
void pool_fini(struct pool *p);

/** pool_get - a block, its content undefined; NULL when all are lent out */
void *pool_get(struct pool *p);

/** pool_put - give a block back; it came from this pool */
void pool_put(struct pool *p, void *block);

/** pool_owns - does @block lie in this pool? */
static inline int pool_owns(const struct pool *p, const void *block)
{
	uintptr_t at = (uintptr_t)block - (uintptr_t)p->base;

	return (uintptr_t)block >= (uintptr_t)p->base && at < p->block * p->count;
}
