/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>

#include "base/log.h"
#include "control/refresh.h"

/* A host's new list of origins. */
struct list {
	struct snapshot_origin *rows;
	size_t len;
	bool nomem;
};

static void append(struct list *l, const char *label, const struct sockaddr_storage *addr,
                   socklen_t addr_len)
{
	struct snapshot_origin *row = &l->rows[l->len];

	if (l->nomem || l->len == SNAPSHOT_ORIGINS_MAX)
		return;
	row->label = strdup(label);
	row->addr = *addr;
	row->addr_len = addr_len;
	l->nomem = !row->label;
	l->len += !l->nomem;
}

static void list_fini(struct snapshot_origin *rows, size_t len)
{
	for (size_t i = 0; i < len; i++)
		free(rows[i].label);
	free(rows);
}

/* Was @label in @h before row @at? All of its addresses stand where the first one does. */
static bool is_done(const struct snapshot_host *h, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(h->origins[i].label, h->origins[at].label) == 0)
			return true;
	return false;
}

static void append_label(struct list *l, const struct snapshot_host *h, size_t at,
                         const struct resolver *found)
{
	const char *label = h->origins[at].label;
	const struct resolved *row = resolver_find(found, label);

	for (size_t i = 0; row && i < row->len; i++)
		append(l, label, &row->addrs[i], row->lens[i]);
	if (row && row->len > 0)
		return;
	for (size_t i = at; i < h->origins_len; i++)
		if (strcmp(h->origins[i].label, label) == 0)
			append(l, label, &h->origins[i].addr, h->origins[i].addr_len);
}

static int build_list(const struct snapshot_host *h, const struct resolver *found, struct list *out)
{
	out->rows = calloc(SNAPSHOT_ORIGINS_MAX, sizeof(*out->rows));
	if (!out->rows)
		return -ENOMEM;
	for (size_t i = 0; i < h->origins_len; i++)
		if (!is_done(h, i))
			append_label(out, h, i, found);
	if (!out->nomem) {
		struct snapshot_origin *fit =
			reallocarray(out->rows, out->len ? out->len : 1, sizeof(*fit));

		out->rows = fit ? fit : out->rows;
		return 0;
	}
	list_fini(out->rows, out->len);
	return -ENOMEM;
}

static bool is_same(const struct snapshot_host *h, const struct list *l)
{
	if (h->origins_len != l->len)
		return false;
	for (size_t i = 0; i < l->len; i++)
		if (strcmp(h->origins[i].label, l->rows[i].label) != 0 ||
		    h->origins[i].addr_len != l->rows[i].addr_len ||
		    memcmp(&h->origins[i].addr, &l->rows[i].addr, l->rows[i].addr_len) != 0)
			return false;
	return true;
}

static void say_lost(const struct resolver *found)
{
	for (size_t i = 0; i < found->len; i++)
		if (found->rows[i]->len == 0)
			log_warn("origin %s cannot be looked up (%s): its addresses stay",
			         found->rows[i]->label, gai_strerror(found->rows[i]->error));
}

int refresh_apply(struct snapshot *s, const struct resolver *found, bool *out_changed)
{
	struct list *lists = calloc(s->hosts_len, sizeof(*lists));
	bool changed = false;
	size_t n = 0;
	int r = lists ? 0 : -ENOMEM;

	say_lost(found);
	while (r == 0 && n < s->hosts_len) {
		r = build_list(&s->hosts[n], found, &lists[n]);
		n += r == 0;
	}
	for (size_t i = 0; i < n; i++) {
		struct snapshot_host *h = &s->hosts[i];

		if (r < 0 || is_same(h, &lists[i])) {
			list_fini(lists[i].rows, lists[i].len);
			continue;
		}
		list_fini(h->origins, h->origins_len);
		h->origins = lists[i].rows;
		h->origins_len = lists[i].len;
		changed = true;
	}
	free(lists);
	if (r == 0)
		*out_changed = changed;
	return r;
}
