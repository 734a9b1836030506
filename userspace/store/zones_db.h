/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * zones_db.h - zones that the API was told of: the table `zones`.
 */
#pragma once

#include <stdint.h>

#include "store/db.h"

enum { ZONES_DB_MAX = 1024 };

struct zone_row {
	const char *id, *name, *account; /* borrowed, as in revocations_db.h */
};

/** zones_db_add - Return: 0; -EEXIST the id or the name is there; -ENOSPC there are ZONES_DB_MAX; -EROFS; -EIO. */
MUST_USE int zones_db_add(struct db *db, const struct zone_row *row);

/** zones_db_remove - and whether it has managed headers. Return: 0; -ENOENT; -EROFS; -EIO. */
MUST_USE int zones_db_remove(struct db *db, const char *id);

typedef int zone_each(void *arg, const struct zone_row *row);

/** zones_db_each - all, by name. Return: 0; what @each said; -EIO. */
MUST_USE int zones_db_each(struct db *db, zone_each *each, void *arg);

/** zones_db_managed - does the zone of @id have managed headers? Return: 1; 0; -EIO. */
MUST_USE int zones_db_managed(struct db *db, const char *id);

/** zones_db_manage - from now on it has, or not. Return: 0; -EROFS; -EIO. */
MUST_USE int zones_db_manage(struct db *db, const char *id, bool is_managed);
