/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tokens_db.h - who may use the settings API: the table `tokens`.
 *
 * Of a token's secret there is a salted hash and nothing else.
 */
#pragma once

#include <stdint.h>

#include "store/db.h"

enum {
	TOKENS_MAX = 256,
	TOKEN_ID_BYTES = 8, /* hexadecimal digits */
	TOKEN_NAME_MAX = 128,
	TOKEN_EMAIL_MAX = 254,
	TOKEN_SCOPE_MAX = 8,
	TOKEN_SALT_BYTES = 32, /* hexadecimal digits */
	TOKEN_HASH_BYTES = 64, /* the same */
	TOKEN_BY_MAX = 256,
};

/* Copied out: the row may be gone when it is looked at. */
struct token_row {
	char id[TOKEN_ID_BYTES + 1];
	char name[TOKEN_NAME_MAX + 1];
	char email[TOKEN_EMAIL_MAX + 1]; /* "": cannot be used with X-Auth-Key */
	char scope[TOKEN_SCOPE_MAX + 1]; /* "read", "write" */
	char salt[TOKEN_SALT_BYTES + 1];
	char hash[TOKEN_HASH_BYTES + 1];
	char added_by[TOKEN_BY_MAX + 1];
	int64_t added_at; /* seconds since 1970 */
};

/** tokens_db_add - Return: 0; -EEXIST the id or the name is there; -ENOSPC there are TOKENS_MAX; -EROFS; -EIO. */
MUST_USE int tokens_db_add(struct db *db, const struct token_row *row);

/** tokens_db_find - Return: 0; -ENOENT; -EIO. */
MUST_USE int tokens_db_find(struct db *db, const char *id, struct token_row *out);

/** tokens_db_remove - Return: 0; -ENOENT; -EROFS; -EIO. */
MUST_USE int tokens_db_remove(struct db *db, const char *id);

/* Gets each row. Return: 0; anything else ends the walk and is its result. */
typedef int token_each(void *arg, const struct token_row *row);

/** tokens_db_each - all, by name. Return: 0; what @each said; -EIO. */
MUST_USE int tokens_db_each(struct db *db, token_each *each, void *arg);
