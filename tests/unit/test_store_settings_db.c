/* SPDX-License-Identifier: GPL-2.0-only */
#include "store/settings_db.h"

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

TestSuite(settings_db, .init = start, .fini = stop);

static int add(const char *scope, int64_t position, const char *name, bool forwarding)
{
	return settings_db_add(db, scope, position,
	                       &(struct setting_row){ .hostname = name,
	                                              .china_network = !forwarding,
	                                              .forwarding = forwarding });
}

static int tell(void *arg, const struct setting_row *row)
{
	size_t len = strlen(told);

	(void)arg;
	(void)snprintf(told + len, sizeof(told) - len, "%s%s%s ", row->hostname,
	               row->china_network ? " china" : "", row->forwarding ? " on" : "");
	return 0;
}

static int tell_scope(void *arg, const char *scope)
{
	size_t len = strlen(told);

	(void)arg;
	(void)snprintf(told + len, sizeof(told) - len, "%s ", scope);
	return 0;
}

Test(settings_db, a_list_keeps_its_order)
{
	cr_assert_eq(add("zones/1", 0, "z.example", true), 0);
	cr_assert_eq(add("zones/1", 1, "a.example", false), 0);
	cr_assert_eq(add("zones/2", 0, "b.example", true), 0);
	cr_expect_eq(add("zones/1", 2, "a.example", true), -EEXIST);
	cr_expect_eq(settings_db_each(db, "zones/1", tell, NULL), 0);
	cr_expect_str_eq(told, "z.example on a.example china ");
	cr_expect_eq(settings_db_count(db, "zones/1"), 2);
	cr_expect_eq(settings_db_count(db, "zones/3"), 0);
}

Test(settings_db, one_is_cleared_and_others_are_not)
{
	cr_assert_eq(add("zones/1", 0, "z.example", true), 0);
	cr_assert_eq(add("accounts/2", 0, "b.example", true), 0);
	cr_expect_eq(settings_db_scopes(db, tell_scope, NULL), 0);
	cr_expect_str_eq(told, "accounts/2 zones/1 ");
	cr_expect_eq(settings_db_clear(db, "zones/1"), 0);
	cr_expect_eq(settings_db_count(db, "zones/1"), 0);
	cr_expect_eq(settings_db_count(db, "accounts/2"), 1);
}
