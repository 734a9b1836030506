/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/dialect.h"
#include "proto/hostname.h"
#include "store/name_index.h"
#include "store/overlay.h"
#include "store/snapshot_json.h"

#define DER_HEADER    "Cf-Client-Cert-Der-Base64"
#define SHA256_HEADER "Cf-Client-Cert-Sha256"

enum { MANAGED = 1U << DIALECT_CLOUDFLARE_MANAGED };

/* A name that shall be served otherwise than its host is. */
struct entry {
	const char *name; /* borrowed */
	size_t host;      /* that serves it */
	enum overlay_forward forward;
	bool is_managed;
	uint16_t *cas; /* growing */
	size_t cas_len;
};

struct work {
	struct snapshot *s;
	const struct overlay *o;
	char *err;
	struct name_index *index;
	struct entry *rows;
	size_t len, cap;
};

struct range {
	const struct overlay_fact *facts;
	size_t len;
};

static struct range facts_of(const struct overlay *o, const char *name)
{
	struct range r = { 0 };
	size_t low = 0;
	size_t high = o->facts_len;

	while (low < high) {
		size_t at = low + (high - low) / 2;

		if (strcmp(o->facts[at].name, name) < 0)
			low = at + 1;
		else
			high = at;
	}
	r.facts = o->facts + low;
	while (low + r.len < o->facts_len && strcmp(r.facts[r.len].name, name) == 0)
		r.len++;
	return r;
}

/* What is said of the wildcard that serves @name. */
static struct range facts_of_wildcard(const struct overlay *o, const char *name)
{
	char text[HOST_NAME_MAX_BYTES + 4];
	const char *dot = strchr(name, '.');

	must(dot);
	(void)snprintf(text, sizeof(text), "*%s", dot);
	return facts_of(o, text);
}

static void put_ca(struct entry *e, uint16_t ca)
{
	size_t at = e->cas_len;

	while (at > 0 && e->cas[at - 1] > ca)
		at--;
	if (at > 0 && e->cas[at - 1] == ca)
		return;
	memmove(e->cas + at + 1, e->cas + at, (e->cas_len - at) * sizeof(*e->cas));
	e->cas[at] = ca;
	e->cas_len++;
}

/* @rest: of the wildcard; what is said of the name itself goes before. */
static int take_facts(struct entry *e, const struct snapshot_host *h, struct range own,
                      struct range rest)
{
	const struct range all[] = { rest, own };

	/* Where nobody is asked for a certificate there is nobody to trust. */
	if (h->verify != VERIFY_NONE)
		e->cas = calloc(own.len + rest.len + 1, sizeof(*e->cas));
	if (h->verify != VERIFY_NONE && !e->cas)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		for (size_t n = 0; n < all[i].len; n++) {
			const struct overlay_fact *f = &all[i].facts[n];

			if (f->ca >= 0 && e->cas)
				put_ca(e, (uint16_t)f->ca);
			if (f->forward != FORWARD_AS_CONFIGURED)
				e->forward = f->forward;
		}
	/* The file says it in so many words, or says the same. */
	if (h->is_forwarding_fixed ||
	    (e->forward == FORWARD_ON && h->der_header && h->sha256_header) ||
	    (e->forward == FORWARD_OFF && !h->der_header && !h->sha256_header))
		e->forward = FORWARD_AS_CONFIGURED;
	return 0;
}

static int keep(struct work *w, const struct entry *e)
{
	if (w->len == w->cap) {
		size_t cap = w->cap ? w->cap * 2 : 64;
		struct entry *rows = reallocarray(w->rows, cap, sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		w->rows = rows;
		w->cap = cap;
	}
	w->rows[w->len++] = *e;
	return 0;
}

static int look_at(struct work *w, const char *name)
{
	const struct range nothing = { 0 };
	const struct overlay_zone *zone = overlay_zone_of(w->o, name);
	struct entry e = { .name = name };
	enum name_by by = name_index_find(w->index, name, &e.host);
	const struct snapshot_host *h = &w->s->hosts[e.host];
	bool is_wanted;
	int r;

	if (by == NAME_BY_NOBODY)
		return 0;
	r = take_facts(&e, h, facts_of(w->o, name),
	               by == NAME_BY_WILDCARD ? facts_of_wildcard(w->o, name) : nothing);
	e.is_managed = zone && zone->is_managed && !(h->dialects & MANAGED);
	/* As its host is: then it needs none of its own, unless its wildcard is served otherwise. */
	is_wanted = by == NAME_BY_WILDCARD || e.is_managed || e.cas_len > 0 ||
	            e.forward != FORWARD_AS_CONFIGURED;
	if (r == 0 && is_wanted)
		r = keep(w, &e);
	if (r < 0 || !is_wanted)
		free(e.cas);
	return r;
}

/* Names that the API was told something of, and those of managed zones. */
static int look_at_all(struct work *w)
{
	const struct overlay *o = w->o;
	bool is_managed = false;
	int r = 0;

	for (size_t i = 0; i < o->facts_len && r == 0; i++)
		if (i == 0 || strcmp(o->facts[i - 1].name, o->facts[i].name) != 0)
			r = look_at(w, o->facts[i].name);
	for (size_t i = 0; i < o->zones_len; i++)
		is_managed |= o->zones[i].is_managed;
	for (size_t i = 0; is_managed && i < w->s->hosts_len && r == 0; i++)
		for (size_t n = 0; n < w->s->hosts[i].names_len && r == 0; n++)
			if (facts_of(o, w->s->hosts[i].names[n]).len == 0)
				r = look_at(w, w->s->hosts[i].names[n]);
	return r;
}

/* 0: the same host can serve both. */
static int compare(const struct entry *x, const struct entry *y)
{
	if (x->host != y->host)
		return x->host < y->host ? -1 : 1;
	if (x->is_managed != y->is_managed)
		return x->is_managed ? 1 : -1;
	if (x->forward != y->forward)
		return x->forward < y->forward ? -1 : 1;
	if (x->cas_len != y->cas_len)
		return x->cas_len < y->cas_len ? -1 : 1;
	return x->cas_len ? memcmp(x->cas, y->cas, x->cas_len * sizeof(*x->cas)) : 0;
}

static int by_group_and_name(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;
	int r = compare(x, y);

	return r != 0 ? r : strcmp(x->name, y->name);
}

static size_t group_len(const struct work *w, size_t at)
{
	size_t n = 1;

	while (at + n < w->len && n < SNAPSHOT_NAMES_MAX &&
	       compare(&w->rows[at], &w->rows[at + n]) == 0)
		n++;
	return n;
}

static int set_names(const struct entry *rows, size_t len, struct snapshot_host *h)
{
	for (size_t i = 0; i < h->names_len; i++)
		free(h->names[i]);
	free(h->names);
	h->names_len = 0;
	h->names = calloc(len, sizeof(*h->names));
	for (size_t i = 0; h->names && i < len; i++) {
		h->names[i] = strdup(rows[i].name);
		if (!h->names[i])
			return -ENOMEM;
		h->names_len++;
	}
	return h->names ? 0 : -ENOMEM;
}

/* Each on lines of its own. Return: -E2BIG: more than a worker takes. */
static int add_cas(const struct overlay *o, const struct entry *e, struct snapshot_host *h)
{
	size_t count = 0;
	size_t len;
	char *all;

	if (e->cas_len == 0)
		return 0;
	len = strlen(h->ca_pem) + 1;
	for (size_t i = 0; i < e->cas_len; i++)
		len += strlen(o->cas[e->cas[i]]) + 1;
	all = realloc(h->ca_pem, len);
	if (!all)
		return -ENOMEM;
	h->ca_pem = all;
	len = strlen(all);
	for (size_t i = 0; i < e->cas_len; i++) {
		const char *pem = o->cas[e->cas[i]];
		size_t n = strlen(pem);

		all[len++] = '\n';
		memcpy(all + len, pem, n + 1);
		len += n;
	}
	for (const char *p = all; (p = strstr(p, "-----BEGIN")); p++)
		count++;
	return count > OVERLAY_CA_TEXTS_MAX ? -E2BIG : 0;
}

static int set_header(char **header, const char *name)
{
	if (!*header)
		*header = strdup(name);
	return *header ? 0 : -ENOMEM;
}

static int set_forward(enum overlay_forward forward, struct snapshot_host *h)
{
	int r = 0;

	if (forward == FORWARD_OFF) {
		free(h->der_header);
		free(h->sha256_header);
		h->der_header = h->sha256_header = NULL;
	} else if (forward == FORWARD_ON) {
		r = set_header(&h->der_header, DER_HEADER);
		if (r == 0)
			r = set_header(&h->sha256_header, SHA256_HEADER);
	}
	return r;
}

static int refuse(const struct work *w, const struct entry *e, const char *why)
{
	(void)snprintf(w->err, SNAPSHOT_ERROR_MAX, "hosts[%zu] (%s): %s", e->host, e->name, why);
	return -EINVAL;
}

static int derive(const struct work *w, size_t at, size_t len, struct snapshot_host *out)
{
	const struct entry *e = &w->rows[at];
	const char *twice;
	int r = snapshot_host_copy(&w->s->hosts[e->host], out);

	out->is_derived = true;
	out->is_default = false;
	if (r == 0)
		r = set_names(e, len, out);
	if (r == 0)
		r = set_forward(e->forward, out);
	if (r == 0)
		r = add_cas(w->o, e, out);
	if (r == -E2BIG)
		return refuse(w, e, "it would have more than 1000 client CAs");
	if (r < 0)
		return r;
	out->dialects |= e->is_managed ? MANAGED : 0;
	twice = snapshot_header_twice(out);
	if (twice) {
		char why[SNAPSHOT_HEADER_NAME_MAX + 64];

		(void)snprintf(why, sizeof(why),
		               "the header %.*s would be sent twice, see its identity in the file",
		               SNAPSHOT_HEADER_NAME_MAX, twice);
		return refuse(w, e, why);
	}
	return 0;
}

static int derive_all(struct work *w)
{
	struct snapshot *s = w->s;
	struct snapshot_host *hosts;
	size_t groups = 0;

	if (w->len == 0)
		return 0;
	qsort(w->rows, w->len, sizeof(*w->rows), by_group_and_name);
	for (size_t at = 0; at < w->len; at += group_len(w, at))
		groups++;
	if (groups > SNAPSHOT_HOSTS_MAX - s->hosts_len) {
		(void)snprintf(w->err, SNAPSHOT_ERROR_MAX, "more than %d hosts would be served",
		               SNAPSHOT_HOSTS_MAX);
		return -EINVAL;
	}
	hosts = reallocarray(s->hosts, s->hosts_len + groups, sizeof(*hosts));
	if (!hosts)
		return -ENOMEM;
	s->hosts = hosts;
	for (size_t at = 0; at < w->len;) {
		size_t len = group_len(w, at);
		struct snapshot_host *out = &hosts[s->hosts_len++];
		int r;

		*out = (struct snapshot_host){ 0 };
		r = derive(w, at, len, out);
		if (r < 0)
			return r;
		at += len;
	}
	return 0;
}

int overlay_apply(struct snapshot *s, const struct overlay *o, char *err)
{
	struct work w = { .s = s, .o = o, .err = err };
	int r = 0;

	err[0] = '\0';
	snapshot_drop_derived(s);
	if (o->facts_len == 0 && o->zones_len == 0)
		return 0;
	w.index = name_index_new(s);
	if (!w.index)
		return -ENOMEM;
	r = look_at_all(&w);
	if (r == 0)
		r = derive_all(&w);
	for (size_t i = 0; i < w.len; i++)
		free(w.rows[i].cas);
	free(w.rows);
	name_index_free(w.index);
	if (r < 0)
		snapshot_drop_derived(s);
	return r;
}
