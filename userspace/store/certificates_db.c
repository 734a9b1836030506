/* SPDX-License-Identifier: GPL-2.0-only */
#include "store/certificates_db.h"

#include <errno.h>
#include <stddef.h>

#include "store/db_priv.h"

#define COLUMNS                                                                                    \
	"id, scope, account, name, pem, sha256, fingerprint, expires_at, created_at, updated_at"

static int done(int changed)
{
	return changed < 0 ? changed : 0;
}

static int done_or_not_there(int changed)
{
	return changed == 0 ? -ENOENT : done(changed);
}

int certificates_db_add(struct db *db, const struct certificate_row *row)
{
	const struct db_value values[] = {
		{ .text = row->id },           { .text = row->scope },
		{ .text = row->account },      { .text = row->name },
		{ .text = row->pem },          { .text = row->sha256 },
		{ .text = row->fingerprint },  { .number = row->expires_at },
		{ .number = row->created_at }, { .number = row->updated_at },
	};

	return done(db_change(db,
	                      "INSERT INTO certificates (" COLUMNS ") "
	                      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
	                      values, ARRAY_LEN(values)));
}

struct walk {
	certificate_each *each;
	hostname_each *each_hostname;
	void *arg;
	bool has_any;
};

static int tell(void *arg, sqlite3_stmt *s)
{
	struct walk *w = arg;

	w->has_any = true;
	return w->each(w->arg, &(struct certificate_row){
				       .id = db_text(s, 0),
				       .scope = db_text(s, 1),
				       .account = db_text(s, 2),
				       .name = db_text(s, 3),
				       .pem = db_text(s, 4),
				       .sha256 = db_text(s, 5),
				       .fingerprint = db_text(s, 6),
				       .expires_at = sqlite3_column_int64(s, 7),
				       .created_at = sqlite3_column_int64(s, 8),
				       .updated_at = sqlite3_column_int64(s, 9),
			       });
}

int certificates_db_find(struct db *db, const char *scope, const char *id, certificate_each *each,
                         void *arg)
{
	const struct db_value values[] = { { .text = scope }, { .text = id } };
	struct walk w = { .each = each, .arg = arg };
	int r = db_ask(db, "SELECT " COLUMNS " FROM certificates WHERE scope = ?1 AND id = ?2",
	               values, ARRAY_LEN(values), tell, &w);

	return r == 0 && !w.has_any ? -ENOENT : r;
}

int certificates_db_each(struct db *db, const char *scope, int64_t skip, int64_t limit,
                         certificate_each *each, void *arg)
{
	const struct db_value values[] = { { .text = scope },
		                           { .number = limit },
		                           { .number = skip } };
	struct walk w = { .each = each, .arg = arg };

	return db_ask(db,
	              "SELECT " COLUMNS " FROM certificates WHERE scope = ?1 "
	              "ORDER BY created_at, id LIMIT ?2 OFFSET ?3",
	              values, ARRAY_LEN(values), tell, &w);
}

int certificates_db_all(struct db *db, certificate_each *each, void *arg)
{
	struct walk w = { .each = each, .arg = arg };

	return db_ask(db, "SELECT " COLUMNS " FROM certificates ORDER BY id", NULL, 0, tell, &w);
}

int64_t certificates_db_count(struct db *db, const char *scope)
{
	const struct db_value value = { .text = scope };

	return db_number(db, "SELECT count(*) FROM certificates WHERE scope = ?1", &value, 1);
}

int64_t certificates_db_count_account(struct db *db, const char *account)
{
	const struct db_value value = { .text = account };

	return db_number(db, "SELECT count(*) FROM certificates WHERE account = ?1", &value, 1);
}

int certificates_db_update(struct db *db, const char *id, const char *name, int64_t updated_at)
{
	const struct db_value values[] = { { .text = id },
		                           { .text = name },
		                           { .number = updated_at } };

	if (name)
		return done_or_not_there(db_change(
			db, "UPDATE certificates SET name = ?2, updated_at = ?3 WHERE id = ?1",
			values, ARRAY_LEN(values)));
	return done_or_not_there(db_change(db,
	                                   "UPDATE certificates SET updated_at = ?2 WHERE id = ?1",
	                                   (const struct db_value[]){ values[0], values[2] }, 2));
}

int certificates_db_remove(struct db *db, const char *id)
{
	const struct db_value value = { .text = id };

	return done_or_not_there(
		db_change(db, "DELETE FROM certificates WHERE id = ?1", &value, 1));
}

int certificates_db_attach(struct db *db, const char *id, const char *hostname)
{
	const struct db_value values[] = { { .text = id }, { .text = hostname } };

	return done(db_change(
		db, "INSERT INTO certificate_hostnames (certificate, hostname) VALUES (?1, ?2)",
		values, ARRAY_LEN(values)));
}

int certificates_db_detach_all(struct db *db, const char *id)
{
	const struct db_value value = { .text = id };

	return done(db_change(db, "DELETE FROM certificate_hostnames WHERE certificate = ?1",
	                      &value, 1));
}

static int tell_hostname(void *arg, sqlite3_stmt *s)
{
	const struct walk *w = arg;

	return w->each_hostname(w->arg, db_text(s, 0));
}

int certificates_db_hostnames(struct db *db, const char *id, hostname_each *each, void *arg)
{
	const struct db_value value = { .text = id };
	struct walk w = { .each_hostname = each, .arg = arg };

	return db_ask(db,
	              "SELECT hostname FROM certificate_hostnames WHERE certificate = ?1 "
	              "ORDER BY hostname",
	              &value, 1, tell_hostname, &w);
}
