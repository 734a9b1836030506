/* SPDX-License-Identifier: GPL-2.0-only */
#include "store/audit_db.h"

#include <errno.h>
#include <string.h>

#include "store/db_priv.h"

static int insert(struct db *db, const struct audit_row *row)
{
	const char *const texts[] = { row->who, row->what, row->before, row->after };
	sqlite3_stmt *s = NULL;
	int r = db_prepare(db,
	                   "INSERT INTO audit (who, what, before, after, at) "
	                   "VALUES (?1, ?2, ?3, ?4, ?5)",
	                   &s);

	for (int i = 0; i < (int)ARRAY_LEN(texts) && r == 0; i++)
		r = db_bind_text(db, s, i + 1, texts[i]);
	if (r == 0)
		r = db_bind_int(db, s, 5, row->at);
	if (r == 0)
		r = db_step(db, s);
	(void)sqlite3_finalize(s);
	return r;
}

static int forget(struct db *db)
{
	sqlite3_stmt *s = NULL;
	int r = db_prepare(db, "DELETE FROM audit WHERE id <= ?1", &s);

	if (r == 0)
		r = db_bind_int(db, s, 1, sqlite3_last_insert_rowid(db->handle) - AUDIT_ROWS_MAX);
	if (r == 0)
		r = db_step(db, s);
	(void)sqlite3_finalize(s);
	return r;
}

int audit_db_add(struct db *db, const struct audit_row *row)
{
	int r;

	if (strlen(row->before) > AUDIT_TEXT_MAX || strlen(row->after) > AUDIT_TEXT_MAX)
		return -E2BIG;
	if (!db->is_writable)
		return -EROFS;
	r = insert(db, row);
	return r == 0 ? forget(db) : r;
}

int audit_db_each(struct db *db, int64_t skip, int64_t limit, audit_each *each, void *arg)
{
	sqlite3_stmt *s = NULL;
	int r = db_prepare(db,
	                   "SELECT id, at, who, what, before, after FROM audit "
	                   "ORDER BY id DESC LIMIT ?1 OFFSET ?2",
	                   &s);

	if (r == 0)
		r = db_bind_int(db, s, 1, limit);
	if (r == 0)
		r = db_bind_int(db, s, 2, skip);
	while (r == 0) {
		r = db_step(db, s);
		if (r != 1)
			break;
		r = each(arg, &(struct audit_row){
				      .id = sqlite3_column_int64(s, 0),
				      .at = sqlite3_column_int64(s, 1),
				      .who = db_text(s, 2),
				      .what = db_text(s, 3),
				      .before = db_text(s, 4),
				      .after = db_text(s, 5),
			      });
	}
	(void)sqlite3_finalize(s);
	return r;
}

int64_t audit_db_count(struct db *db)
{
	return db_number(db, "SELECT count(*) FROM audit", NULL, 0);
}
