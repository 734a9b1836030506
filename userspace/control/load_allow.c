/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "control/load_priv.h"
#include "proto/san_pattern.h"

static struct slice str(const char *s)
{
	return slice_of(s, strlen(s));
}

/* One list of the file: what it is called, what it may hold, where it goes. */
struct list {
	const char *key;
	char **rows;
	unsigned int len;
	unsigned int max;
	const char *(*check)(struct slice text);
	struct text_list *out;
};

static const char *check_digest(struct slice text)
{
	uint8_t bytes[32];

	return text_unhex(text, bytes, sizeof(bytes)) < 0 ? "not 64 hexadecimal digits" : NULL;
}

static const char *check_san(struct slice text)
{
	struct san_pattern p;

	return san_pattern_parse(text, &p);
}

static void build_rows(struct build_host *h, const struct list *l)
{
	l->out->rows = calloc(l->len, sizeof(*l->out->rows));
	if (!l->out->rows) {
		h->b->status = -ENOMEM;
		return;
	}
	for (unsigned int i = 0; i < l->len; i++) {
		const char *why = l->check(str(l->rows[i]));
		char key[64];

		(void)snprintf(key, sizeof(key), "%s[%u]", l->key, i);
		if (why) {
			mistake_at(h->b->mistakes, h->b->positions, h->path, key, "\"%s\": %s",
			           l->rows[i], why);
			continue;
		}
		l->out->rows[l->out->len] = build_copy(h->b, str(l->rows[i]));
		if (l->out->rows[l->out->len])
			l->out->len++;
	}
}

/* An empty list is a mistake: it would let in everybody, or nobody. */
static void build_list(struct build_host *h, const struct list *l)
{
	struct build *b = h->b;

	if (!positions_has(b->positions, h->path, l->key))
		return;
	if (l->len < 1 || l->len > l->max)
		mistake_at(b->mistakes, b->positions, h->path, l->key, "%u given, 1 to %u needed",
		           l->len, l->max);
	else
		build_rows(h, l);
}

void build_allow(struct build_host *h)
{
	static const struct conf_allow none;
	const struct conf_client_auth *auth = h->conf->client_auth;
	const struct conf_allow *a = auth && auth->allow ? auth->allow : &none;
	struct allow_list *out = &h->out->allow;
	const struct list lists[] = {
		{ "client_auth.allow.sha256", a->sha256, a->sha256_count, ALLOW_DIGESTS_MAX,
		  check_digest, &out->sha256 },
		{ "client_auth.allow.spki_sha256", a->spki_sha256, a->spki_sha256_count,
		  ALLOW_DIGESTS_MAX, check_digest, &out->spki_sha256 },
		{ "client_auth.allow.san", a->san, a->san_count, ALLOW_SANS_MAX, check_san,
		  &out->san },
	};
	const char *why = NULL;
	bool has_list = false;

	if (!auth || !positions_has(h->b->positions, h->path, "client_auth.allow"))
		return;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		has_list |= positions_has(h->b->positions, h->path, lists[i].key);
		build_list(h, &lists[i]);
	}
	if (!has_list)
		why = "one of sha256, spki_sha256, san needed";
	else if (h->out->verify == VERIFY_NONE)
		why = "means nothing with verify: none";
	if (why)
		mistake_at(h->b->mistakes, h->b->positions, h->path, "client_auth.allow", "%s",
		           why);
}
