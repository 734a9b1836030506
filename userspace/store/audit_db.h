/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * audit_db.h - who changed what through the settings API: the table `audit`.
 *
 * A row is written in the transaction of the change it tells of: neither is there alone. The
 * newest AUDIT_ROWS_MAX are kept; numbers are never used again.
 */
#pragma once

#include <stdint.h>

#include "store/db.h"

enum { AUDIT_ROWS_MAX = 10000, AUDIT_TEXT_MAX = 64 * 1024 };

/* Texts as in revocations_db.h. */
struct audit_row {
	int64_t id;
	int64_t at; /* seconds since 1970 */
	const char *who;
	const char *what;   /* "PUT /client/v4/..." */
	const char *before; /* JSON; "null": there was nothing */
	const char *after;
};

/** audit_db_add - row->id is not read. Return: 0; -E2BIG before or after over AUDIT_TEXT_MAX; -EROFS; -ENOSPC; -EIO. */
MUST_USE int audit_db_add(struct db *db, const struct audit_row *row);

/* Gets each row. Return: 0; anything else ends the walk and is its result. */
typedef int audit_each(void *arg, const struct audit_row *row);

/** audit_db_each - a page, the newest first. Return: 0; what @each said; -EIO. */
MUST_USE int audit_db_each(struct db *db, int64_t skip, int64_t limit, audit_each *each, void *arg);

/** audit_db_count - rows; -errno */
MUST_USE int64_t audit_db_count(struct db *db);
