/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/auth.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct db *db;
static struct auth_tries tries;
static struct token_row made;
static char token[AUTH_TOKEN_BYTES + 1];

static void start(void)
{
	char err[DB_ERROR_MAX];

	cr_assert_eq(db_open(":memory:", &db, err), 0, "%s", err);
	made = (struct token_row){ .name = "n", .email = "Me@example.com", .scope = "write" };
	cr_assert_eq(auth_make(&made, token), 0);
	cr_assert_eq(tokens_db_add(db, &made), 0);
	memset(&tries, 0, sizeof(tries));
}

static void stop(void)
{
	db_close(db);
}

TestSuite(auth, .init = start, .fini = stop);

static enum auth_verdict ask(const char *authorization, const char *email, const char *key,
                             uint64_t now_ms)
{
	struct token_row out;

	return auth_judge(&tries, db,
	                  &(struct auth_ask){ .authorization = authorization,
	                                      .email = email,
	                                      .key = key,
	                                      .now_ms = now_ms },
	                  &out);
}

/* "Bearer " and the token, with its character @at another one. */
static const char *bearer(int at)
{
	static char text[AUTH_TOKEN_BYTES + 16];

	(void)snprintf(text, sizeof(text), "Bearer %s", token);
	if (at >= 0)
		text[7 + at] = text[7 + at] == '0' ? '1' : '0';
	return text;
}

Test(auth, the_token_is_good_in_both_ways)
{
	struct token_row out = { 0 };
	const struct auth_ask a = { .authorization = bearer(-1) };

	cr_assert_eq(auth_judge(&tries, db, &a, &out), AUTH_OK);
	cr_expect_str_eq(out.name, "n");
	cr_expect_str_eq(out.scope, "write");
	cr_expect_eq(ask(NULL, "me@EXAMPLE.com", token, 0), AUTH_OK);
}

Test(auth, what_is_kept_is_not_the_token)
{
	cr_expect_eq(strlen(token), AUTH_TOKEN_BYTES);
	cr_expect_eq(strncmp(token, made.id, TOKEN_ID_BYTES), 0);
	cr_expect_null(strstr(made.hash, token + TOKEN_ID_BYTES));
	cr_expect_eq(strlen(made.salt), TOKEN_SALT_BYTES);
	cr_expect_eq(strlen(made.hash), TOKEN_HASH_BYTES);
}

Test(auth, every_character_counts)
{
	for (int i = 0; i < AUTH_TOKEN_BYTES; i++) {
		memset(&tries, 0, sizeof(tries));
		cr_expect_eq(ask(bearer(i), NULL, NULL, 0), AUTH_WRONG, "%d", i);
	}
}

Test(auth, kinds_of_wrong_are_told_apart)
{
	static const struct {
		const char *authorization, *email, *key;
		enum auth_verdict want;
	} rows[] = {
		{ NULL, NULL, NULL, AUTH_MISSING },
		{ "", NULL, NULL, AUTH_BAD_BEARER },
		{ "Bearer ", NULL, NULL, AUTH_BAD_BEARER },
		{ "Basic 0000000000000000000000000000000000000000", NULL, NULL, AUTH_BAD_BEARER },
		{ "Bearer 000000000000000000000000000000000000000g", NULL, NULL, AUTH_BAD_BEARER },
		{ "Bearer 00000000000000000000000000000000000000000", NULL, NULL, AUTH_BAD_BEARER },
		{ "Bearer 0000000000000000000000000000000000000000", NULL, NULL, AUTH_WRONG },
		{ NULL, "me@example.com", NULL, AUTH_BAD_KEY },
		{ NULL, NULL, "0000000000000000000000000000000000000000", AUTH_BAD_KEY },
		{ NULL, "me@example.com", "0", AUTH_BAD_KEY },
		{ NULL, "me@example.com", "0000000000000000000000000000000000000000", AUTH_WRONG },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		cr_expect_eq(ask(rows[i].authorization, rows[i].email, rows[i].key, 0),
		             rows[i].want, "%zu", i);
	cr_expect_eq(ask(NULL, "you@example.com", token, 0), AUTH_WRONG);
	cr_expect_eq(ask(NULL, "", token, 0), AUTH_WRONG);
	/* Authorization goes before the other two. */
	cr_expect_eq(ask("x", "me@example.com", token, 0), AUTH_BAD_BEARER);
}

Test(auth, one_without_an_address_is_no_key)
{
	struct token_row row = { .name = "m", .scope = "read" };
	char text[AUTH_TOKEN_BYTES + 1];

	cr_assert_eq(auth_make(&row, text), 0);
	cr_assert_eq(tokens_db_add(db, &row), 0);
	cr_expect_eq(ask(NULL, "", text, 0), AUTH_WRONG);
}

Test(auth, without_a_store_nobody_is_known)
{
	struct token_row out;
	const struct auth_ask a = { .authorization = bearer(-1) };

	cr_expect_eq(auth_judge(&tries, NULL, &a, &out), AUTH_WRONG);
}

Test(auth, failures_are_counted_for_each_and_time_forgives)
{
	for (int i = 0; i < AUTH_TRIES_MAX; i++)
		cr_expect_eq(ask(bearer(39), NULL, NULL, 1000), AUTH_WRONG);
	cr_expect_eq(ask(bearer(39), NULL, NULL, 1000), AUTH_TOO_MANY);
	cr_expect_eq(ask(bearer(-1), NULL, NULL, 1000 + AUTH_TRIES_MS), AUTH_TOO_MANY);
	cr_expect_eq(ask(bearer(0), NULL, NULL, 1000), AUTH_WRONG, "of one that is not there");
	cr_expect_eq(ask(bearer(-1), NULL, NULL, 1001 + AUTH_TRIES_MS), AUTH_OK);
}

Test(auth, who_guesses_locks_out_nobody)
{
	char text[AUTH_TOKEN_BYTES + 16];

	for (int i = 0; i < 1000; i++) {
		(void)snprintf(text, sizeof(text), "Bearer %040x", i);
		cr_expect_eq(ask(text, NULL, NULL, 1000),
		             i < AUTH_TRIES_MAX ? AUTH_WRONG : AUTH_TOO_MANY);
	}
	cr_expect_eq(ask(bearer(-1), NULL, NULL, 1000), AUTH_OK);
}

Test(auth, every_token_has_its_own_count)
{
	struct token_row row = { .scope = "read" };
	char text[AUTH_TOKEN_BYTES + 1];
	char header[AUTH_TOKEN_BYTES + 16];

	for (int n = 1; n < TOKENS_MAX; n++) {
		(void)snprintf(row.name, sizeof(row.name), "n%d", n);
		cr_assert_eq(auth_make(&row, text), 0);
		cr_assert_eq(tokens_db_add(db, &row), 0);
		(void)snprintf(header, sizeof(header), "Bearer %.8s%032d", text, 0);
		for (int i = 0; i < AUTH_TRIES_MAX; i++)
			cr_expect_eq(ask(header, NULL, NULL, 1000), AUTH_WRONG);
		cr_expect_eq(ask(header, NULL, NULL, 1000), AUTH_TOO_MANY);
	}
	cr_expect_eq(ask(bearer(-1), NULL, NULL, 1000), AUTH_OK);
}
