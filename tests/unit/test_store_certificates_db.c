/* SPDX-License-Identifier: GPL-2.0-only */
#include "store/certificates_db.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct db *db;
static char told[512];

static void start(void)
{
	char err[DB_ERROR_MAX];

	cr_assert_eq(db_open(":memory:", &db, err), 0, "%s", err);
	told[0] = '\0';
}

static void stop(void)
{
	db_close(db);
}

TestSuite(certificates_db, .init = start, .fini = stop);

static int add(const char *id, const char *scope, const char *sha256, int64_t at)
{
	return certificates_db_add(db, &(struct certificate_row){ .id = id,
	                                                          .scope = scope,
	                                                          .account = "acc",
	                                                          .name = "n",
	                                                          .pem = "P",
	                                                          .sha256 = sha256,
	                                                          .fingerprint = "F",
	                                                          .expires_at = 3,
	                                                          .created_at = at,
	                                                          .updated_at = at });
}

static int tell(void *arg, const struct certificate_row *row)
{
	size_t len = strlen(told);

	(void)arg;
	(void)snprintf(told + len, sizeof(told) - len, "%s:%s,%s,%s,%s,%lld,%lld ", row->id,
	               row->name, row->pem, row->sha256, row->fingerprint,
	               (long long)row->expires_at, (long long)row->updated_at);
	return 0;
}

static int tell_name(void *arg, const char *name)
{
	size_t len = strlen(told);

	(void)arg;
	(void)snprintf(told + len, sizeof(told) - len, "%s ", name);
	return 0;
}

Test(certificates_db, pages_are_of_one_scope_the_oldest_first)
{
	cr_assert_eq(add("2", "zones/1", "s2", 20), 0);
	cr_assert_eq(add("1", "zones/1", "s1", 30), 0);
	cr_assert_eq(add("3", "zones/1", "s3", 10), 0);
	cr_assert_eq(add("4", "zones/2", "s4", 5), 0);
	cr_expect_eq(certificates_db_each(db, "zones/1", 1, 1, tell, NULL), 0);
	cr_expect_str_eq(told, "2:n,P,s2,F,3,20 ");
	cr_expect_eq(certificates_db_count(db, "zones/1"), 3);
	cr_expect_eq(certificates_db_count_account(db, "acc"), 4);
	cr_expect_eq(certificates_db_count_account(db, "other"), 0);
}

Test(certificates_db, an_account_has_one_once)
{
	cr_assert_eq(add("1", "zones/1", "s", 1), 0);
	cr_expect_eq(add("2", "zones/2", "s", 1), -EEXIST);
}

Test(certificates_db, one_is_found_in_its_scope_alone)
{
	cr_assert_eq(add("1", "zones/1", "s", 1), 0);
	cr_expect_eq(certificates_db_find(db, "zones/1", "1", tell, NULL), 0);
	cr_expect_str_eq(told, "1:n,P,s,F,3,1 ");
	cr_expect_eq(certificates_db_find(db, "zones/2", "1", tell, NULL), -ENOENT);
	cr_expect_eq(certificates_db_find(db, "zones/1", "2", tell, NULL), -ENOENT);
}

Test(certificates_db, updates_and_removals_are_told_from_absence)
{
	cr_assert_eq(add("1", "zones/1", "s", 1), 0);
	cr_expect_eq(certificates_db_update(db, "1", "new", 7), 0);
	cr_expect_eq(certificates_db_update(db, "1", NULL, 8), 0);
	cr_expect_eq(certificates_db_all(db, tell, NULL), 0);
	cr_expect_str_eq(told, "1:new,P,s,F,3,8 ");
	cr_expect_eq(certificates_db_update(db, "2", NULL, 8), -ENOENT);
	cr_expect_eq(certificates_db_remove(db, "1"), 0);
	cr_expect_eq(certificates_db_remove(db, "1"), -ENOENT);
}

Test(certificates_db, hostnames_are_attached_once_and_detached_all)
{
	cr_assert_eq(add("1", "zones/1", "s", 1), 0);
	cr_expect_eq(certificates_db_attach(db, "1", "b.example"), 0);
	cr_expect_eq(certificates_db_attach(db, "1", "a.example"), 0);
	cr_expect_eq(certificates_db_attach(db, "1", "a.example"), -EEXIST);
	cr_expect_eq(certificates_db_attach(db, "2", "c.example"), 0);
	cr_expect_eq(certificates_db_hostnames(db, "1", tell_name, NULL), 0);
	cr_expect_str_eq(told, "a.example b.example ");
	cr_expect_eq(certificates_db_detach_all(db, "1"), 0);
	told[0] = '\0';
	cr_expect_eq(certificates_db_hostnames(db, "1", tell_name, NULL), 0);
	cr_expect_eq(certificates_db_hostnames(db, "2", tell_name, NULL), 0);
	cr_expect_str_eq(told, "c.example ");
}
