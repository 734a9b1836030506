/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * db_priv.h - private to store/: for files that have a table.
 *
 * SQL is always a literal; what somebody wrote is bound, never pasted.
 */
#pragma once

#include <sqlite3.h>
#include <stdint.h>

#include "store/db.h"

struct db {
	sqlite3 *handle;
	bool is_writable;
	int settled; /* sqlite3_total_changes() when the log was emptied; -1: it may hold something */
};

/* SQLite's result as -errno. A constraint that was broken: -EEXIST. */
int db_error(struct db *db, int code);

/* Return: 0 or -errno; @out is sqlite3_finalize()d by the caller, NULL is fine. */
MUST_USE int db_prepare(struct db *db, const char *sql, sqlite3_stmt **out);

/* Texts are borrowed until the statement is stepped for the last time. */
MUST_USE int db_bind_text(struct db *db, sqlite3_stmt *s, int index, const char *text);
MUST_USE int db_bind_int(struct db *db, sqlite3_stmt *s, int index, int64_t value);

/* Return: 1 a row; 0 done; -errno. */
MUST_USE int db_step(struct db *db, sqlite3_stmt *s);

/* A column as text; never NULL. Valid until the next step. */
const char *db_text(sqlite3_stmt *s, int column);

/* One statement without a result, or several. Return: 0 or -errno. */
MUST_USE int db_run(struct db *db, const char *sql);

/* A value for a parameter: @text, or @number where that is NULL. */
struct db_value {
	const char *text;
	int64_t number;
};

/* db_query.c: run a statement that changes something. Return: rows changed; -EROFS; -errno. */
MUST_USE int db_change(struct db *db, const char *sql, const struct db_value *values, int len);

/* Gets each row. Return: 0; anything else ends the walk and is its result. */
typedef int db_row(void *arg, sqlite3_stmt *s);

/* Run one that asks. Return: 0; what @each said; -errno. */
MUST_USE int db_ask(struct db *db, const char *sql, const struct db_value *values, int len,
                    db_row *each, void *arg);

/* One number. Return: it; -errno. */
MUST_USE int64_t db_number(struct db *db, const char *sql, const struct db_value *values, int len);

/* db_schema.c: bring it to the newest schema. Return: 0; -EPROTO it is newer; -EBADMSG not ours; -errno. */
MUST_USE int db_migrate(struct db *db);
