/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/aead.h"

#include <errno.h>
#include <stdlib.h>

struct aead_slot {
	uint64_t key_id; /* 0: empty */
	struct aead_key *key;
};

struct aead_cache {
	const struct aead_ops *ops;
	size_t mask; /* slots - 1; slots is a power of two */
	struct aead_slot slots[];
};

uint64_t aead_key_id(bool seal)
{
	static uint64_t last;

	last += 2;
	return last | (seal ? 1 : 0);
}

int aead_cache_new(size_t entries, struct aead_cache **out)
{
	const struct aead_ops *ops = aead_evp();
	struct aead_cache *c;
	size_t slots = 2;

	if (!ops)
		return -ENOTSUP;
	while (slots < entries)
		slots *= 2;
	c = calloc(1, sizeof(*c) + slots * sizeof(c->slots[0]));
	if (!c)
		return -ENOMEM;
	c->ops = ops;
	c->mask = slots - 1;
	*out = c;
	return 0;
}

void aead_cache_free(struct aead_cache *c)
{
	if (!c)
		return;
	for (size_t i = 0; i <= c->mask; i++)
		c->ops->key_free(c->slots[i].key);
	free(c);
}

struct aead_key *aead_cache_get(struct aead_cache *c, enum record_suite suite,
                                const struct record_dir *d, const struct aead_ops **out_ops)
{
	struct aead_slot *s = &c->slots[d->key_id & c->mask];

	must(d->key_id != 0);
	if (s->key_id != d->key_id) {
		s->key_id = 0;
		if (!s->key)
			s->key = c->ops->key_new();
		if (!s->key || c->ops->key_set(s->key, suite, d->key_id & 1, d->key) < 0)
			return NULL;
		s->key_id = d->key_id;
	}
	*out_ops = c->ops;
	return s->key;
}

void aead_cache_forget(struct aead_cache *c, enum record_suite suite, const struct record_dir *d)
{
	static const uint8_t nothing[sizeof(d->key)];
	struct aead_slot *s = &c->slots[d->key_id & c->mask];

	if (d->key_id == 0 || s->key_id != d->key_id)
		return;
	s->key_id = 0;
	if (c->ops->key_set(s->key, suite, d->key_id & 1, nothing) == 0)
		return;
	c->ops->key_free(s->key);
	s->key = NULL;
}
