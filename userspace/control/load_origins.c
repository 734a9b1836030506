/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "control/load_priv.h"
#include "proto/hostname.h"
#include "sys/addr.h"

static struct slice str(const char *s)
{
	return slice_of(s, strlen(s));
}

/* Room for one more address, or false and a mistake. */
static bool has_room(const struct build_host *h, const char *key)
{
	if (h->out->origins_len < SNAPSHOT_ORIGINS_MAX)
		return true;
	mistake_at(h->b->mistakes, h->b->positions, h->path, key,
	           "more than %d addresses in this list", SNAPSHOT_ORIGINS_MAX);
	return false;
}

static void append(struct build_host *h, const char *key, const char *label,
                   const struct snapshot_origin *from)
{
	struct snapshot_origin *to = &h->out->origins[h->out->origins_len];

	if (!has_room(h, key))
		return;
	*to = *from;
	to->label = build_copy(h->b, str(label));
	if (to->label)
		h->out->origins_len++;
}

/* What this label means in the snapshot in force. Return: how many addresses. */
static size_t append_previous(struct build_host *h, const char *key, const char *label)
{
	const struct snapshot *s = h->b->loader->previous;

	for (size_t i = 0; s && i < s->hosts_len; i++) {
		size_t n = 0;

		for (size_t j = 0; j < s->hosts[i].origins_len; j++)
			if (strcmp(s->hosts[i].origins[j].label, label) == 0) {
				append(h, key, label, &s->hosts[i].origins[j]);
				n++;
			}
		if (n > 0)
			return n;
	}
	return 0;
}

static void build_named(struct build_host *h, const char *key, const char *label)
{
	const struct resolved *row = resolver_get(&h->b->resolver, label);

	if (!row) {
		h->b->status = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < row->len; i++) {
		const struct snapshot_origin o = { .addr = row->addrs[i],
			                           .addr_len = row->lens[i] };

		append(h, key, label, &o);
	}
	if (row->len > 0)
		return;
	if (append_previous(h, key, label) > 0)
		log_warn("%s.%s: %s cannot be looked up (%s): its addresses stay", h->path, key,
		         label, gai_strerror(row->error));
	else
		mistake_at(h->b->mistakes, h->b->positions, h->path, key,
		           "%s cannot be looked up: %s", label, gai_strerror(row->error));
}

/* "name:port"; a name whose last label starts with a digit is a mistyped address. */
static bool is_named(const char *label)
{
	struct hostname name;
	struct slice host;
	uint16_t port;
	size_t at;

	if (addr_split(str(label), &host, &port) < 0 || hostname_normal(host, &name) < 0)
		return false;
	at = name.len;
	while (at > 0 && name.bytes[at - 1] != '.')
		at--;
	return name.bytes[at] < '0' || name.bytes[at] > '9';
}

static void build_origin(struct build_host *h, unsigned int index)
{
	const char *label = h->conf->origins[index];
	struct snapshot_origin o = { 0 };
	char key[32];

	(void)snprintf(key, sizeof(key), "origins[%u]", index);
	if (addr_parse(str(label), &o.addr, &o.addr_len) == 0)
		append(h, key, label, &o);
	else if (is_named(label))
		build_named(h, key, label);
	else
		mistake_at(h->b->mistakes, h->b->positions, h->path, key,
		           "\"%s\" is not an origin: 192.0.2.1:80, [2001:db8::1]:80, "
		           "name:80 or unix:/path",
		           label);
}

void build_origins(struct build_host *h)
{
	struct snapshot_origin *fit;

	h->out->origins = calloc(SNAPSHOT_ORIGINS_MAX, sizeof(*h->out->origins));
	if (!h->out->origins) {
		h->b->status = -ENOMEM;
		return;
	}
	for (unsigned int i = 0; i < h->conf->origins_count && h->b->status == 0; i++)
		build_origin(h, i);
	/* Thousands of hosts have one or two each. */
	fit = reallocarray(h->out->origins, h->out->origins_len ? h->out->origins_len : 1,
	                   sizeof(*fit));
	if (fit)
		h->out->origins = fit;
}
