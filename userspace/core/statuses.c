/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/statuses.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int statuses_init(struct statuses *s, uint32_t max)
{
	size_t sets = 1;

	while (sets * STATUSES_WAYS < max)
		sets *= 2;
	*s = (struct statuses){ .sets = sets };
	s->rows = calloc(sets * STATUSES_WAYS, sizeof(*s->rows));
	return s->rows == NULL ? -ENOMEM : 0;
}

void statuses_fini(struct statuses *s)
{
	free(s->rows);
	*s = (struct statuses){ 0 };
}

/* Any bytes of a digest will do. */
static struct status *set_of(struct statuses *s, const uint8_t *key)
{
	uint64_t n;

	memcpy(&n, key, sizeof(n));
	return s->rows + (n & (s->sets - 1)) * STATUSES_WAYS;
}

static bool is_revoked(const struct status *row)
{
	return row->used > 0 && row->what == OCSP_REVOKED;
}

/* Does @a go before @b? A free one has the least use. */
static bool goes_first(const struct status *a, const struct status *b)
{
	return is_revoked(a) == is_revoked(b) ? a->used < b->used : is_revoked(b);
}

struct status *statuses_find(struct statuses *s, const uint8_t key[OCSP_ID_BYTES])
{
	struct status *set = set_of(s, key);

	for (size_t n = 0; n < STATUSES_WAYS; n++)
		if (set[n].used > 0 && memcmp(set[n].key, key, OCSP_ID_BYTES) == 0) {
			set[n].used = ++s->uses;
			return &set[n];
		}
	return NULL;
}

struct status *statuses_at(struct statuses *s, const uint8_t key[OCSP_ID_BYTES])
{
	struct status *row = statuses_find(s, key);

	if (row != NULL)
		return row;
	row = set_of(s, key);
	for (size_t n = 1; n < STATUSES_WAYS; n++)
		if (goes_first(set_of(s, key) + n, row))
			row = set_of(s, key) + n;
	*row = (struct status){ .used = ++s->uses, .what = OCSP_FAILED };
	memcpy(row->key, key, OCSP_ID_BYTES);
	return row;
}

bool status_holds(const struct status *s, uint64_t now_ms)
{
	return s->what == OCSP_REVOKED || now_ms < s->until_ms;
}
