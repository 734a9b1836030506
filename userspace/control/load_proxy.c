/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/load_priv.h"
#include "proto/ip.h"

static bool is_there(const struct snapshot *s, const struct ip_range *r)
{
	for (size_t i = 0; i < s->proxy_sources_len; i++)
		if (s->proxy_sources[i].bits == r->bits &&
		    memcmp(s->proxy_sources[i].ip, r->ip, IP_BYTES) == 0)
			return true;
	return false;
}

static void build_source(const struct build *b, unsigned int index)
{
	const char *text = b->conf->proxy_sources[index];
	struct snapshot *s = b->snapshot;
	struct ip_range r;
	const char *why = ip_range_parse(slice_of(text, strlen(text)), &r);
	char path[32];

	(void)snprintf(path, sizeof(path), "proxy_sources[%u]", index);
	if (why)
		mistake_at(b->mistakes, b->positions, path, "", "\"%s\": %s", text, why);
	else if (is_there(s, &r))
		mistake_at(b->mistakes, b->positions, path, "", "%s is there already", text);
	else
		s->proxy_sources[s->proxy_sources_len++] = r;
}

void build_proxy_sources(struct build *b)
{
	unsigned int len = b->conf->proxy_sources_count;

	if (len > SNAPSHOT_PROXY_SOURCES_MAX) {
		mistake_at(b->mistakes, b->positions, "proxy_sources", "",
		           "%u given, up to %d may be", len, SNAPSHOT_PROXY_SOURCES_MAX);
		return;
	}
	b->snapshot->proxy_sources = calloc(len ? len : 1, sizeof(struct ip_range));
	if (!b->snapshot->proxy_sources) {
		b->status = -ENOMEM;
		return;
	}
	for (unsigned int i = 0; i < len; i++)
		build_source(b, i);
}
