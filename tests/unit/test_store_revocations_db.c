/* SPDX-License-Identifier: GPL-2.0-only */
#include "store/revocations_db.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char directory[] = "/tmp/sluice-XXXXXX";
static char path[64];
static struct db *db;
static char told[1024];

static void start(void)
{
	char err[DB_ERROR_MAX];

	cr_assert_not_null(mkdtemp(directory));
	(void)snprintf(path, sizeof(path), "%s/s.db", directory);
	cr_assert_eq(db_open(path, &db, err), 0, "%s", err);
	told[0] = '\0';
}

static void stop(void)
{
	db_close(db);
	(void)unlink(path);
	(void)rmdir(directory);
}

TestSuite(revocations_db, .init = start, .fini = stop);

static int add(const char *kind, const char *value)
{
	const struct revocation_row row = {
		.kind = kind, .value = value, .reason = "r'; --", .added_by = "root", .added_at = 42
	};

	return revocations_db_add(db, &row);
}

static int tell(void *arg, const struct revocation_row *row)
{
	size_t len = strlen(told);

	(void)arg;
	(void)snprintf(told + len, sizeof(told) - len, "%s=%s/%s/%s/%lld ", row->kind, row->value,
	               row->reason, row->added_by, (long long)row->added_at);
	return strcmp(row->value, "stop") == 0 ? 99 : 0;
}

Test(revocations_db, rows_are_told_in_order_and_by_page)
{
	cr_assert_eq(add("sha256", "b"), 0);
	cr_assert_eq(add("serial", "01 CN=x"), 0);
	cr_assert_eq(add("sha256", "a"), 0);
	cr_expect_eq(revocations_db_count(db), 3);
	cr_expect_eq(revocations_db_each(db, 0, INT64_MAX, tell, NULL), 0);
	cr_expect_str_eq(told, "serial=01 CN=x/r'; --/root/42 sha256=a/r'; --/root/42 "
	                       "sha256=b/r'; --/root/42 ");
	told[0] = '\0';
	cr_expect_eq(revocations_db_each(db, 1, 1, tell, NULL), 0);
	cr_expect_str_eq(told, "sha256=a/r'; --/root/42 ");
}

Test(revocations_db, who_listens_may_stop)
{
	cr_assert_eq(add("sha256", "stop"), 0);
	cr_assert_eq(add("sha256", "then"), 0);
	cr_expect_eq(revocations_db_each(db, 0, INT64_MAX, tell, NULL), 99);
	cr_expect_str_eq(told, "sha256=stop/r'; --/root/42 ");
}

Test(revocations_db, what_is_there_stays_as_it_is_and_what_is_not_cannot_go)
{
	cr_assert_eq(add("sha256", "a"), 0);
	cr_expect_eq(add("sha256", "a"), -EEXIST);
	cr_expect_eq(add("serial", "a"), 0, "another kind");
	cr_expect_eq(revocations_db_remove(db, "sha256", "A"), -ENOENT);
	cr_expect_eq(revocations_db_remove(db, "sha256", "a"), 0);
	cr_expect_eq(revocations_db_remove(db, "sha256", "a"), -ENOENT);
	cr_expect_eq(revocations_db_count(db), 1);
}

Test(revocations_db, one_is_found)
{
	cr_assert_eq(add("sha256", "a"), 0);
	cr_expect_eq(revocations_db_find(db, "sha256", "a", tell, NULL), 0);
	cr_expect_str_eq(told, "sha256=a/r'; --/root/42 ");
	cr_expect_eq(revocations_db_find(db, "sha256", "b", tell, NULL), -ENOENT);
}

Test(revocations_db, texts_have_limits)
{
	char text[REVOCATION_VALUE_MAX + 2];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	cr_expect_eq(add("sha256", text), -E2BIG);
	cr_expect_eq(add("sha256", text + 1), 0);
	cr_expect_eq(add(text, "a"), -E2BIG);
}
