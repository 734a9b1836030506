/* SPDX-License-Identifier: GPL-2.0-only */
#include "store/tokens_db.h"

#include <errno.h>
#include <stdio.h>

#include "store/db_priv.h"

#define COLUMNS "id, name, email, scope, salt, hash, added_by, added_at"

static void read_row(sqlite3_stmt *s, struct token_row *out)
{
	*out = (struct token_row){ .added_at = sqlite3_column_int64(s, 7) };
	(void)snprintf(out->id, sizeof(out->id), "%s", db_text(s, 0));
	(void)snprintf(out->name, sizeof(out->name), "%s", db_text(s, 1));
	(void)snprintf(out->email, sizeof(out->email), "%s", db_text(s, 2));
	(void)snprintf(out->scope, sizeof(out->scope), "%s", db_text(s, 3));
	(void)snprintf(out->salt, sizeof(out->salt), "%s", db_text(s, 4));
	(void)snprintf(out->hash, sizeof(out->hash), "%s", db_text(s, 5));
	(void)snprintf(out->added_by, sizeof(out->added_by), "%s", db_text(s, 6));
}

int tokens_db_add(struct db *db, const struct token_row *row)
{
	const char *const texts[] = { row->id,   row->name, row->email,   row->scope,
		                      row->salt, row->hash, row->added_by };
	sqlite3_stmt *s = NULL;
	int r;

	if (!db->is_writable)
		return -EROFS;
	r = db_prepare(db,
	               "INSERT INTO tokens (" COLUMNS ") SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 "
	               "WHERE (SELECT count(*) FROM tokens) < ?9",
	               &s);
	for (int i = 0; i < (int)ARRAY_LEN(texts) && r == 0; i++)
		r = db_bind_text(db, s, i + 1, texts[i]);
	if (r == 0)
		r = db_bind_int(db, s, 8, row->added_at);
	if (r == 0)
		r = db_bind_int(db, s, 9, TOKENS_MAX);
	if (r == 0)
		r = db_step(db, s);
	if (r == 0 && sqlite3_changes(db->handle) == 0)
		r = -ENOSPC;
	(void)sqlite3_finalize(s);
	return r;
}

int tokens_db_find(struct db *db, const char *id, struct token_row *out)
{
	sqlite3_stmt *s = NULL;
	int r = db_prepare(db, "SELECT " COLUMNS " FROM tokens WHERE id = ?1", &s);

	if (r == 0)
		r = db_bind_text(db, s, 1, id);
	if (r == 0)
		r = db_step(db, s);
	if (r == 1)
		read_row(s, out);
	(void)sqlite3_finalize(s);
	if (r == 0)
		return -ENOENT;
	return r == 1 ? 0 : r;
}

int tokens_db_remove(struct db *db, const char *id)
{
	sqlite3_stmt *s = NULL;
	int r;

	if (!db->is_writable)
		return -EROFS;
	r = db_prepare(db, "DELETE FROM tokens WHERE id = ?1", &s);
	if (r == 0)
		r = db_bind_text(db, s, 1, id);
	if (r == 0)
		r = db_step(db, s);
	if (r == 0 && sqlite3_changes(db->handle) == 0)
		r = -ENOENT;
	(void)sqlite3_finalize(s);
	return r;
}

int tokens_db_each(struct db *db, token_each *each, void *arg)
{
	struct token_row row;
	sqlite3_stmt *s = NULL;
	int r = db_prepare(db, "SELECT " COLUMNS " FROM tokens ORDER BY name", &s);

	while (r == 0) {
		r = db_step(db, s);
		if (r != 1)
			break;
		read_row(s, &row);
		r = each(arg, &row);
	}
	(void)sqlite3_finalize(s);
	return r;
}
