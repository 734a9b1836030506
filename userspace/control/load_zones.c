/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/load_priv.h"
#include "control/zone_words.h"

static void mistake(const struct build *b, unsigned int at, const char *key, const char *why)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "zones[%u]", at);
	mistake_at(b->mistakes, b->positions, path, key, "%s", why);
}

/* Another zone of that id or name? */
static const char *find_twin(const struct snapshot *s, const struct snapshot_zone *z)
{
	for (size_t i = 0; i < s->zones_len; i++) {
		if (strcmp(s->zones[i].id, z->id) == 0)
			return "id";
		if (strcmp(s->zones[i].name, z->name) == 0)
			return "name";
	}
	return NULL;
}

static void build_zone(struct build *b, unsigned int at)
{
	const struct conf_zone *conf = &b->conf->zones[at];
	struct snapshot_zone *z = &b->snapshot->zones[b->snapshot->zones_len];
	char name[ZONE_NAME_BYTES_MAX];
	const char *twin;
	bool is_good = true;

	if (!zone_id(conf->id, z->id)) {
		mistake(b, at, "id", ZONE_ID_WANTED);
		is_good = false;
	}
	if (!zone_id(conf->account, z->account)) {
		mistake(b, at, "account", ZONE_ID_WANTED);
		is_good = false;
	}
	if (!zone_name(conf->name, name)) {
		mistake(b, at, "name", ZONE_NAME_WANTED);
		is_good = false;
	}
	if (!is_good)
		return;
	z->name = build_copy(b, slice_of(name, strlen(name)));
	if (!z->name)
		return;
	twin = find_twin(b->snapshot, z);
	if (twin) {
		mistake(b, at, twin, "another zone has it");
		free(z->name);
		z->name = NULL;
		return;
	}
	b->snapshot->zones_len++;
}

void build_zones(struct build *b)
{
	unsigned int len = b->conf->zones_count;

	if (len == 0)
		return;
	if (len > CONF_ZONES_MAX) {
		mistake_at(b->mistakes, b->positions, "zones", "", "%u given, up to %d may be", len,
		           CONF_ZONES_MAX);
		return;
	}
	b->snapshot->zones = calloc(len, sizeof(*b->snapshot->zones));
	if (!b->snapshot->zones) {
		b->status = -ENOMEM;
		return;
	}
	for (unsigned int i = 0; i < len && b->status == 0; i++)
		build_zone(b, i);
}
