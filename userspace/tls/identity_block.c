/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdlib.h>

#include "tls/identity_priv.h"

enum { KEY_MAX = 4096 };

/* Headers as bytes that are equal when the headers are. */
static void put_key(const struct identity_headers *headers, struct sink *out)
{
	must(headers->len <= IDENTITY_HEADERS_MAX);
	for (size_t n = 0; n < headers->len; n++) {
		sink_put(out, headers->row[n].name);
		sink_putc(out, '\n'); /* is in no token */
		sink_putc(out, (char)headers->row[n].field);
	}
}

static struct slice lines(const struct identity_block *b)
{
	return slice_of(b->bytes + b->key_len, b->len);
}

/* Renders into the scratch first: how long it will be nobody knows. */
static int render(struct identity_cache *c, const struct identity_meta *meta,
                  const struct identity_headers *headers, struct slice key,
                  struct identity_block **out)
{
	struct sink text = sink_of(c->scratch, IDENTITY_BLOCK_MAX);
	struct identity_block *b;

	identity_render(headers, meta, &text);
	if (text.overflow)
		return -EMSGSIZE;
	b = malloc(sizeof(*b) + key.len + text.len);
	if (!b)
		return -ENOMEM;
	*b = (struct identity_block){ .key_len = key.len, .len = text.len };
	memcpy(b->bytes, key.ptr, key.len);
	memcpy(b->bytes + key.len, text.ptr, text.len);
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
	uint8_t bytes[KEY_MAX];
	struct sink key = sink_of(bytes, sizeof(bytes));
	size_t blocks = 0;
	int rc;

	put_key(headers, &key);
	if (key.overflow)
		return -EMSGSIZE;
	for (; *at; at = &(*at)->next, blocks++) {
		if (slice_eq(slice_of((*at)->bytes, (*at)->key_len), sink_slice(&key))) {
			*out = lines(*at);
			return 0;
		}
	}
	if (blocks >= IDENTITY_BLOCKS_MAX)
		forget_first(c, i, i ? &i->blocks : &c->anonymous);
	rc = render(c, i ? &i->meta : &nobody, headers, sink_slice(&key), at);
	if (rc < 0)
		return rc;
	count(c, i, *at);
	*out = lines(*at);
	return 0;
}
