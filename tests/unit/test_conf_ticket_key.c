/* SPDX-License-Identifier: GPL-2.0-only */
#include "conf/ticket_key.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

enum { DIGITS = 2 * TICKET_KEY_BYTES };

/* 160 digits that begin with @first. */
static const char *digits(const char *first)
{
	static char room[16][DIGITS + 1];
	static size_t turn;
	char *at = room[turn++ % 16];

	memset(at, '7', DIGITS);
	at[DIGITS] = '\0';
	memcpy(at, first, strlen(first));
	return at;
}

static int read_text(const char *text, struct ticket_keys *out, size_t *line)
{
	return ticket_keys_read(slice_of(text, strlen(text)), out, line);
}

Test(ticket_key, is_name_cipher_and_mac_and_comes_back)
{
	char text[DIGITS];
	struct sink out = sink_of(text, sizeof(text));
	struct ticket_key k;

	cr_assert_eq(ticket_key_read(slice_of(digits("0aFF"), DIGITS), &k), 0);
	cr_expect_eq(k.name[0], 0x0a);
	cr_expect_eq(k.name[1], 0xff);
	cr_expect_eq(k.cipher[0], 0x77);
	cr_expect_eq(k.mac[31], 0x77);
	cr_expect_eq(k.made, 0);
	ticket_key_put(&k, &out);
	cr_expect(slice_eq(sink_slice(&out), slice_of(digits("0aff"), DIGITS)));
	cr_expect_eq(ticket_key_read(slice_of(digits("x"), DIGITS), &k), -EINVAL);
	cr_expect_eq(ticket_key_read(slice_of(digits("00"), DIGITS - 2), &k), -EINVAL);
}

Test(ticket_key, the_lines_of_a_file_are_taken_in_order)
{
	struct ticket_keys keys;
	char text[1024];
	size_t line = 0;

	(void)snprintf(text, sizeof(text), "# of today\n%s\r\n\n%s\n%s", digits("01"), digits("02"),
	               digits("03"));
	cr_assert_eq(read_text(text, &keys, &line), 0);
	cr_assert_eq(keys.len, 3);
	for (uint8_t n = 0; n < 3; n++)
		cr_expect_eq(keys.rows[n].name[0], n + 1);
}

Test(ticket_key, what_is_wrong_is_said_by_line)
{
	char text[1024];
	const struct {
		const char *lines[4];
		int want;
		size_t line;
	} rows[] = {
		{ { "", "" }, -ENODATA, 2 },
		{ { "# nothing else" }, -ENODATA, 1 },
		{ { digits("01"), "junk" }, -EINVAL, 2 },
		{ { digits("01"), digits("02"), digits("01") }, -EEXIST, 3 },
		{ { digits("01"), digits("02"), digits("03"), digits("04") }, -E2BIG, 4 },
	};

	for (size_t n = 0; n < ARRAY_LEN(rows); n++) {
		struct ticket_keys keys = { .len = 9 };
		size_t line = 0;
		size_t len = 0;

		for (size_t i = 0; i < 4 && rows[n].lines[i]; i++)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s\n",
			                        rows[n].lines[i]);
		cr_expect_eq(read_text(text, &keys, &line), rows[n].want, "row %zu", n);
		cr_expect_eq(line, rows[n].line, "row %zu", n);
		cr_expect_eq(keys.len, 9, "untouched");
		cr_expect_gt(strlen(ticket_keys_error(rows[n].want)), 0);
	}
}

Test(ticket_key, lists_are_equal_in_order)
{
	struct ticket_keys a = { .len = 2, .rows = { { .name = { 1 } }, { .name = { 2 } } } };
	struct ticket_keys b = a;

	cr_expect(ticket_keys_eq(&a, &b));
	b.rows[0].name[0] = 2;
	b.rows[1].name[0] = 1;
	cr_expect_not(ticket_keys_eq(&a, &b));
	b = a;
	b.len = 1;
	cr_expect_not(ticket_keys_eq(&a, &b));
}
