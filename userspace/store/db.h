/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * db.h - the store: what the settings API was told, in one SQLite file.
 *
 * Write-ahead log and synchronous=FULL: what db_commit() said 0 to survives kill -9 and a
 * loss of power. One process has the file at a time (locking_mode=EXCLUSIVE), so nothing
 * but the -wal lies beside it. The schema has a number; an older one is brought forward, a
 * newer one is refused.
 *
 * Tables have files of their own (revocations_db.h, ...), which say what is in them.
 */
#pragma once

#include <stdbool.h>

#include "base/must.h"

struct db;

enum { DB_ERROR_MAX = 512, DB_PATH_MAX = 4096 };

/**
 * db_open - open the store, make it where there is none, bring its schema forward
 * @path:    absolute; its directory exists and belongs to whoever runs this
 * @out:     db_close()
 * @out_err: DB_ERROR_MAX bytes: what is wrong, on failure; and why it can only be read,
 *           if so (empty: it can be written)
 *
 * Where file or directory cannot be written (or the disk is full), but the file is whole and
 * of this schema, it is opened for reading alone: every change of it fails with -EROFS.
 *
 * Return: 0; -EBUSY another process has it; -EBADMSG no store of ours, or damaged; -EPROTO
 *         made by a newer sluiced; -EUCLEAN it cannot be written and its log is not empty; -ENOMEM; -EROFS, -EACCES, -ENOENT, -ENOSPC, -EIO.
 */
MUST_USE int db_open(const char *path, struct db **out, char *out_err);

/**
 * db_open_memory - one that is empty, and gone when it is closed
 *
 * Return: 0; -ENOMEM; -EIO.
 */
MUST_USE int db_open_memory(struct db **out);

/** db_close - NULL is fine; what was begun and not committed did not happen */
void db_close(struct db *db);

bool db_is_writable(const struct db *db);

/**
 * db_settle - move what the log holds into the file, and empty the log
 *
 * Changes are safe without; but only with an empty log can the file be read where nothing can
 * be written. To be called when nobody waits. Does nothing where nothing has changed since.
 */
void db_settle(struct db *db);

/** db_is_settled - has db_settle() nothing to do? */
bool db_is_settled(const struct db *db);

/**
 * db_begin, db_commit, db_rollback - several changes, all of them or none
 *
 * Return: 0; -EROFS; -ENOSPC; -EIO; -ENOMEM. A db_commit() that failed has rolled back.
 */
MUST_USE int db_begin(struct db *db);
MUST_USE int db_commit(struct db *db);
void db_rollback(struct db *db);
