/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * certificates_db.h - client CAs that the API was given, and the hostnames they are for: the
 * tables `certificates` and `certificate_hostnames`.
 */
#pragma once

#include <stdint.h>

#include "store/db.h"

enum {
	CERTIFICATES_MAX = 50,            /* of one account, its zones' among them */
	CERTIFICATE_HOSTNAMES_MAX = 1000, /* of one certificate */
};

/* Texts as in revocations_db.h. */
struct certificate_row {
	const char *id;      /* a UUID */
	const char *scope;   /* "zones/ID", "accounts/ID" */
	const char *account; /* whose limit it counts against */
	const char *name;
	const char *pem;
	const char *sha256; /* of what it is known by: one account has it once */
	const char *fingerprint;
	int64_t expires_at, created_at, updated_at; /* seconds since 1970 */
};

/** certificates_db_add - Return: 0; -EEXIST the account has it already; -EROFS; -ENOSPC (of the disk); -EIO. */
MUST_USE int certificates_db_add(struct db *db, const struct certificate_row *row);

typedef int certificate_each(void *arg, const struct certificate_row *row);

/** certificates_db_find - one to @each. Return: 0; -ENOENT; what @each said; -EIO. */
MUST_USE int certificates_db_find(struct db *db, const char *scope, const char *id,
                                  certificate_each *each, void *arg);

/** certificates_db_each - a page of a scope, the oldest first. Return: 0; what @each said; -EIO. */
MUST_USE int certificates_db_each(struct db *db, const char *scope, int64_t skip, int64_t limit,
                                  certificate_each *each, void *arg);

/** certificates_db_all - of every scope, by id. Return: as above. */
MUST_USE int certificates_db_all(struct db *db, certificate_each *each, void *arg);

/** certificates_db_count - of a scope; certificates_db_count_account - of an account; -errno */
MUST_USE int64_t certificates_db_count(struct db *db, const char *scope);
MUST_USE int64_t certificates_db_count_account(struct db *db, const char *account);

/** certificates_db_update - @name NULL: it keeps its name. Return: 0; -ENOENT; -EROFS; -EIO. */
MUST_USE int certificates_db_update(struct db *db, const char *id, const char *name,
                                    int64_t updated_at);

/** certificates_db_remove - its hostnames must be gone. Return: 0; -ENOENT; -EROFS; -EIO. */
MUST_USE int certificates_db_remove(struct db *db, const char *id);

/** certificates_db_attach, _detach_all - its hostnames. Return: 0; -EEXIST; -EROFS; -EIO. */
MUST_USE int certificates_db_attach(struct db *db, const char *id, const char *hostname);
MUST_USE int certificates_db_detach_all(struct db *db, const char *id);

typedef int hostname_each(void *arg, const char *hostname);

/** certificates_db_hostnames - of one, in the order of bytes. Return: 0; what @each said; -EIO. */
MUST_USE int certificates_db_hostnames(struct db *db, const char *id, hostname_each *each,
                                       void *arg);
