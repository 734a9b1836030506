/* SPDX-License-Identifier: GPL-2.0-only */
#include <criterion/criterion.h>

#include "proto/head.h"
#include "proto/list.h"

static const struct {
	const char *why;
	struct slice value, token;
	bool want;
} rows[] = {
	{ "alone", SLICE("close"), SLICE("close"), true },
	{ "any case", SLICE("Close"), SLICE("close"), true },
	{ "among others", SLICE("foo, close ,bar"), SLICE("close"), true },
	{ "empty members", SLICE(",, close,"), SLICE("close"), true },
	{ "tabs", SLICE("foo\t,\tclose\t"), SLICE("close"), true },
	{ "a part of a member", SLICE("closer, unclose"), SLICE("close"), false },
	{ "two words", SLICE("close x"), SLICE("close"), false },
	{ "inside a quoted-string", SLICE("a=\"x, close, y\""), SLICE("close"), false },
	{ "behind a quoted comma", SLICE("a=\"x,\\\",y\", close"), SLICE("close"), true },
	{ "an open quote hides the rest", SLICE("a=\"x, close"), SLICE("close"), false },
	{ "a backslash at the end", SLICE("a=\"x\\"), SLICE("close"), false },
	{ "semicolon", SLICE("close;foo"), SLICE("close"), false },
	{ "empty value", SLICE(""), SLICE("close"), false },
};

Test(list, has_a_member_only_as_a_whole)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		cr_expect_eq(list_has(rows[i].value, rows[i].token), rows[i].want, "%s",
		             rows[i].why);
}

Test(list, gives_each_member_once_and_no_empty_one)
{
	struct slice rest = SLICE(" a,, b c ,\"d,e\" ,");
	struct slice m = { 0 };

	cr_assert(list_next(&rest, &m));
	cr_expect(slice_eq(m, SLICE("a")));
	cr_assert(list_next(&rest, &m));
	cr_expect(slice_eq(m, SLICE("b c")));
	cr_assert(list_next(&rest, &m));
	cr_expect(slice_eq(m, SLICE("\"d,e\"")));
	cr_expect(!list_next(&rest, &m));
}
