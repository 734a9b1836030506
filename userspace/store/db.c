/* SPDX-License-Identifier: GPL-2.0-only */
#include "store/db.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/db_priv.h"

enum { FILE_PRIVATE = 0077 };

/* locking_mode goes first: with it, the log's index needs no file. */
static const char set_up_sql[] = "PRAGMA locking_mode = EXCLUSIVE;"
				 "PRAGMA journal_mode = WAL;"
				 "PRAGMA synchronous = FULL;"
				 "PRAGMA journal_size_limit = 4194304;"
				 "PRAGMA trusted_schema = OFF;"
				 "PRAGMA cell_size_check = ON;";

int db_error(struct db *db, int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
		return 0;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_CONSTRAINT:
		return -EEXIST;
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return -EBADMSG;
	case SQLITE_CANTOPEN:
	case SQLITE_IOERR: {
		int error = db && db->handle ? sqlite3_system_errno(db->handle) : 0;

		return error > 0 ? -error : -EIO;
	}
	default:
		return -EIO;
	}
}

int db_prepare(struct db *db, const char *sql, sqlite3_stmt **out)
{
	return db_error(db, sqlite3_prepare_v2(db->handle, sql, -1, out, NULL));
}

int db_bind_text(struct db *db, sqlite3_stmt *s, int index, const char *text)
{
	return db_error(db, sqlite3_bind_text(s, index, text, -1, SQLITE_STATIC));
}

int db_bind_int(struct db *db, sqlite3_stmt *s, int index, int64_t value)
{
	return db_error(db, sqlite3_bind_int64(s, index, value));
}

int db_step(struct db *db, sqlite3_stmt *s)
{
	int code = sqlite3_step(s);

	if (code == SQLITE_ROW)
		return 1;
	return code == SQLITE_DONE ? 0 : db_error(db, code);
}

const char *db_text(sqlite3_stmt *s, int column)
{
	const char *text = (const char *)sqlite3_column_text(s, column);

	return text ? text : "";
}

int db_run(struct db *db, const char *sql)
{
	return db_error(db, sqlite3_exec(db->handle, sql, NULL, NULL, NULL));
}

int db_begin(struct db *db)
{
	return db->is_writable ? db_run(db, "BEGIN IMMEDIATE") : -EROFS;
}

void db_rollback(struct db *db)
{
	/* Some failures have done it already. */
	if (!sqlite3_get_autocommit(db->handle))
		(void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

int db_commit(struct db *db)
{
	int r = db_run(db, "COMMIT");

	if (r < 0)
		db_rollback(db);
	return r;
}

bool db_is_writable(const struct db *db)
{
	return db->is_writable;
}

bool db_is_settled(const struct db *db)
{
	return !db->is_writable || db->settled == sqlite3_total_changes(db->handle);
}

void db_settle(struct db *db)
{
	int changes = sqlite3_total_changes(db->handle);

	if (db_is_settled(db))
		return;
	/* Without room for it the log stays, and is as good. */
	(void)sqlite3_wal_checkpoint_v2(db->handle, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	db->settled = changes;
}

/* A damaged file is better found now than by a change that hits it. */
static int check(struct db *db)
{
	sqlite3_stmt *s = NULL;
	int r = db_prepare(db, "PRAGMA quick_check(1)", &s);

	if (r == 0)
		r = db_step(db, s);
	if (r == 1)
		r = strcmp(db_text(s, 0), "ok") == 0 ? 0 : -EBADMSG;
	(void)sqlite3_finalize(s);
	return r;
}

static int connect_to(const char *name, int flags, struct db *db)
{
	mode_t before = umask(FILE_PRIVATE);
	int r = db_error(db, sqlite3_open_v2(name, &db->handle, flags, NULL));

	/* SQLite opens for reading what it may not write, and would say so at the first write. */
	if (r == 0 && db->is_writable && sqlite3_db_readonly(db->handle, "main") == 1)
		r = -EROFS;
	/* The files are made with the first write, which is below: hence the umask. */
	if (r == 0)
		r = db_error(db, sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL));
	if (r == 0 && db->is_writable)
		r = db_run(db, set_up_sql);
	if (r == 0)
		r = check(db);
	if (r == 0)
		r = db_migrate(db);
	(void)umask(before);
	return r;
}

static void disconnect(struct db *db)
{
	(void)sqlite3_close(db->handle);
	db->handle = NULL;
}

/* Is there a log with something in it? Who cannot write cannot take it into account. */
static bool has_log(const char *path)
{
	char log[DB_PATH_MAX + 8];
	struct stat st;

	(void)snprintf(log, sizeof(log), "%s-wal", path);
	return stat(log, &st) < 0 ? errno != ENOENT : st.st_size > 0;
}

/* "file:" and the path, with what has a meaning in a URI escaped. */
static void uri_of(const char *path, char *out, size_t cap)
{
	size_t n = (size_t)snprintf(out, cap, "file:");

	for (const char *p = path; *p; p++)
		n += (size_t)snprintf(out + n, cap - n, strchr("%?#", *p) ? "%%%02x" : "%c",
		                      (unsigned int)(unsigned char)*p);
	(void)snprintf(out + n, cap - n, "?immutable=1");
}

static int open_to_read(const char *path, struct db *db)
{
	static char uri[3 * DB_PATH_MAX + 32];

	if (has_log(path))
		return -EUCLEAN;
	db->is_writable = false;
	uri_of(path, uri, sizeof(uri));
	return connect_to(uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, db);
}

static bool may_still_be_read(int error)
{
	return error == -EROFS || error == -EACCES || error == -EPERM || error == -ENOSPC ||
	       error == -EDQUOT;
}

static const char *explain(int error)
{
	switch (error) {
	case -EBUSY:
		return "another process has it open";
	case -EBADMSG:
		return "not a store of sluiced, or damaged";
	case -EPROTO:
		return "made by a newer sluiced";
	case -EUCLEAN:
		return "it cannot be written, and its log (-wal) holds changes";
	default:
		return strerror(-error);
	}
}

int db_open(const char *path, struct db **out, char *out_err)
{
	struct db *db = calloc(1, sizeof(*db));
	int written;
	int r;

	out_err[0] = '\0';
	if (!db)
		return -ENOMEM;
	must(strlen(path) < DB_PATH_MAX);
	db->is_writable = true;
	db->settled = -1;
	written = connect_to(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, db);
	r = written;
	if (may_still_be_read(written)) {
		disconnect(db);
		r = open_to_read(path, db);
	}
	if (written < 0)
		(void)snprintf(out_err, DB_ERROR_MAX, "%s: %s", path,
		               explain(r == 0 || r == -ENOENT ? written : r));
	if (r < 0) {
		db_close(db);
		return r == -ENOENT && written < 0 ? written : r;
	}
	db_settle(db);
	*out = db;
	return 0;
}

int db_open_memory(struct db **out)
{
	struct db *db = calloc(1, sizeof(*db));
	int r;

	if (!db)
		return -ENOMEM;
	db->is_writable = true;
	r = connect_to(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, db);
	if (r < 0) {
		db_close(db);
		return r;
	}
	*out = db;
	return 0;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	disconnect(db);
	free(db);
}
