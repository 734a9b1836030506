/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/text.h"
#include "control/load_priv.h"

enum { HEADER_ROWS = 3 };

static struct slice str(const char *s)
{
	return slice_of(s, strlen(s));
}

/* One header a host can ask for. */
struct header {
	const char *key;
	const char *given; /* NULL: not given */
	const char *def;   /* NULL: not sent unless given */
	char **out;
};

/* Not given: the default; "": not sent. */
static void build_one(struct build_host *h, const struct header *row)
{
	const char *name = row->given ? row->given : row->def;
	const char *why;

	if (!name || name[0] == '\0')
		return;
	why = snapshot_header_name(str(name));
	if (why)
		mistake_at(h->b->mistakes, h->b->positions, h->path, row->key, "\"%s\": %s", name,
		           why);
	else
		*row->out = build_copy(h->b, str(name));
}

/* The names RFC 9440 gives, when they are sent as well. */
static bool is_rfc9440(const struct build_host *h, const char *name)
{
	return h->out->rfc9440 != RFC9440_OFF &&
	       (text_eq_nocase(str(name), SLICE("Client-Cert")) ||
	        text_eq_nocase(str(name), SLICE("Client-Cert-Chain")));
}

static void check_differ(const struct build_host *h, const struct header rows[HEADER_ROWS],
                         size_t at)
{
	const char *name = *rows[at].out;

	if (!name)
		return;
	if (is_rfc9440(h, name))
		mistake_at(h->b->mistakes, h->b->positions, h->path, rows[at].key,
		           "%s is sent by identity.rfc9440 already", name);
	for (size_t i = 0; i < at; i++)
		if (*rows[i].out && text_eq_nocase(str(name), str(*rows[i].out)))
			mistake_at(h->b->mistakes, h->b->positions, h->path, rows[at].key,
			           "the same header as %s", rows[i].key);
}

void build_headers(struct build_host *h)
{
	const struct conf_identity none = { 0 };
	const struct conf_identity *i = h->conf->identity ? h->conf->identity : &none;
	const struct header rows[HEADER_ROWS] = {
		{ "identity.der_header", i->der_header, "Cf-Client-Cert-Der-Base64",
		  &h->out->der_header },
		{ "identity.sha256_header", i->sha256_header, "Cf-Client-Cert-Sha256",
		  &h->out->sha256_header },
		{ "identity.verdict_header", i->verdict_header,
		  h->out->verify == VERIFY_REQUEST ? "Cf-Client-Cert-Verified" : NULL,
		  &h->out->verdict_header },
	};

	for (size_t at = 0; at < HEADER_ROWS; at++) {
		build_one(h, &rows[at]);
		check_differ(h, rows, at);
	}
}
