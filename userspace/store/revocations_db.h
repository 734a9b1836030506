/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * revocations_db.h - who is revoked, as told through the API: the table `revocations`.
 *
 * The store does not judge what it is given: kind and value are the caller's words, and two
 * rows are the same when both are, byte by byte.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "store/db.h"

enum {
	REVOCATION_KIND_MAX = 32,
	REVOCATION_VALUE_MAX = 8192,
	REVOCATION_REASON_MAX = 1024,
	REVOCATION_BY_MAX = 256,
};

/* Texts are NUL-terminated and not NULL. In a call borrowed from the caller, in a callback
 * from the store until it returns. */
struct revocation_row {
	const char *kind;  /* "sha256", "serial", ... */
	const char *value; /* normalised: what cannot be told apart must be spelled alike */
	const char *reason;
	const char *added_by;
	int64_t added_at; /* seconds since 1970 */
};

/**
 * revocations_db_add - one more; durable when it returns 0
 *
 * Within db_begin() and db_commit(), with the latter.
 *
 * Return: 0; -EEXIST it is there already, and is as it was; -E2BIG a text over its limit; -EROFS;
 *         -ENOSPC; -EIO; -ENOMEM.
 */
MUST_USE int revocations_db_add(struct db *db, const struct revocation_row *row);

/** revocations_db_remove - Return: 0; -ENOENT it is not there; as above. */
MUST_USE int revocations_db_remove(struct db *db, const char *kind, const char *value);

/* Gets each row. Return: 0; anything else ends the walk and is its result. */
typedef int revocation_each(void *arg, const struct revocation_row *row);

/**
 * revocations_db_each - all rows, by kind and value, or a page of them
 * @skip, @limit: rows; 0 and INT64_MAX for all. @each must not change the table.
 *
 * Return: 0; what @each said; -EIO; -ENOMEM.
 */
MUST_USE int revocations_db_each(struct db *db, int64_t skip, int64_t limit, revocation_each *each,
                                 void *arg);

/** revocations_db_find - one row to @each. Return: 0; -ENOENT; what @each said; -EIO. */
MUST_USE int revocations_db_find(struct db *db, const char *kind, const char *value,
                                 revocation_each *each, void *arg);

/** revocations_db_count - rows; -errno */
MUST_USE int64_t revocations_db_count(struct db *db);
