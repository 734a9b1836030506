/* SPDX-License-Identifier: GPL-2.0-only */
/* db_query.c - statements with their values, from one end to the other. */
#include <errno.h>
#include <stddef.h>

#include "store/db_priv.h"

static int begin(struct db *db, const char *sql, const struct db_value *values, int len,
                 sqlite3_stmt **out)
{
	int r = db_prepare(db, sql, out);

	for (int i = 0; i < len && r == 0; i++)
		r = values[i].text ? db_bind_text(db, *out, i + 1, values[i].text)
		                   : db_bind_int(db, *out, i + 1, values[i].number);
	return r;
}

int db_change(struct db *db, const char *sql, const struct db_value *values, int len)
{
	sqlite3_stmt *s = NULL;
	int r;

	if (!db->is_writable)
		return -EROFS;
	r = begin(db, sql, values, len, &s);
	if (r == 0)
		r = db_step(db, s);
	if (r == 0)
		r = sqlite3_changes(db->handle);
	(void)sqlite3_finalize(s);
	return r;
}

int db_ask(struct db *db, const char *sql, const struct db_value *values, int len, db_row *each,
           void *arg)
{
	sqlite3_stmt *s = NULL;
	int r = begin(db, sql, values, len, &s);

	while (r == 0) {
		r = db_step(db, s);
		if (r != 1)
			break;
		r = each(arg, s);
	}
	(void)sqlite3_finalize(s);
	return r;
}

static int take_number(void *arg, sqlite3_stmt *s)
{
	*(int64_t *)arg = sqlite3_column_int64(s, 0);
	return 0;
}

int64_t db_number(struct db *db, const char *sql, const struct db_value *values, int len)
{
	int64_t n = 0;
	int r = db_ask(db, sql, values, len, take_number, &n);

	return r < 0 ? r : n;
}
