/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/revoked_keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, REVOKED_KEY_BYTES);
}

static uint8_t *at(const struct revoked_keys *k, size_t n)
{
	return k->bytes + n * REVOKED_KEY_BYTES;
}

struct slice revoked_keys_bytes(const struct revoked_keys *k)
{
	return slice_of(k->bytes, k->len * REVOKED_KEY_BYTES);
}

void revoked_keys_settle(struct revoked_keys *k)
{
	size_t kept = 0;

	if (k->len == 0)
		return;
	qsort(k->bytes, k->len, REVOKED_KEY_BYTES, by_bytes);
	for (size_t n = 0; n < k->len; n++) {
		if (kept > 0 && by_bytes(at(k, kept - 1), at(k, n)) == 0)
			continue;
		memmove(at(k, kept++), at(k, n), REVOKED_KEY_BYTES);
	}
	k->len = kept;
}

bool revoked_keys_have(const struct revoked_keys *k, const uint8_t key[REVOKED_KEY_BYTES])
{
	return revoked_has(revoked_keys_bytes(k), key);
}

/* Which set has the smaller key next? Return: < 0 @a; > 0 @b; 0 both have the same. */
static int compare(const struct revoked_keys *a, size_t a_at, const struct revoked_keys *b,
                   size_t b_at)
{
	if (a_at == a->len)
		return 1;
	return b_at == b->len ? -1 : by_bytes(at(a, a_at), at(b, b_at));
}

static int merge(const struct revoked_keys *a, const struct revoked_keys *b, bool is_union,
                 struct revoked_keys *out)
{
	size_t cap = a->len + (is_union ? b->len : 0);
	struct revoked_keys merged = { 0 };
	size_t a_at = 0;
	size_t b_at = 0;

	if (cap > 0)
		merged.bytes = reallocarray(NULL, cap, REVOKED_KEY_BYTES);
	if (cap > 0 && !merged.bytes)
		return -ENOMEM;
	while (a_at < a->len || (is_union && b_at < b->len)) {
		int order = compare(a, a_at, b, b_at);
		const uint8_t *key = order > 0 ? at(b, b_at) : at(a, a_at);

		if (is_union || order < 0)
			memcpy(at(&merged, merged.len++), key, REVOKED_KEY_BYTES);
		a_at += order <= 0;
		b_at += order >= 0;
	}
	must(merged.len <= cap);
	*out = merged;
	return 0;
}

int revoked_keys_unite(const struct revoked_keys *a, const struct revoked_keys *b,
                       struct revoked_keys *out)
{
	return merge(a, b, true, out);
}

int revoked_keys_subtract(const struct revoked_keys *a, const struct revoked_keys *b,
                          struct revoked_keys *out)
{
	return merge(a, b, false, out);
}

void revoked_keys_fini(struct revoked_keys *k)
{
	free(k->bytes);
	*k = (struct revoked_keys){ 0 };
}
