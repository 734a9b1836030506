/* SPDX-License-Identifier: GPL-2.0-only */
#include "store/settings_db.h"

#include <stddef.h>

#include "store/db_priv.h"

int settings_db_clear(struct db *db, const char *scope)
{
	const struct db_value value = { .text = scope };
	int r = db_change(db, "DELETE FROM hostname_settings WHERE scope = ?1", &value, 1);

	return r < 0 ? r : 0;
}

int settings_db_add(struct db *db, const char *scope, int64_t position,
                    const struct setting_row *row)
{
	const struct db_value values[] = {
		{ .text = scope },
		{ .number = position },
		{ .text = row->hostname },
		{ .number = row->china_network },
		{ .number = row->forwarding },
	};
	int r = db_change(db,
	                  "INSERT INTO hostname_settings "
	                  "(scope, position, hostname, china_network, forwarding) "
	                  "VALUES (?1, ?2, ?3, ?4, ?5)",
	                  values, ARRAY_LEN(values));

	return r < 0 ? r : 0;
}

struct walk {
	setting_each *each;
	scope_each *each_scope;
	void *arg;
};

static int tell(void *arg, sqlite3_stmt *s)
{
	const struct walk *w = arg;

	return w->each(w->arg, &(struct setting_row){
				       .hostname = db_text(s, 0),
				       .china_network = sqlite3_column_int(s, 1) != 0,
				       .forwarding = sqlite3_column_int(s, 2) != 0,
			       });
}

int settings_db_each(struct db *db, const char *scope, setting_each *each, void *arg)
{
	const struct db_value value = { .text = scope };
	struct walk w = { .each = each, .arg = arg };

	return db_ask(db,
	              "SELECT hostname, china_network, forwarding FROM hostname_settings "
	              "WHERE scope = ?1 ORDER BY position",
	              &value, 1, tell, &w);
}

int64_t settings_db_count(struct db *db, const char *scope)
{
	const struct db_value value = { .text = scope };

	return db_number(db, "SELECT count(*) FROM hostname_settings WHERE scope = ?1", &value, 1);
}

static int tell_scope(void *arg, sqlite3_stmt *s)
{
	const struct walk *w = arg;

	return w->each_scope(w->arg, db_text(s, 0));
}

int settings_db_scopes(struct db *db, scope_each *each, void *arg)
{
	struct walk w = { .each_scope = each, .arg = arg };

	return db_ask(db, "SELECT DISTINCT scope FROM hostname_settings ORDER BY scope", NULL, 0,
	              tell_scope, &w);
}
