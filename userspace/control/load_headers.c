/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "control/load_priv.h"
#include "proto/dialect.h"
#include "proto/template.h"

enum { HEADER_ROWS = 3, KEY_BYTES = 48 };

static struct slice str(const char *s)
{
	return slice_of(s, strlen(s));
}

/* One header a host can ask for by a key of its own. */
struct header {
	const char *key;
	const char *given; /* NULL: not given */
	const char *def;   /* NULL: not sent unless given */
	char **out;
};

/* Names that are sent already, and by which key. */
struct names {
	struct build_host *h;
	size_t len;
	struct {
		struct slice name;
		char key[KEY_BYTES];
	} row[IDENTITY_HEADERS_MAX];
};

/* Two headers of one name would be told apart by nobody. */
static void claim(struct names *n, struct slice name, const char *key)
{
	struct build_host *h = n->h;

	for (size_t i = 0; i < n->len; i++) {
		if (!text_eq_nocase(n->row[i].name, name))
			continue;
		mistake_at(h->b->mistakes, h->b->positions, h->path, key,
		           "%.*s is sent by %s already", (int)name.len, (const char *)name.ptr,
		           n->row[i].key);
		return;
	}
	must(n->len < IDENTITY_HEADERS_MAX);
	n->row[n->len].name = name;
	(void)snprintf(n->row[n->len++].key, KEY_BYTES, "%s", key);
}

/* May identity travel under @name? */
static bool check_name(struct build_host *h, const char *name, const char *key)
{
	const char *why = snapshot_header_name(str(name));

	if (why)
		mistake_at(h->b->mistakes, h->b->positions, h->path, key, "\"%s\": %s", name, why);
	return !why;
}

/* Not given: the default; "": not sent. */
static void build_one(struct names *n, const struct header *row)
{
	const char *name = row->given ? row->given : row->def;

	if (!name || name[0] == '\0' || !check_name(n->h, name, row->key))
		return;
	*row->out = build_copy(n->h->b, str(name));
	if (*row->out)
		claim(n, str(*row->out), row->key);
}

static void build_dialect(struct names *n, const char *word, const char *key)
{
	struct build_host *h = n->h;
	enum dialect_id id = 0;

	while (id < DIALECT_MAX && strcmp(word, dialect_words[id]) != 0)
		id++;
	if (id == DIALECT_MAX) {
		mistake_at(h->b->mistakes, h->b->positions, h->path, key,
		           "\"%s\" is no dialect; docs/dialects.md lists them", word);
	} else if (h->out->dialects & 1U << id) {
		mistake_at(h->b->mistakes, h->b->positions, h->path, key, "%s is given twice",
		           word);
	} else {
		h->out->dialects |= 1U << id;
		for (size_t i = 0; i < dialect_get(id)->len; i++)
			claim(n, dialect_get(id)->rows[i].name, key);
	}
}

static void build_template(struct names *n, const struct conf_template *t, const char *key)
{
	struct build_host *h = n->h;
	struct snapshot_template *out = &h->out->templates[h->out->templates_len];
	struct slice part;
	const char *why;

	if (!t->header || !t->value) {
		mistake_at(h->b->mistakes, h->b->positions, h->path, key,
		           "header and value are needed");
		return;
	}
	why = template_check(str(t->value), &part);
	if (why)
		mistake_at(h->b->mistakes, h->b->positions, h->path, key, "\"%.*s\": %s",
		           (int)part.len, (const char *)part.ptr, why);
	if (!check_name(h, t->header, key) || why)
		return;
	out->header = build_copy(h->b, str(t->header));
	out->value = build_copy(h->b, str(t->value));
	h->out->templates_len++;
	if (out->header)
		claim(n, str(out->header), key);
}

static void build_templates(struct names *n, const struct conf_identity *i)
{
	struct build_host *h = n->h;
	char key[KEY_BYTES];

	if (i->templates_count == 0)
		return;
	if (i->templates_count > TEMPLATES_MAX) {
		mistake_at(h->b->mistakes, h->b->positions, h->path, "identity.templates",
		           "%u given, up to %d may be", i->templates_count, TEMPLATES_MAX);
		return;
	}
	h->out->templates = calloc(i->templates_count, sizeof(*h->out->templates));
	if (!h->out->templates) {
		h->b->status = -ENOMEM;
		return;
	}
	for (unsigned int at = 0; at < i->templates_count; at++) {
		(void)snprintf(key, sizeof(key), "identity.templates[%u]", at);
		build_template(n, &i->templates[at], key);
	}
}

/* Ours and the client's: each mode sends one of them, both, or none. */
static void build_xfcc(struct build_host *h)
{
	const bool sends_ours = h->out->dialects & (1U << DIALECT_XFCC | 1U << DIALECT_XFCC_CERT);
	const enum xfcc_mode mode = conf_xfcc(h->conf, h->path, h->b->positions, h->b->mistakes,
	                                      sends_ours ? XFCC_SANITIZE_SET : XFCC_SANITIZE);
	const bool wants_ours = mode == XFCC_SANITIZE_SET || mode == XFCC_APPEND_FORWARD;

	h->out->xfcc = mode;
	if (wants_ours != sends_ours)
		mistake_at(h->b->mistakes, h->b->positions, h->path, "identity.xfcc",
		           "%s %s identity.dialects", xfcc_words[mode],
		           wants_ours ? "needs xfcc or xfcc-cert in" : "goes without xfcc in");
	else if (mode == XFCC_APPEND_FORWARD && h->out->inject != INJECT_EVERY_REQUEST)
		mistake_at(h->b->mistakes, h->b->positions, h->path, "identity.xfcc",
		           "%s needs inject: every_request", xfcc_words[mode]);
}

void build_headers(struct build_host *h)
{
	static struct names n; /* too large for the stack; used up in this call */
	const struct conf_identity none = { 0 };
	const struct conf_identity *i = h->conf->identity ? h->conf->identity : &none;
	/* With dialects or templates only what is written out is sent. */
	const bool is_plain = i->dialects_count == 0 && i->templates_count == 0;
	const struct header rows[HEADER_ROWS] = {
		{ "identity.der_header", i->der_header,
		  is_plain ? "Cf-Client-Cert-Der-Base64" : NULL, &h->out->der_header },
		{ "identity.sha256_header", i->sha256_header,
		  is_plain ? "Cf-Client-Cert-Sha256" : NULL, &h->out->sha256_header },
		{ "identity.verdict_header", i->verdict_header,
		  is_plain && h->out->verify == VERIFY_REQUEST ? "Cf-Client-Cert-Verified" : NULL,
		  &h->out->verdict_header },
	};
	char key[KEY_BYTES];

	h->out->is_forwarding_fixed = i->der_header || i->sha256_header;
	n.h = h;
	n.len = 0;
	if (h->out->rfc9440 != RFC9440_OFF) {
		claim(&n, SLICE("Client-Cert"), "identity.rfc9440");
		claim(&n, SLICE("Client-Cert-Chain"), "identity.rfc9440");
	}
	for (size_t at = 0; at < HEADER_ROWS; at++)
		build_one(&n, &rows[at]);
	for (unsigned int at = 0; at < i->dialects_count; at++) {
		(void)snprintf(key, sizeof(key), "identity.dialects[%u]", at);
		build_dialect(&n, i->dialects[at], key);
	}
	build_templates(&n, i);
	build_xfcc(h);
}
