/* SPDX-License-Identifier: GPL-2.0-only */
#include "store/zones_db.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct db *db;
static char told[256];

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

TestSuite(zones_db, .init = start, .fini = stop);

static int tell(void *arg, const struct zone_row *row)
{
	size_t len = strlen(told);

	(void)arg;
	(void)snprintf(told + len, sizeof(told) - len, "%s=%s/%s ", row->id, row->name,
	               row->account);
	return 0;
}

Test(zones_db, they_come_and_go_and_are_told_by_name)
{
	cr_assert_eq(zones_db_add(db, &(struct zone_row){ "1", "z.example", "a" }), 0);
	cr_assert_eq(zones_db_add(db, &(struct zone_row){ "2", "b.example", "a" }), 0);
	cr_expect_eq(zones_db_add(db, &(struct zone_row){ "1", "c.example", "a" }), -EEXIST);
	cr_expect_eq(zones_db_add(db, &(struct zone_row){ "3", "b.example", "a" }), -EEXIST);
	cr_expect_eq(zones_db_each(db, tell, NULL), 0);
	cr_expect_str_eq(told, "2=b.example/a 1=z.example/a ");
	cr_expect_eq(zones_db_remove(db, "1"), 0);
	cr_expect_eq(zones_db_remove(db, "1"), -ENOENT);
}

Test(zones_db, managed_headers_are_said_and_unsaid_and_go_with_the_zone)
{
	cr_assert_eq(zones_db_add(db, &(struct zone_row){ "1", "z.example", "a" }), 0);
	cr_expect_eq(zones_db_managed(db, "1"), 0);
	cr_expect_eq(zones_db_manage(db, "1", true), 0);
	cr_expect_eq(zones_db_manage(db, "1", true), 0);
	cr_expect_eq(zones_db_managed(db, "1"), 1);
	cr_expect_eq(zones_db_manage(db, "1", false), 0);
	cr_expect_eq(zones_db_managed(db, "1"), 0);
	cr_expect_eq(zones_db_manage(db, "1", true), 0);
	cr_expect_eq(zones_db_remove(db, "1"), 0);
	cr_expect_eq(zones_db_managed(db, "1"), 0);
}

Test(zones_db, there_is_an_end)
{
	char id[16];

	cr_assert_eq(db_begin(db), 0);
	for (int i = 0; i < ZONES_DB_MAX; i++) {
		(void)snprintf(id, sizeof(id), "z%d.example", i);
		cr_assert_eq(zones_db_add(db, &(struct zone_row){ id, id, "a" }), 0);
	}
	cr_expect_eq(zones_db_add(db, &(struct zone_row){ "more", "more", "a" }), -ENOSPC);
	cr_assert_eq(db_commit(db), 0);
}
