/* SPDX-License-Identifier: GPL-2.0-only */
#include "store/revocations_db.h"

#include <errno.h>
#include <string.h>

#include "store/db_priv.h"

#define COLUMNS "kind, value, reason, added_by, added_at"

static bool is_short_enough(const struct revocation_row *row)
{
	return strlen(row->kind) <= REVOCATION_KIND_MAX &&
	       strlen(row->value) <= REVOCATION_VALUE_MAX &&
	       strlen(row->reason) <= REVOCATION_REASON_MAX &&
	       strlen(row->added_by) <= REVOCATION_BY_MAX;
}

/* @texts from the first parameter on. Return: 1 a row; 0 done; -errno. */
static int bind_and_step(struct db *db, sqlite3_stmt *s, const char *const *texts, int texts_len)
{
	int r = 0;

	for (int i = 0; i < texts_len && r == 0; i++)
		r = db_bind_text(db, s, i + 1, texts[i]);
	return r == 0 ? db_step(db, s) : r;
}

int revocations_db_add(struct db *db, const struct revocation_row *row)
{
	const char *const texts[] = { row->kind, row->value, row->reason, row->added_by };
	sqlite3_stmt *s = NULL;
	int r;

	if (!is_short_enough(row))
		return -E2BIG;
	if (!db->is_writable)
		return -EROFS;
	r = db_prepare(db, "INSERT INTO revocations (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5)", &s);
	if (r == 0)
		r = db_bind_int(db, s, ARRAY_LEN(texts) + 1, row->added_at);
	if (r == 0)
		r = bind_and_step(db, s, texts, ARRAY_LEN(texts));
	(void)sqlite3_finalize(s);
	return r;
}

int revocations_db_remove(struct db *db, const char *kind, const char *value)
{
	const char *const texts[] = { kind, value };
	sqlite3_stmt *s = NULL;
	int r;

	if (!db->is_writable)
		return -EROFS;
	r = db_prepare(db, "DELETE FROM revocations WHERE kind = ?1 AND value = ?2", &s);
	if (r == 0)
		r = bind_and_step(db, s, texts, ARRAY_LEN(texts));
	if (r == 0 && sqlite3_changes(db->handle) == 0)
		r = -ENOENT;
	(void)sqlite3_finalize(s);
	return r;
}

static int tell(sqlite3_stmt *s, revocation_each *each, void *arg)
{
	const struct revocation_row row = {
		.kind = db_text(s, 0),
		.value = db_text(s, 1),
		.reason = db_text(s, 2),
		.added_by = db_text(s, 3),
		.added_at = sqlite3_column_int64(s, 4),
	};

	return each(arg, &row);
}

int revocations_db_each(struct db *db, int64_t skip, int64_t limit, revocation_each *each,
                        void *arg)
{
	sqlite3_stmt *s = NULL;
	int r = db_prepare(db,
	                   "SELECT " COLUMNS
	                   " FROM revocations ORDER BY kind, value LIMIT ?1 OFFSET ?2",
	                   &s);

	if (r == 0)
		r = db_bind_int(db, s, 1, limit);
	if (r == 0)
		r = db_bind_int(db, s, 2, skip);
	while (r == 0) {
		r = db_step(db, s);
		if (r != 1)
			break;
		r = tell(s, each, arg);
	}
	(void)sqlite3_finalize(s);
	return r;
}

int revocations_db_find(struct db *db, const char *kind, const char *value, revocation_each *each,
                        void *arg)
{
	const char *const texts[] = { kind, value };
	sqlite3_stmt *s = NULL;
	int r = db_prepare(db, "SELECT " COLUMNS " FROM revocations WHERE kind = ?1 AND value = ?2",
	                   &s);

	if (r == 0) {
		r = bind_and_step(db, s, texts, ARRAY_LEN(texts));
		if (r == 1)
			r = tell(s, each, arg);
		else if (r == 0)
			r = -ENOENT;
	}
	(void)sqlite3_finalize(s);
	return r;
}

int64_t revocations_db_count(struct db *db)
{
	return db_number(db, "SELECT count(*) FROM revocations", NULL, 0);
}
