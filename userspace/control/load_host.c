/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/load_priv.h"
#include "proto/hostname.h"

static struct slice str(const char *s)
{
	return slice_of(s, strlen(s));
}

static void build_names(struct build_host *h)
{
	unsigned int len = h->conf->names_count;

	h->out->names = calloc(len ? len : 1, sizeof(*h->out->names));
	if (!h->out->names) {
		h->b->status = -ENOMEM;
		return;
	}
	for (unsigned int i = 0; i < len; i++) {
		struct hostname name;
		char key[32];

		(void)snprintf(key, sizeof(key), "names[%u]", i);
		if (hostname_pattern(str(h->conf->names[i]), &name) < 0) {
			mistake_at(h->b->mistakes, h->b->positions, h->path, key,
			           "\"%s\" is not a hostname or *.hostname", h->conf->names[i]);
			continue;
		}
		h->out->names[h->out->names_len] = build_copy(h->b, hostname_slice(&name));
		if (h->out->names[h->out->names_len])
			h->out->names_len++;
	}
}

/* @path as control opens it: relative ones are relative to the file's directory. */
static int full_path(const struct build_host *h, const char *path, char *out, size_t cap)
{
	const char *file = h->b->loader->file;
	const char *slash = strrchr(file, '/');
	int dir = slash && path[0] != '/' ? (int)(slash - file) + 1 : 0;
	int n = snprintf(out, cap, "%.*s%s", dir, file, path);

	return n < 0 || (size_t)n >= cap ? -ENAMETOOLONG : 0;
}

/* The file that @key names; NULL after a mistake. */
static char *read_named(struct build_host *h, const char *key, const char *path)
{
	char full[SOURCE_PATH_MAX];
	char *text = NULL;
	size_t len;
	int r = path[0] == '\0' ? -ENOENT : full_path(h, path, full, sizeof(full));

	if (r == 0)
		r = source_read(h->b->loader->source, full, SOURCE_PEM_BYTES_MAX, &text, &len);
	if (r == -ENOMEM)
		h->b->status = r;
	else if (r == -EACCES || r == -EXDEV)
		mistake_at(h->b->mistakes, h->b->positions, h->path, key,
		           "%s cannot be read: %s (is its directory allowed? --allow-dir)", path,
		           strerror(-r));
	else if (r < 0)
		mistake_at(h->b->mistakes, h->b->positions, h->path, key, "%s cannot be read: %s",
		           path, strerror(-r));
	return text;
}

static void build_files(struct build_host *h)
{
	const struct conf_client_auth *auth = h->conf->client_auth;

	if (h->conf->certificate)
		h->out->certificate_pem = read_named(h, "certificate", h->conf->certificate);
	if (h->conf->key)
		h->out->key_pem = read_named(h, "key", h->conf->key);
	if (h->out->verify == VERIFY_NONE)
		return;
	if (auth && auth->ca)
		h->out->ca_pem = read_named(h, "client_auth.ca", auth->ca);
	else
		mistake_at(h->b->mistakes, h->b->positions, h->path, "client_auth.ca",
		           "missing: verify: %s needs it", verify_words[h->out->verify]);
}

void build_host(struct build_host *h)
{
	struct build *b = h->b;
	struct snapshot_host *out = h->out;

	build_names(h);
	out->is_default = h->conf->is_default;
	out->verify = conf_verify(h->conf, h->path, b->positions, b->mistakes);
	out->verify_depth = conf_depth(h->conf, h->path, b->positions, b->mistakes);
	out->inject = conf_inject(h->conf, h->path, b->positions, b->mistakes);
	out->rfc9440 = conf_rfc9440(h->conf, h->path, b->positions, b->mistakes);
	build_headers(h);
	build_files(h);
	if (out->certificate_pem && out->key_pem && (out->ca_pem || out->verify == VERIFY_NONE))
		build_tls(h);
	build_origins(h);
}
