/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdlib.h>

#include "tls/identity_priv.h"

static struct slice lines(const struct identity_block *b)
{
	return slice_of(b->bytes + b->key_len, b->len);
}

/* Renders into the scratch first: how long it will be nobody knows. */
static int render(struct identity_cache *c, const struct identity_meta *meta,
                  const struct identity_headers *headers, struct identity_block **out)
{
	const struct slice key = headers->key;
	struct sink text = sink_of(c->scratch, IDENTITY_BLOCK_MAX);
	struct identity_block *b;

	identity_render(headers, meta, &text);
	if (text.overflow)
		return -EMSGSIZE;
	b = malloc(sizeof(*b) + key.len + text.len);
	if (!b)
		return -ENOMEM;
	*b = (struct identity_block){ .key_len = key.len, .len = text.len };
	slice_copy(b->bytes, key);
	slice_copy(b->bytes + key.len, sink_slice(&text));
	*out = b;
	return 0;
}

static size_t cost(const struct identity_block *b)
{
	return sizeof(*b) + b->key_len + b->len;
}

/* @i NULL: those of a client without a certificate, which are few and small. */
static void count(struct identity_cache *c, struct identity *i, const struct identity_block *b)
{
	if (!i)
		return;
	i->bytes += cost(b);
	c->bytes += cost(b);
}

/* The block rendered longest ago, out of a full list. */
static void forget_first(struct identity_cache *c, struct identity *i, struct identity_block **list)
{
	struct identity_block *first = *list;

	if (i) {
		i->bytes -= cost(first);
		c->bytes -= cost(first);
	}
	*list = first->next;
	free(first);
}

int identity_block(struct identity_cache *c, struct identity *i,
                   const struct identity_headers *headers, struct slice *out)
{
	static const struct identity_meta nobody = { .verdict = SLICE("NONE") };
	struct identity_block **at = i ? &i->blocks : &c->anonymous;
	size_t blocks = 0;
	int rc;

	must(headers->len == 0 || headers->key.len > 0);
	for (; *at; at = &(*at)->next, blocks++) {
		if (slice_eq(slice_of((*at)->bytes, (*at)->key_len), headers->key)) {
			*out = lines(*at);
			return 0;
		}
	}
	if (blocks >= IDENTITY_BLOCKS_MAX)
		forget_first(c, i, i ? &i->blocks : &c->anonymous);
	rc = render(c, i ? &i->meta : &nobody, headers, at);
	if (rc < 0)
		return rc;
	count(c, i, *at);
	*out = lines(*at);
	return 0;
}
