/* SPDX-License-Identifier: GPL-2.0-only */
#include "store/overlay.h"

#include <errno.h>
#include <stdlib.h>

void overlay_fini(struct overlay *o)
{
	for (size_t i = 0; i < o->cas_len; i++)
		free(o->cas[i]);
	for (size_t i = 0; i < o->facts_len; i++)
		free(o->facts[i].name);
	for (size_t i = 0; i < o->zones_len; i++)
		free(o->zones[i].name);
	free(o->cas);
	free(o->facts);
	free(o->zones);
	*o = (struct overlay){ 0 };
}

int overlay_add(struct overlay *o, const struct overlay_fact *fact)
{
	char *copy;

	if (o->facts_len == o->facts_cap) {
		size_t cap = o->facts_cap ? o->facts_cap * 2 : 16;
		struct overlay_fact *facts = reallocarray(o->facts, cap, sizeof(*facts));

		if (!facts)
			return -ENOMEM;
		o->facts = facts;
		o->facts_cap = cap;
	}
	copy = strdup(fact->name);
	if (!copy)
		return -ENOMEM;
	o->facts[o->facts_len] = *fact;
	o->facts[o->facts_len++].name = copy;
	return 0;
}

static int by_name_ca_rank(const void *a, const void *b)
{
	const struct overlay_fact *x = a;
	const struct overlay_fact *y = b;
	int r = strcmp(x->name, y->name);

	if (r == 0)
		r = (x->ca > y->ca) - (x->ca < y->ca);
	return r != 0 ? r : x->rank - y->rank;
}

static int by_zone(const void *a, const void *b)
{
	return strcmp(((const struct overlay_zone *)a)->name,
	              ((const struct overlay_zone *)b)->name);
}

void overlay_sort(struct overlay *o)
{
	if (o->facts_len > 0)
		qsort(o->facts, o->facts_len, sizeof(*o->facts), by_name_ca_rank);
	if (o->zones_len > 0)
		qsort(o->zones, o->zones_len, sizeof(*o->zones), by_zone);
}

const struct overlay_zone *overlay_zone(const struct overlay *o, const char *id)
{
	for (size_t i = 0; i < o->zones_len; i++)
		if (strcmp(o->zones[i].id, id) == 0)
			return &o->zones[i];
	return NULL;
}

static const struct overlay_zone *zone_named(const struct overlay *o, const char *name)
{
	size_t low = 0;
	size_t high = o->zones_len;

	while (low < high) {
		size_t at = low + (high - low) / 2;
		int r = strcmp(o->zones[at].name, name);

		if (r == 0)
			return &o->zones[at];
		if (r < 0)
			low = at + 1;
		else
			high = at;
	}
	return NULL;
}

const struct overlay_zone *overlay_zone_of(const struct overlay *o, const char *name)
{
	const struct overlay_zone *z = NULL;

	if (strncmp(name, "*.", 2) == 0)
		name += 2;
	while (name && !z) {
		z = zone_named(o, name);
		name = strchr(name, '.');
		if (name)
			name++;
	}
	return z;
}
