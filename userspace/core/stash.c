/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/stash.h"

#include <errno.h>

static struct pool *pool_of(struct stashes *pools, const uint8_t *block)
{
	return pool_owns(&pools->small, block) ? &pools->small : &pools->bulk;
}

size_t stash_cap(const struct stashes *pools, const struct stash *s)
{
	if (s->block == NULL)
		return 0;
	return pool_owns(&pools->small, s->block) ? pools->small.block : pools->bulk.block;
}

int stash_reserve(struct stashes *pools, struct stash *s, size_t extra)
{
	size_t left = s->len - s->at;
	size_t cap = stash_cap(pools, s);
	uint8_t *block;

	must(extra > 0 && extra <= BULK_BLOCK_BYTES);
	if (cap >= s->len + extra)
		return 0;
	if (cap >= left + extra) {
		memmove(s->block, s->block + s->at, left);
	} else {
		if (left + extra > BULK_BLOCK_BYTES)
			return -ENOBUFS;
		block = pool_get(left + extra <= pools->small.block ? &pools->small : &pools->bulk);
		if (block == NULL)
			return -ENOBUFS;
		if (s->block != NULL) {
			memcpy(block, s->block + s->at, left);
			pool_put(pool_of(pools, s->block), s->block);
		}
		s->block = block;
	}
	s->at = 0;
	s->len = (uint32_t)left;
	return 0;
}

struct sink stash_sink(const struct stashes *pools, const struct stash *s)
{
	return (struct sink){ .ptr = s->block, .len = s->len, .cap = stash_cap(pools, s) };
}

int stash_keep(struct stashes *pools, struct stash *s, struct slice bytes)
{
	struct stash made = { 0 };
	int err;

	if (bytes.len == 0) {
		stash_drop(pools, s);
		return 0;
	}
	if (stash_cap(pools, s) >= bytes.len) {
		memmove(s->block, bytes.ptr, bytes.len);
		s->at = 0;
		s->len = (uint32_t)bytes.len;
		return 0;
	}
	if (bytes.len > BULK_BLOCK_BYTES)
		return -ENOBUFS;
	err = stash_reserve(pools, &made, bytes.len);
	if (err < 0)
		return err;
	memcpy(made.block, bytes.ptr, bytes.len);
	made.len = (uint32_t)bytes.len;
	stash_drop(pools, s);
	*s = made;
	return 0;
}

void stash_drop(struct stashes *pools, struct stash *s)
{
	if (s->block != NULL)
		pool_put(pool_of(pools, s->block), s->block);
	*s = (struct stash){ 0 };
}
