/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/load_priv.h"
#include "control/part.h"

int build_path(const struct build *b, const char *path, char *out, size_t cap)
{
	const char *file = b->loader->file;
	const char *slash = strrchr(file, '/');
	int dir = slash && path[0] != '/' ? (int)(slash - file) + 1 : 0;
	int n = snprintf(out, cap, "%.*s%s", dir, file, path);

	return n < 0 || (size_t)n >= cap ? -ENAMETOOLONG : 0;
}

/* The text of the file that @key names; NULL after a mistake. */
static char *read_named(struct build_host *h, enum part part, const char *key, const char *path)
{
	char full[SOURCE_PATH_MAX];
	struct source_file f = { 0 };
	int r = path[0] == '\0' ? -ENOENT : build_path(h->b, path, full, sizeof(full));

	if (r == 0)
		r = part_read(h->b->loader->source, part, full, &f);
	if (r == -ENOMEM)
		h->b->status = r;
	else if (r < 0)
		mistake_at(h->b->mistakes, h->b->positions, h->path, key, "%s cannot be read: %s",
		           path, part_error(r));
	else if (watch_add(h->b->watch, h->index, part, full, &f.stamp) < 0)
		h->b->status = -ENOMEM;
	return f.text;
}

/* All of them one behind the other. */
static void read_crls(struct build_host *h, const struct conf_client_auth *auth)
{
	for (unsigned int i = 0; i < auth->crl_count; i++) {
		char key[40];
		char *text;

		(void)snprintf(key, sizeof(key), "client_auth.crl[%u]", i);
		text = read_named(h, PART_CRL, key, auth->crl[i]);
		if (text && part_append(&h->out->crl_pem, text) < 0)
			h->b->status = -ENOMEM;
		free(text);
	}
}

static void build_crls(struct build_host *h, const struct conf_client_auth *auth)
{
	struct build *b = h->b;
	bool is_given = positions_has(b->positions, h->path, "client_auth.crl");

	if (auth->crl_soft_fail && !is_given)
		mistake_at(b->mistakes, b->positions, h->path, "client_auth.crl_soft_fail",
		           "means nothing without crl");
	if (!is_given)
		return;
	h->out->crl_soft_fail = auth->crl_soft_fail;
	if (h->out->verify == VERIFY_NONE)
		mistake_at(b->mistakes, b->positions, h->path, "client_auth.crl",
		           "means nothing with verify: none");
	else if (auth->crl_count < 1 || auth->crl_count > CONF_CRLS_MAX)
		mistake_at(b->mistakes, b->positions, h->path, "client_auth.crl",
		           "%u given, 1 to %u needed", auth->crl_count, CONF_CRLS_MAX);
	else
		read_crls(h, auth);
}

void build_files(struct build_host *h)
{
	const struct conf_client_auth *auth = h->conf->client_auth;

	if (h->conf->certificate)
		h->out->certificate_pem =
			read_named(h, PART_CERTIFICATE, "certificate", h->conf->certificate);
	if (h->conf->key)
		h->out->key_pem = read_named(h, PART_KEY, "key", h->conf->key);
	if (auth)
		build_crls(h, auth);
	if (h->out->verify == VERIFY_NONE)
		return;
	if (auth && auth->ca)
		h->out->ca_pem = read_named(h, PART_CA, "client_auth.ca", auth->ca);
	else
		mistake_at(h->b->mistakes, h->b->positions, h->path, "client_auth.ca",
		           "missing: verify: %s needs it", verify_words[h->out->verify]);
}

void build_revoked(struct build *b)
{
	const char *path = b->conf->revoked;
	char full[SOURCE_PATH_MAX];
	size_t line = 0;
	int r;

	if (!path)
		return;
	r = path[0] == '\0' ? -ENOENT : build_path(b, path, full, sizeof(full));
	if (r == 0)
		r = revoked_file_read(b->loader->source, full, &b->revoked, &line);
	if (r == -ENOMEM)
		b->status = r;
	else if (r < 0 && line > 0)
		mistake_at(b->mistakes, b->positions, "revoked", "",
		           "%s line %zu: neither a SHA-256 nor a serial number and an issuer", path,
		           line);
	else if (r < 0)
		mistake_at(b->mistakes, b->positions, "revoked", "", "%s cannot be read: %s", path,
		           part_error(r));
}
