/* SPDX-License-Identifier: GPL-2.0-only */
#include "store/audit_db.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
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

TestSuite(audit_db, .init = start, .fini = stop);

static int add(const char *what, const char *before)
{
	return audit_db_add(
		db,
		&(struct audit_row){
			.at = 42, .who = "uid 0", .what = what, .before = before, .after = "{}" });
}

static int tell(void *arg, const struct audit_row *r)
{
	size_t len = strlen(told);

	(void)arg;
	(void)snprintf(told + len, sizeof(told) - len, "%lld:%s/%s/%s/%s@%lld ", (long long)r->id,
	               r->who, r->what, r->before, r->after, (long long)r->at);
	return 0;
}

Test(audit_db, the_newest_comes_first_and_pages_go_back)
{
	cr_assert_eq(add("a", "null"), 0);
	cr_assert_eq(add("b", "1"), 0);
	cr_expect_eq(audit_db_each(db, 0, 10, tell, NULL), 0);
	cr_expect_str_eq(told, "2:uid 0/b/1/{}@42 1:uid 0/a/null/{}@42 ");
	told[0] = '\0';
	cr_expect_eq(audit_db_each(db, 1, 1, tell, NULL), 0);
	cr_expect_str_eq(told, "1:uid 0/a/null/{}@42 ");
	cr_expect_eq(audit_db_count(db), 2);
}

Test(audit_db, the_oldest_go_when_there_are_too_many)
{
	cr_assert_eq(db_begin(db), 0);
	for (int i = 0; i < AUDIT_ROWS_MAX + 5; i++)
		cr_assert_eq(add("x", "null"), 0);
	cr_assert_eq(db_commit(db), 0);
	cr_expect_eq(audit_db_count(db), AUDIT_ROWS_MAX);
	cr_expect_eq(audit_db_each(db, AUDIT_ROWS_MAX - 1, 1, tell, NULL), 0);
	cr_expect(strncmp(told, "6:", 2) == 0, "%s", told);
}

Test(audit_db, what_is_too_long_is_refused)
{
	char *text = calloc(1, AUDIT_TEXT_MAX + 2);

	cr_assert_not_null(text);
	memset(text, '1', AUDIT_TEXT_MAX + 1);
	cr_expect_eq(add("x", text), -E2BIG);
	text[AUDIT_TEXT_MAX] = '\0';
	cr_expect_eq(add("x", text), 0);
	free(text);
}
