/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * db_schema.c - the schema, as the steps that led to it. A step that was once released is
 * never changed: a new one is put behind it.
 */
#include <errno.h>
#include <stdio.h>

#include "store/db_priv.h"

enum { APPLICATION_ID = 0x536c7569 }; /* "Slui" */

/* steps[n] leads from schema n to n + 1. */
static const char *const steps[] = {
	/* Who is revoked, beside CRLs and files. added_at: seconds since 1970. */
	"CREATE TABLE revocations ("
	" kind TEXT NOT NULL,"
	" value TEXT NOT NULL,"
	" reason TEXT NOT NULL,"
	" added_by TEXT NOT NULL,"
	" added_at INTEGER NOT NULL,"
	" PRIMARY KEY (kind, value)"
	") STRICT, WITHOUT ROWID;",
	/* Who may use the API, and what they did with it. at, .._at: seconds since 1970. */
	"CREATE TABLE tokens ("
	" id TEXT NOT NULL PRIMARY KEY,"
	" name TEXT NOT NULL UNIQUE,"
	" email TEXT NOT NULL,"
	" scope TEXT NOT NULL,"
	" salt TEXT NOT NULL,"
	" hash TEXT NOT NULL,"
	" added_by TEXT NOT NULL,"
	" added_at INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE audit ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" at INTEGER NOT NULL,"
	" who TEXT NOT NULL,"
	" what TEXT NOT NULL,"
	" before TEXT NOT NULL,"
	" after TEXT NOT NULL"
	") STRICT;",
	/* What Cloudflare's API is told. scope: "zones/ID" or "accounts/ID". */
	"CREATE TABLE zones ("
	" id TEXT NOT NULL PRIMARY KEY,"
	" name TEXT NOT NULL UNIQUE,"
	" account TEXT NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE certificates ("
	" id TEXT NOT NULL PRIMARY KEY,"
	" scope TEXT NOT NULL,"
	" account TEXT NOT NULL,"
	" name TEXT NOT NULL,"
	" pem TEXT NOT NULL,"
	" sha256 TEXT NOT NULL,"
	" fingerprint TEXT NOT NULL,"
	" expires_at INTEGER NOT NULL,"
	" created_at INTEGER NOT NULL,"
	" updated_at INTEGER NOT NULL,"
	" UNIQUE (account, sha256)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE certificate_hostnames ("
	" certificate TEXT NOT NULL,"
	" hostname TEXT NOT NULL,"
	" PRIMARY KEY (certificate, hostname)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE hostname_settings ("
	" scope TEXT NOT NULL,"
	" position INTEGER NOT NULL,"
	" hostname TEXT NOT NULL,"
	" china_network INTEGER NOT NULL,"
	" forwarding INTEGER NOT NULL,"
	" PRIMARY KEY (scope, hostname)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE managed_headers ("
	" zone TEXT NOT NULL PRIMARY KEY"
	") STRICT, WITHOUT ROWID;",
};

static int read_number(struct db *db, const char *sql, int64_t *out)
{
	sqlite3_stmt *s = NULL;
	int r = db_prepare(db, sql, &s);

	if (r == 0)
		r = db_step(db, s);
	if (r == 1)
		*out = sqlite3_column_int64(s, 0);
	(void)sqlite3_finalize(s);
	if (r == 0)
		return -EBADMSG;
	return r == 1 ? 0 : r;
}

static int take_step(struct db *db, size_t from)
{
	char mark[96];
	int r = db_begin(db);

	if (r < 0)
		return r;
	(void)snprintf(mark, sizeof(mark), "PRAGMA user_version = %zu; PRAGMA application_id = %d;",
	               from + 1, (int)APPLICATION_ID);
	r = db_run(db, steps[from]);
	if (r == 0)
		r = db_run(db, mark);
	if (r == 0)
		return db_commit(db);
	db_rollback(db);
	return r;
}

int db_migrate(struct db *db)
{
	int64_t id = 0;
	int64_t version = 0;
	int64_t tables = 0;
	int r = read_number(db, "PRAGMA application_id", &id);

	if (r == 0)
		r = read_number(db, "PRAGMA user_version", &version);
	if (r == 0)
		r = read_number(db, "SELECT count(*) FROM sqlite_schema", &tables);
	if (r < 0)
		return r;
	/* A new file is empty; any other without our mark is somebody else's. */
	if (id != APPLICATION_ID && (tables > 0 || version != 0))
		return -EBADMSG;
	if (version < 0 || version > (int64_t)ARRAY_LEN(steps))
		return -EPROTO;
	for (size_t i = (size_t)version; i < ARRAY_LEN(steps) && r == 0; i++)
		r = take_step(db, i);
	return r;
}
