/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * settings_db.h - what the API was told of hostnames: the table `hostname_settings`.
 */
#pragma once

#include <stdint.h>

#include "store/db.h"

enum { SETTINGS_MAX = 65536 }; /* of one scope */

struct setting_row {
	const char *hostname; /* normalised; borrowed, as in revocations_db.h */
	bool china_network;   /* kept, and nothing else */
	bool forwarding;
};

/** settings_db_clear - forget all of @scope. Return: 0; -EROFS; -EIO. */
MUST_USE int settings_db_clear(struct db *db, const char *scope);

/** settings_db_add - @position: where it is in the list. Return: 0; -EEXIST; -EROFS; -EIO. */
MUST_USE int settings_db_add(struct db *db, const char *scope, int64_t position,
                             const struct setting_row *row);

typedef int setting_each(void *arg, const struct setting_row *row);

/** settings_db_each - of one scope, in the order they were given in. Return: 0; what @each said; -EIO. */
MUST_USE int settings_db_each(struct db *db, const char *scope, setting_each *each, void *arg);

/** settings_db_count - of one scope; -errno */
MUST_USE int64_t settings_db_count(struct db *db, const char *scope);

typedef int scope_each(void *arg, const char *scope);

/** settings_db_scopes - every scope that has any. @each must not change the table. Return: as above. */
MUST_USE int settings_db_scopes(struct db *db, scope_each *each, void *arg);
