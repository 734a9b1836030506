/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * print.h - answers for people. Whatever a peer wrote (a certificate's subject, say) is
 * printed without its control bytes: a terminal obeys those.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* One column of a table: "key" of each row's object, or "key.key". */
struct column {
	const char *title;
	const char *key;
};

/** print_json - indented, keys in the API's order, one line end */
void print_json(const json_t *value);

/** print_table - @rows: an array of objects. Columns are as wide as they must be. */
void print_table(const json_t *rows, const struct column *columns, size_t columns_len);

/** print_rows - @rows as JSON, or as a table */
void print_rows(bool is_json, const json_t *rows, const struct column *columns, size_t columns_len);

/** print_pairs - "title: value" for one object; what it has not is left out */
void print_pairs(const json_t *object, const struct column *pairs, size_t pairs_len);
