/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/policy_headers.h"

#include <errno.h>
#include <stdlib.h>

#include "proto/dialect.h"
#include "proto/identity_fields.h"

/* Rows on their way into a host. */
struct chosen {
	struct identity_header row[IDENTITY_HEADERS_MAX];
	size_t len;
};

static struct slice text(const char *s)
{
	return slice_of(s, s == NULL ? 0 : strlen(s));
}

static void add(struct chosen *c, struct slice name, identity_renderer *render)
{
	if (name.len == 0)
		return;
	must(c->len < IDENTITY_HEADERS_MAX);
	c->row[c->len++] = (struct identity_header){ .name = name, .render = render };
}

static void add_dialect(struct chosen *c, const struct dialect *d)
{
	for (size_t i = 0; i < d->len; i++)
		add(c, d->rows[i].name, d->rows[i].render);
}

static void choose(struct chosen *c, const struct snapshot_host *conf)
{
	/* First: rewrite_request() puts it behind what the client sent. */
	if (conf->dialects & 1U << DIALECT_XFCC)
		add_dialect(c, dialect_get(DIALECT_XFCC));
	if (conf->dialects & 1U << DIALECT_XFCC_CERT)
		add_dialect(c, dialect_get(DIALECT_XFCC_CERT));
	add(c, text(conf->der_header), render_der_base64);
	add(c, text(conf->sha256_header), render_sha256_hex);
	add(c, text(conf->verdict_header), render_verdict);
	if (conf->rfc9440 != RFC9440_OFF)
		add(c, SLICE("Client-Cert"), render_rfc9440_leaf);
	if (conf->rfc9440 == RFC9440_CHAIN)
		add(c, SLICE("Client-Cert-Chain"), render_rfc9440_chain);
	for (enum dialect_id id = 0; id < DIALECT_MAX; id++)
		if (id != DIALECT_XFCC && id != DIALECT_XFCC_CERT && conf->dialects & 1U << id)
			add_dialect(c, dialect_get(id));
	for (size_t i = 0; i < conf->templates_len; i++) {
		add(c, text(conf->templates[i].header), NULL);
		c->row[c->len - 1].template = text(conf->templates[i].value);
	}
}

/* The built-in prefixes cover every dialect; what is left are the operator's own names. */
static void reserve(struct reserved *r, const struct chosen *c)
{
	for (size_t i = 0; i < c->len; i++) {
		if (reserved_has(NULL, c->row[i].name))
			continue;
		must(r->len < RESERVED_NAMES_MAX);
		r->names[r->len++] = c->row[i].name;
	}
}

int headers_choose(struct host *h, const struct options *options)
{
	static struct chosen c; /* too large for a stack; used up in this call */
	static uint8_t room[IDENTITY_KEY_MAX];
	struct sink key = sink_of(room, sizeof(room));
	struct identity_header *rows;
	uint8_t *bytes;

	c.len = 0;
	choose(&c, h->conf);
	reserve(&h->reserved, &c);
	h->headers = (struct identity_headers){ .len = c.len,
		                                .row = c.row,
		                                .limits = { options->rfc9440_leaf_bytes,
		                                            options->rfc9440_chain_bytes } };
	identity_headers_key(&h->headers, &key);
	must(!key.overflow);
	/* Rows and key in one piece. */
	rows = malloc(c.len * sizeof(*rows) + key.len + 1);
	if (rows == NULL) {
		h->headers = (struct identity_headers){ 0 };
		return -ENOMEM;
	}
	bytes = (uint8_t *)(rows + c.len);
	memcpy(rows, c.row, c.len * sizeof(*rows));
	slice_copy(bytes, sink_slice(&key));
	h->headers_memory = rows;
	h->headers.row = rows;
	h->headers.key = slice_of(bytes, key.len);
	return 0;
}

void headers_forget(struct host *h)
{
	free(h->headers_memory);
	h->headers_memory = NULL;
	h->headers = (struct identity_headers){ 0 };
}
