/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/ticket_keys.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[] = "/tmp/sluice-keys-XXXXXX";

static void put(const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	cr_assert_not_null(f);
	cr_assert_geq(fputs(text, f), 0);
	cr_assert_eq(fclose(f), 0);
	cr_assert_eq(chmod(path, mode), 0);
}

static void setup(void)
{
	cr_assert_eq(close(mkstemp(path)), 0);
}

static void teardown(void)
{
	(void)unlink(path);
}

TestSuite(ticket_keys, .init = setup, .fini = teardown);

static const char *key(void)
{
	static char text[2 * TICKET_KEY_BYTES + 1];

	memset(text, 'b', sizeof(text) - 1);
	return text;
}

Test(ticket_keys, a_file_is_read_that_others_cannot)
{
	static const struct {
		mode_t mode;
		int want;
	} rows[] = {
		{ 0600, 0 },       { 0400, 0 },       { 0640, 0 },       { 0440, 0 },
		{ 0644, -EINVAL }, { 0660, -EINVAL }, { 0602, -EINVAL }, { 0666, -EINVAL },
	};

	for (size_t n = 0; n < ARRAY_LEN(rows); n++) {
		struct ticket_keys keys = { .len = 0 };
		struct source_stamp stamp;
		const char *why = NULL;

		put(key(), rows[n].mode);
		cr_expect_eq(ticket_file_read(&source_direct, path, &keys, &stamp, &why),
		             rows[n].want, "%o", rows[n].mode);
		cr_expect_eq(keys.len, rows[n].want == 0);
		cr_expect_eq(why != NULL, rows[n].want < 0);
	}
}

Test(ticket_keys, a_file_of_something_else_is_refused_without_quoting_it)
{
	struct ticket_keys keys = { .len = 0 };
	struct source_stamp stamp;
	const char *why = NULL;

	put("secret\n", 0600);
	cr_expect_eq(ticket_file_read(&source_direct, path, &keys, &stamp, &why), -EINVAL);
	cr_assert_not_null(why);
	cr_expect_null(strstr(why, "secret"));
	cr_expect_eq(ticket_file_read(&source_direct, "/nowhere/at/all", &keys, &stamp, &why),
	             -ENOENT);
}

Test(ticket_keys, a_new_key_seals_and_one_more_opens)
{
	struct snapshot s = { .options = { .ticket_rotation_s = 100 } };
	struct ticket_keys *keys = &s.ticket_keys;
	struct ticket_key first;
	struct ticket_key second;

	cr_expect_not(ticket_keys_are_made(&s));
	cr_assert_eq(ticket_keys_rotate(keys), 0);
	cr_expect(ticket_keys_are_made(&s));
	cr_expect_eq(keys->len, 1);
	first = keys->rows[0];
	cr_assert_eq(ticket_keys_rotate(keys), 0);
	cr_assert_eq(keys->len, 2);
	second = keys->rows[0];
	cr_expect_eq(memcmp(&keys->rows[1], &first, sizeof(first)), 0);
	cr_expect_neq(memcmp(second.name, first.name, sizeof(first.name)), 0);
	cr_expect_neq(memcmp(second.cipher, first.cipher, sizeof(first.cipher)), 0);
	cr_expect_neq(memcmp(second.mac, first.mac, sizeof(first.mac)), 0);
	cr_assert_eq(ticket_keys_rotate(keys), 0);
	cr_assert_eq(keys->len, 2, "the first is gone");
	cr_expect_eq(memcmp(&keys->rows[1], &second, sizeof(second)), 0);
}

Test(ticket_keys, are_due_when_they_are_old_or_of_the_future)
{
	struct snapshot s = { .options = { .ticket_rotation_s = 100 },
		              .ticket_keys = { .len = 1, .rows = { { .made = 1000 } } } };

	cr_expect_eq(ticket_keys_due_s(&s, 1000), 100);
	cr_expect_eq(ticket_keys_due_s(&s, 1099), 1);
	cr_expect_eq(ticket_keys_due_s(&s, 1100), 0);
	cr_expect_eq(ticket_keys_due_s(&s, 5000), 0);
	cr_expect_eq(ticket_keys_due_s(&s, 999), 0);
}
