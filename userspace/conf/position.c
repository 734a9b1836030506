/* SPDX-License-Identifier: GPL-2.0-only */
#include "conf/position.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/schema.h"

struct position {
	char *path;
	unsigned int line;
};

struct positions {
	struct position *rows;
	size_t len, cap;
	bool sorted;
};

struct positions *positions_new(void)
{
	return calloc(1, sizeof(struct positions));
}

void positions_free(struct positions *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->len; i++)
		free(p->rows[i].path);
	free(p->rows);
	free(p);
}

const char *positions_add(struct positions *p, unsigned int line, const char *path)
{
	char *copy;

	if (p->len == p->cap) {
		size_t cap = p->cap ? p->cap * 2 : 64;
		struct position *rows = reallocarray(p->rows, cap, sizeof(*rows));

		if (!rows)
			return NULL;
		p->rows = rows;
		p->cap = cap;
	}
	copy = strdup(path);
	if (!copy)
		return NULL;
	p->rows[p->len++] = (struct position){ .path = copy, .line = line };
	p->sorted = false;
	return copy;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct position *)a)->path, ((const struct position *)b)->path);
}

/* "a[2].b" -> "a[2]" -> "a" -> "". */
static void cut_last(char *path)
{
	size_t at = strlen(path);

	while (at > 0 && path[at - 1] != '.' && path[at - 1] != '[')
		at--;
	path[at > 0 ? at - 1 : 0] = '\0';
}

static const struct position *find(struct positions *p, const char *path)
{
	char copy[SCHEMA_PATH_MAX];
	const struct position key = { .path = copy };

	(void)snprintf(copy, sizeof(copy), "%s", path);
	if (p->len == 0)
		return NULL;
	if (!p->sorted)
		qsort(p->rows, p->len, sizeof(p->rows[0]), by_path);
	p->sorted = true;
	return bsearch(&key, p->rows, p->len, sizeof(p->rows[0]), by_path);
}

unsigned int positions_line(struct positions *p, const char *path)
{
	char around[SCHEMA_PATH_MAX];

	(void)snprintf(around, sizeof(around), "%s", path);
	for (;;) {
		const struct position *row = find(p, around);

		if (row)
			return row->line;
		if (around[0] == '\0')
			return 1;
		cut_last(around);
	}
}

bool positions_has(struct positions *p, const char *path, const char *key)
{
	char whole[SCHEMA_PATH_MAX];

	(void)snprintf(whole, sizeof(whole), "%s.%s", path, key);
	return find(p, whole) != NULL;
}
