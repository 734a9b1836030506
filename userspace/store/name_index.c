/* SPDX-License-Identifier: GPL-2.0-only */
#include "store/name_index.h"

#include <stdlib.h>

#include "proto/hostname.h"

struct row {
	const char *name; /* borrowed */
	size_t host;
};

struct name_index {
	struct row *rows;
	size_t len;
	size_t host_default;
	bool has_default;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct row *)a)->name, ((const struct row *)b)->name);
}

struct name_index *name_index_new(const struct snapshot *s)
{
	struct name_index *x = calloc(1, sizeof(*x));
	size_t hosts = snapshot_configured(s);
	size_t total = 0;

	for (size_t i = 0; i < hosts; i++)
		total += s->hosts[i].names_len;
	if (x)
		x->rows = calloc(total ? total : 1, sizeof(*x->rows));
	if (!x || !x->rows) {
		free(x);
		return NULL;
	}
	for (size_t i = 0; i < hosts; i++) {
		for (size_t n = 0; n < s->hosts[i].names_len; n++)
			x->rows[x->len++] = (struct row){ s->hosts[i].names[n], i };
		if (s->hosts[i].is_default) {
			x->has_default = true;
			x->host_default = i;
		}
	}
	qsort(x->rows, x->len, sizeof(*x->rows), by_name);
	return x;
}

void name_index_free(struct name_index *x)
{
	if (!x)
		return;
	free(x->rows);
	free(x);
}

static const struct row *find(const struct name_index *x, const char *name)
{
	const struct row key = { .name = name };

	return bsearch(&key, x->rows, x->len, sizeof(*x->rows), by_name);
}

/* "a.example.com" as "*.example.com". Return: false: no wildcard covers it. */
static bool wildcard_of(const char *name, char out[HOST_NAME_MAX_BYTES + 1])
{
	struct hostname normal;
	struct hostname parent;

	if (hostname_normal(slice_of(name, strlen(name)), &normal) < 0 ||
	    hostname_parent(&normal, &parent) < 0)
		return false;
	slice_copy((uint8_t *)out, hostname_slice(&parent));
	out[parent.len] = '\0';
	return true;
}

enum name_by name_index_find(const struct name_index *x, const char *name, size_t *out_host)
{
	char wildcard[HOST_NAME_MAX_BYTES + 1];
	const struct row *row = find(x, name);

	if (row) {
		*out_host = row->host;
		return NAME_BY_ITSELF;
	}
	/* A wildcard that is not configured stands for nothing. */
	if (name[0] == '*')
		return NAME_BY_NOBODY;
	if (wildcard_of(name, wildcard))
		row = find(x, wildcard);
	if (row) {
		*out_host = row->host;
		return NAME_BY_WILDCARD;
	}
	if (!x->has_default)
		return NAME_BY_NOBODY;
	*out_host = x->host_default;
	return NAME_BY_DEFAULT;
}
