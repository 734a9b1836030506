/* SPDX-License-Identifier: GPL-2.0-only */
#include "store/tokens_db.h"

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

TestSuite(tokens_db, .init = start, .fini = stop);

static struct token_row row(const char *id, const char *name)
{
	struct token_row r = {
		.email = "e@x.example", .scope = "read", .added_by = "uid 0", .added_at = 42
	};

	(void)snprintf(r.id, sizeof(r.id), "%s", id);
	(void)snprintf(r.name, sizeof(r.name), "%s", name);
	memset(r.salt, 'a', TOKEN_SALT_BYTES);
	memset(r.hash, 'b', TOKEN_HASH_BYTES);
	return r;
}

static int add(const char *id, const char *name)
{
	const struct token_row r = row(id, name);

	return tokens_db_add(db, &r);
}

static int tell(void *arg, const struct token_row *r)
{
	size_t len = strlen(told);

	(void)arg;
	(void)snprintf(told + len, sizeof(told) - len, "%s ", r->name);
	return strcmp(r->name, "stop") == 0 ? 7 : 0;
}

Test(tokens_db, what_is_added_is_found_as_it_was)
{
	struct token_row got = { 0 };
	struct token_row want = row("00000001", "it's");

	cr_assert_eq(add("00000001", "it's"), 0);
	cr_assert_eq(tokens_db_find(db, "00000001", &got), 0);
	cr_expect_str_eq(got.name, want.name);
	cr_expect_str_eq(got.email, want.email);
	cr_expect_str_eq(got.scope, want.scope);
	cr_expect_str_eq(got.salt, want.salt);
	cr_expect_str_eq(got.hash, want.hash);
	cr_expect_str_eq(got.added_by, want.added_by);
	cr_expect_eq(got.added_at, 42);
	cr_expect_eq(tokens_db_find(db, "00000002", &got), -ENOENT);
}

Test(tokens_db, ids_and_names_are_there_once)
{
	cr_assert_eq(add("00000001", "a"), 0);
	cr_expect_eq(add("00000001", "b"), -EEXIST);
	cr_expect_eq(add("00000002", "a"), -EEXIST);
}

Test(tokens_db, the_walk_is_by_name_and_can_be_ended)
{
	cr_assert_eq(add("00000001", "z"), 0);
	cr_assert_eq(add("00000002", "a"), 0);
	cr_assert_eq(add("00000003", "stop"), 0);
	cr_expect_eq(tokens_db_each(db, tell, NULL), 7);
	cr_expect_str_eq(told, "a stop ");
}

Test(tokens_db, removal_is_told_from_absence)
{
	cr_assert_eq(add("00000001", "a"), 0);
	cr_expect_eq(tokens_db_remove(db, "00000001"), 0);
	cr_expect_eq(tokens_db_remove(db, "00000001"), -ENOENT);
	cr_expect_eq(tokens_db_each(db, tell, NULL), 0);
	cr_expect_str_eq(told, "");
}

Test(tokens_db, there_is_an_end)
{
	char text[TOKEN_ID_BYTES + 1];

	for (int i = 0; i < TOKENS_MAX; i++) {
		(void)snprintf(text, sizeof(text), "%08x", (unsigned int)i);
		cr_assert_eq(add(text, text), 0);
	}
	cr_expect_eq(add("ffffffff", "more"), -ENOSPC);
}
