/* SPDX-License-Identifier: GPL-2.0-only */
/* snapshot_derived.c - hosts made of others. */
#include <errno.h>

#include "base/text.h"
#include "proto/dialect.h"
#include "store/snapshot.h"
#include "store/snapshot_json.h"

size_t snapshot_configured(const struct snapshot *s)
{
	size_t n = 0;

	while (n < s->hosts_len && !s->hosts[n].is_derived)
		n++;
	return n;
}

void snapshot_drop_derived(struct snapshot *s)
{
	size_t n = snapshot_configured(s);

	for (size_t i = n; i < s->hosts_len; i++)
		host_fini(&s->hosts[i]);
	s->hosts_len = n;
}

/* By way of what travels anyway: a member that is not copied would not arrive either. */
int snapshot_host_copy(const struct snapshot_host *h, struct snapshot_host *out)
{
	json_t *all;
	int r;

	cleansing_json();
	all = host_to_json(h);
	r = all ? host_from_json(all, out) : -ENOMEM;
	json_decref(all);
	return r;
}

static struct slice str(const char *s)
{
	return slice_of(s ? s : "", s ? strlen(s) : 0);
}

/* All names that a host sends, once for each time. */
struct sent {
	struct slice rows[IDENTITY_HEADERS_MAX];
	size_t len;
	const char *twice;
};

static void claim(struct sent *all, struct slice name)
{
	if (name.len == 0 || all->twice)
		return;
	for (size_t i = 0; i < all->len; i++)
		if (text_eq_nocase(all->rows[i], name))
			all->twice = (const char *)name.ptr;
	if (all->len == IDENTITY_HEADERS_MAX)
		all->twice = (const char *)name.ptr;
	else
		all->rows[all->len++] = name;
}

const char *snapshot_header_twice(const struct snapshot_host *h)
{
	static struct sent all; /* too large for the stack; used up in this call */

	all.len = 0;
	all.twice = NULL;
	claim(&all, str(h->der_header));
	claim(&all, str(h->sha256_header));
	claim(&all, str(h->verdict_header));
	if (h->rfc9440 != RFC9440_OFF) {
		claim(&all, SLICE("Client-Cert"));
		claim(&all, SLICE("Client-Cert-Chain"));
	}
	for (enum dialect_id id = 0; id < DIALECT_MAX; id++)
		for (size_t i = 0; h->dialects & 1U << id && i < dialect_get(id)->len; i++)
			claim(&all, dialect_get(id)->rows[i].name);
	for (size_t i = 0; i < h->templates_len; i++)
		claim(&all, str(h->templates[i].header));
	return all.twice;
}
