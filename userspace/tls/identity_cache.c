/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "tls/digest.h"
#include "tls/identity_priv.h"
#include "tls/suite.h"
#include "tls/x509.h"

int identity_cache_new(size_t entries, struct worker_stats *stats, struct identity_cache **out)
{
	struct identity_cache *c = calloc(1, sizeof(*c));
	size_t buckets = 16;

	if (!c)
		return -ENOMEM;
	while (buckets < entries)
		buckets *= 2;
	c->buckets = calloc(buckets, sizeof(struct identity *));
	c->scratch = malloc(IDENTITY_SCRATCH_BYTES);
	c->mask = buckets - 1;
	c->entries = entries;
	c->stats = stats;
	c->revoked.generation = 1;
	if (!c->buckets || !c->scratch || digest_init() < 0) {
		identity_cache_free(c);
		return -ENOMEM;
	}
	*out = c;
	return 0;
}

void identity_cache_free(struct identity_cache *c)
{
	if (!c)
		return;
	for (size_t n = 0; c->buckets && n <= c->mask; n++) {
		while (c->buckets[n]) {
			struct identity *i = c->buckets[n];

			must(i->refs == 0);
			c->buckets[n] = i->hash_next;
			identity_free(i);
		}
	}
	identity_blocks_free(c->anonymous);
	free(c->buckets);
	free(c->scratch);
	free(c);
}

/* Any 8 bytes of a digest will do. */
static struct identity **bucket(struct identity_cache *c, const uint8_t *key)
{
	return &c->buckets[get_be64(key) & c->mask];
}

static void lru_remove(struct identity_cache *c, struct identity *i)
{
	*(i->lru_prev ? &i->lru_prev->lru_next : &c->newest) = i->lru_next;
	*(i->lru_next ? &i->lru_next->lru_prev : &c->oldest) = i->lru_prev;
	i->lru_prev = NULL;
	i->lru_next = NULL;
}

static void lru_add(struct identity_cache *c, struct identity *i)
{
	i->lru_next = c->newest;
	*(c->newest ? &c->newest->lru_prev : &c->oldest) = i;
	c->newest = i;
}

/* @i is in no list of the unused. */
static void drop(struct identity_cache *c, struct identity *i)
{
	struct identity **at = bucket(c, i->key);

	while (*at != i)
		at = &(*at)->hash_next;
	*at = i->hash_next;
	must(c->len > 0 && c->bytes >= i->bytes);
	c->len--;
	c->bytes -= i->bytes;
	c->stats->identities_evicted++;
	identity_free(i);
}

/* Leaf and chain into the scratch, and the entry's key. */
static int encode(X509 *leaf, STACK_OF(X509) * chain, long verify_result, struct sink *der,
                  uint8_t key[DIGEST_BYTES])
{
	size_t told = identity_chain_len(chain);
	size_t len;
	uint8_t verdict[8];
	int rc = x509_put_der(leaf, der);

	if (rc == 0 && (der->overflow || der->len > IDENTITY_LEAF_MAX))
		return -EMSGSIZE;
	for (size_t n = 0; rc == 0 && n < told; n++)
		rc = x509_put_der(sk_X509_value(chain, (int)n), der);
	len = der->len;
	if (rc == 0 && told == 0 && chain && sk_X509_num(chain) > 0)
		rc = x509_put_der(sk_X509_value(chain, 0), der); /* its serial and key are told */
	if (rc < 0)
		return rc;
	if (der->overflow)
		return -EMSGSIZE;
	put_be64(verdict, (uint64_t)verify_result);
	digest_begin();
	digest_add(sink_slice(der)); /* DER says where each certificate ends */
	digest_add(slice_of(verdict, sizeof(verdict)));
	der->len = len;
	return digest_end(key) < 0 ? -ENOMEM : 0;
}

static struct identity *find(struct identity_cache *c, const uint8_t *key)
{
	struct identity *i = *bucket(c, key);

	while (i && memcmp(i->key, key, sizeof(i->key)) != 0)
		i = i->hash_next;
	return i;
}

int identity_intern(struct identity_cache *c, X509 *leaf, STACK_OF(X509) * chain,
                    long verify_result, struct identity **out)
{
	struct sink der = sink_of(c->scratch, IDENTITY_SCRATCH_BYTES);
	uint8_t key[DIGEST_BYTES];
	struct identity *i;
	int rc = encode(leaf, chain, verify_result, &der, key);

	if (rc < 0)
		return rc;
	i = find(c, key);
	if (i) {
		c->stats->identities_hit++;
		*out = identity_ref(i);
		return 0;
	}
	rc = identity_make(leaf, chain, verify_result, &der, &i);
	if (rc < 0)
		return rc;
	c->stats->identities_miss++;
	while ((c->len >= c->entries || identity_cache_is_heavy(c)) && c->oldest) {
		struct identity *old = c->oldest;

		lru_remove(c, old);
		drop(c, old);
	}
	memcpy(i->key, key, sizeof(i->key));
	i->cache = c;
	i->refs = 1;
	i->hash_next = *bucket(c, key);
	*bucket(c, key) = i;
	c->len++;
	c->bytes += i->bytes;
	*out = i;
	return 0;
}

struct identity *identity_known(struct identity_cache *c, const uint8_t key[32])
{
	struct identity *i = find(c, key);

	if (!i)
		return NULL;
	c->stats->identities_hit++;
	return identity_ref(i);
}

struct revoked_list *identity_cache_revoked(struct identity_cache *c)
{
	return &c->revoked;
}

bool identity_cache_is_heavy(const struct identity_cache *c)
{
	return c->bytes > c->entries * IDENTITY_BYTES_EACH;
}

struct identity *identity_ref(struct identity *i)
{
	if (i->refs++ == 0)
		lru_remove(i->cache, i);
	return i;
}

void identity_unref(struct identity *i)
{
	struct identity_cache *c;

	if (!i)
		return;
	c = i->cache;
	must(i->refs > 0);
	if (--i->refs > 0)
		return;
	if (c->len > c->entries || identity_cache_is_heavy(c))
		drop(c, i);
	else
		lru_add(c, i);
}
