/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/verified.h"

#include <errno.h>
#include <stdlib.h>

#include "tls/suite.h"

/* Slots are named by number; 0 is none, so that zeroed memory is empty lists. */
struct slot {
	uint8_t key[VERIFIED_KEY_BYTES];
	struct verified_chain chain;
	uint32_t hash_next;
	uint32_t newer, older; /* by last use */
};

struct verified {
	struct worker_stats *stats;
	uint32_t max;
	uint32_t touched; /* slots 1..touched were used once */
	uint32_t free;    /* chained by hash_next */
	uint32_t newest, oldest;
	uint32_t mask; /* buckets - 1 */
	uint32_t *buckets;
	struct slot *slots; /* [0] is not used */
};

int verified_new(uint32_t max, struct worker_stats *stats, struct verified **out)
{
	struct verified *v = calloc(1, sizeof(*v));
	uint32_t buckets = 16;

	must(max > 0);
	if (!v)
		return -ENOMEM;
	while (buckets < max && buckets < 1U << 30)
		buckets *= 2;
	v->stats = stats;
	v->max = max;
	v->mask = buckets - 1;
	v->buckets = calloc(buckets, sizeof(uint32_t));
	v->slots = calloc((size_t)max + 1, sizeof(struct slot));
	if (!v->buckets || !v->slots) {
		verified_free(v);
		return -ENOMEM;
	}
	*out = v;
	return 0;
}

void verified_free(struct verified *v)
{
	if (!v)
		return;
	free(v->slots);
	free(v->buckets);
	free(v);
}

/* Any 8 bytes of a digest will do. */
static uint32_t *bucket(struct verified *v, const uint8_t *key)
{
	return &v->buckets[get_be64(key) & v->mask];
}

static void lru_remove(struct verified *v, struct slot *s)
{
	*(s->newer ? &v->slots[s->newer].older : &v->newest) = s->older;
	*(s->older ? &v->slots[s->older].newer : &v->oldest) = s->newer;
}

static void lru_add(struct verified *v, uint32_t n)
{
	struct slot *s = &v->slots[n];

	s->newer = 0;
	s->older = v->newest;
	*(v->newest ? &v->slots[v->newest].newer : &v->oldest) = n;
	v->newest = n;
}

static void drop(struct verified *v, uint32_t n)
{
	struct slot *s = &v->slots[n];
	uint32_t *at = bucket(v, s->key);

	while (*at != n)
		at = &v->slots[*at].hash_next;
	*at = s->hash_next;
	lru_remove(v, s);
	s->hash_next = v->free;
	v->free = n;
}

static uint32_t find(struct verified *v, const uint8_t *key)
{
	uint32_t n = *bucket(v, key);

	while (n && memcmp(v->slots[n].key, key, VERIFIED_KEY_BYTES) != 0)
		n = v->slots[n].hash_next;
	return n;
}

static uint32_t take_slot(struct verified *v)
{
	uint32_t n;

	if (!v->free && v->touched < v->max)
		return ++v->touched;
	if (!v->free) {
		must(v->oldest);
		drop(v, v->oldest);
		v->stats->verified_evicted++;
	}
	n = v->free;
	v->free = v->slots[n].hash_next;
	return n;
}

const struct verified_chain *verified_find(struct verified *v, const uint8_t *key, int64_t now)
{
	uint32_t n = find(v, key);
	const struct verified_chain *c = n ? &v->slots[n].chain : NULL;

	if (c && (now < c->good_from || now >= c->good_until)) {
		drop(v, n);
		c = NULL;
	}
	if (!c) {
		v->stats->verified_miss++;
		return NULL;
	}
	v->stats->verified_hit++;
	lru_remove(v, &v->slots[n]);
	lru_add(v, n);
	return c;
}

void verified_put(struct verified *v, const uint8_t *key, const struct verified_chain *chain)
{
	uint32_t n = find(v, key);

	must(chain->len > 0 && chain->len <= VERIFIED_CHAIN_MAX);
	if (n)
		drop(v, n);
	n = take_slot(v);
	v->slots[n].chain = *chain;
	memcpy(v->slots[n].key, key, VERIFIED_KEY_BYTES);
	v->slots[n].hash_next = *bucket(v, key);
	*bucket(v, key) = n;
	lru_add(v, n);
}

void verified_narrow(struct verified_chain *c, int64_t date, int64_t now)
{
	if (date <= now && date > c->good_from)
		c->good_from = date;
	if (date > now && date < c->good_until)
		c->good_until = date;
}
