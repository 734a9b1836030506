/* SPDX-License-Identifier: GPL-2.0-only */
#include "print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MAX = 32, CELL_BYTES_MAX = 1024, KEY_BYTES_MAX = 64 };

void print_json(const json_t *value)
{
	(void)json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
	(void)putchar('\n');
}

/* "a.b" of an object; NULL: it has none. */
static const json_t *find(const json_t *object, const char *key)
{
	char part[KEY_BYTES_MAX];

	for (;;) {
		size_t len = strcspn(key, ".");

		if (len >= sizeof(part))
			return NULL;
		memcpy(part, key, len);
		part[len] = '\0';
		object = json_object_get(object, part);
		if (!object || key[len] == '\0')
			return object;
		key += len + 1;
	}
}

/* C0, DEL, and C1 as UTF-8 writes it (RFC 3629): c2 80 to c2 9f. */
static void put_safe(char *out, size_t cap, const char *text)
{
	size_t n = 0;

	for (const unsigned char *p = (const unsigned char *)text; *p && n + 1 < cap; p++) {
		if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
			out[n++] = *++p ? '?' : '\0';
		else
			out[n++] = *p < ' ' || *p == 0x7f ? '?' : (char)*p;
	}
	out[n] = '\0';
}

/* One value in one line. Of a list of words, the words. */
static void cell_of(const json_t *value, char *out)
{
	const json_t *item;
	size_t i;
	size_t n = 0;

	out[0] = '\0';
	if (json_is_string(value)) {
		put_safe(out, CELL_BYTES_MAX, json_string_value(value));
	} else if (json_is_integer(value)) {
		(void)snprintf(out, CELL_BYTES_MAX, "%lld", (long long)json_integer_value(value));
	} else if (json_is_real(value)) {
		(void)snprintf(out, CELL_BYTES_MAX, "%g", json_real_value(value));
	} else if (json_is_boolean(value)) {
		(void)snprintf(out, CELL_BYTES_MAX, "%s", json_is_true(value) ? "yes" : "no");
	} else if (json_is_array(value)) {
		json_array_foreach(value, i, item)
		{
			const char *text = json_string_value(item);

			if (!text || n + 3 >= CELL_BYTES_MAX)
				continue;
			n += (size_t)snprintf(out + n, CELL_BYTES_MAX - n, "%s", i ? ", " : "");
			put_safe(out + n, CELL_BYTES_MAX - n, text);
			n += strlen(out + n);
		}
	}
	if (out[0] == '\0')
		(void)snprintf(out, CELL_BYTES_MAX, "-");
}

static void widen(size_t *widths, const json_t *row, const struct column *columns, size_t len)
{
	char cell[CELL_BYTES_MAX];

	for (size_t i = 0; i < len; i++) {
		cell_of(find(row, columns[i].key), cell);
		if (strlen(cell) > widths[i])
			widths[i] = strlen(cell);
	}
}

static void put_cell(const char *text, size_t width, int is_last)
{
	if (is_last)
		(void)printf("%s\n", text);
	else
		(void)printf("%-*s  ", (int)width, text);
}

void print_table(const json_t *rows, const struct column *columns, size_t columns_len)
{
	size_t widths[COLUMNS_MAX] = { 0 };
	char cell[CELL_BYTES_MAX];
	const json_t *row;
	size_t i;

	if (columns_len > COLUMNS_MAX)
		abort();
	for (size_t c = 0; c < columns_len; c++)
		widths[c] = strlen(columns[c].title);
	json_array_foreach(rows, i, row) widen(widths, row, columns, columns_len);
	for (size_t c = 0; c < columns_len; c++)
		put_cell(columns[c].title, widths[c], c + 1 == columns_len);
	json_array_foreach(rows, i, row)
	{
		for (size_t c = 0; c < columns_len; c++) {
			cell_of(find(row, columns[c].key), cell);
			put_cell(cell, widths[c], c + 1 == columns_len);
		}
	}
}

void print_rows(bool is_json, const json_t *rows, const struct column *columns, size_t columns_len)
{
	if (is_json)
		print_json(rows);
	else
		print_table(rows, columns, columns_len);
}

void print_pairs(const json_t *object, const struct column *pairs, size_t pairs_len)
{
	char cell[CELL_BYTES_MAX];
	size_t width = 0;

	for (size_t i = 0; i < pairs_len; i++)
		if (strlen(pairs[i].title) > width)
			width = strlen(pairs[i].title);
	for (size_t i = 0; i < pairs_len; i++) {
		const json_t *value = find(object, pairs[i].key);

		if (!value)
			continue;
		cell_of(value, cell);
		(void)printf("%s:%*s %s\n", pairs[i].title, (int)(width - strlen(pairs[i].title)),
		             "", cell);
	}
}
