/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

int pool_init(struct pool *p, size_t block, uint32_t count)
{
	struct pool made = { .block = (block + 63) & ~(size_t)63,
		             .count = count,
		             .free_len = count };
	void *base;

	must(block > 0 && block <= (size_t)1 << 30);
	must(count <= 1U << 20);
	if (count == 0) {
		*p = made;
		return 0;
	}
	made.free = malloc(count * sizeof(made.free[0]));
	if (made.free == NULL)
		return -ENOMEM;
	base = mmap(NULL, made.block * count, PROT_READ | PROT_WRITE,
	            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED) {
		free(made.free);
		return -ENOMEM;
	}
	made.base = base;
	/* Block 0 on top: low blocks are used first and high ones stay untouched. */
	for (uint32_t i = 0; i < count; i++)
		made.free[i] = count - 1 - i;
	*p = made;
	return 0;
}

void pool_fini(struct pool *p)
{
	if (p->base != NULL)
		(void)munmap(p->base, p->block * p->count);
	free(p->free);
	*p = (struct pool){ 0 };
}

void *pool_get(struct pool *p)
{
	if (p->free_len == 0)
		return NULL;
	return p->base + p->block * p->free[--p->free_len];
}

void pool_put(struct pool *p, void *block)
{
	size_t at = (size_t)((uint8_t *)block - p->base);

	must(pool_owns(p, block));
	must(at % p->block == 0);
	must(p->free_len < p->count);
	p->free[p->free_len++] = (uint32_t)(at / p->block);
}
