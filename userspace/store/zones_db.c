/* SPDX-License-Identifier: GPL-2.0-only */
#include "store/zones_db.h"

#include <errno.h>
#include <stddef.h>

#include "store/db_priv.h"

int zones_db_add(struct db *db, const struct zone_row *row)
{
	const struct db_value values[] = {
		{ .text = row->id },
		{ .text = row->name },
		{ .text = row->account },
		{ .number = ZONES_DB_MAX },
	};
	int r = db_change(db,
	                  "INSERT INTO zones (id, name, account) SELECT ?1, ?2, ?3 "
	                  "WHERE (SELECT count(*) FROM zones) < ?4",
	                  values, ARRAY_LEN(values));

	if (r == 0)
		return -ENOSPC;
	return r < 0 ? r : 0;
}

int zones_db_remove(struct db *db, const char *id)
{
	const struct db_value value = { .text = id };
	int r = db_change(db, "DELETE FROM managed_headers WHERE zone = ?1", &value, 1);

	if (r >= 0)
		r = db_change(db, "DELETE FROM zones WHERE id = ?1", &value, 1);
	if (r == 0)
		return -ENOENT;
	return r < 0 ? r : 0;
}

struct walk {
	zone_each *each;
	void *arg;
};

static int tell(void *arg, sqlite3_stmt *s)
{
	const struct walk *w = arg;

	return w->each(w->arg, &(struct zone_row){ .id = db_text(s, 0),
	                                           .name = db_text(s, 1),
	                                           .account = db_text(s, 2) });
}

int zones_db_each(struct db *db, zone_each *each, void *arg)
{
	struct walk w = { each, arg };

	return db_ask(db, "SELECT id, name, account FROM zones ORDER BY name", NULL, 0, tell, &w);
}

int zones_db_managed(struct db *db, const char *id)
{
	const struct db_value value = { .text = id };

	return (int)db_number(db, "SELECT count(*) FROM managed_headers WHERE zone = ?1", &value,
	                      1);
}

int zones_db_manage(struct db *db, const char *id, bool is_managed)
{
	const struct db_value value = { .text = id };
	int r = db_change(db,
	                  is_managed ? "INSERT OR IGNORE INTO managed_headers (zone) VALUES (?1)"
	                             : "DELETE FROM managed_headers WHERE zone = ?1",
	                  &value, 1);

	return r < 0 ? r : 0;
}
