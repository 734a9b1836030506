/* SPDX-License-Identifier: GPL-2.0-only */
#include "heads.h"
#include "proto/target.h"

static const struct {
	const char *why;
	struct slice method, target;
	enum target_form form;
	struct slice authority, path;
} rows[] = {
	{ "origin", SLICE("GET"), SLICE("/a?b"), TARGET_ORIGIN, SLICE(""), SLICE("/a?b") },
	{ "origin that looks absolute", SLICE("GET"), SLICE("//h/a"), TARGET_ORIGIN, SLICE(""),
	  SLICE("//h/a") },
	{ "absolute", SLICE("GET"), SLICE("http://h:1/a?b"), TARGET_ABSOLUTE, SLICE("h:1"),
	  SLICE("/a?b") },
	{ "absolute, no path", SLICE("GET"), SLICE("https://h"), TARGET_ABSOLUTE, SLICE("h"),
	  SLICE("") },
	{ "absolute, query only", SLICE("GET"), SLICE("http://h?/b"), TARGET_ABSOLUTE, SLICE("h"),
	  SLICE("?/b") },
	{ "authority", SLICE("CONNECT"), SLICE("h:443"), TARGET_AUTHORITY, SLICE("h:443"),
	  SLICE("") },
	{ "asterisk", SLICE("OPTIONS"), SLICE("*"), TARGET_ASTERISK, SLICE(""), SLICE("*") },
};

Test(target, each_form_comes_apart)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct target t;

		cr_assert(target_split(rows[i].method, rows[i].target, &t), "%s", rows[i].why);
		cr_expect_eq(t.form, rows[i].form, "%s", rows[i].why);
		EXPECT_SLICE(t.authority, rows[i].authority, rows[i].why);
		EXPECT_SLICE(t.path, rows[i].path, rows[i].why);
	}
}

Test(target, what_is_none_of_them_is_refused)
{
	struct target t;

	cr_expect(!target_split(SLICE("GET"), SLICE(""), &t));
	cr_expect(!target_split(SLICE("GET"), SLICE("*"), &t));
	cr_expect(!target_split(SLICE("OPTIONS"), SLICE("*/"), &t));
	cr_expect(!target_split(SLICE("GET"), SLICE("http://"), &t));
	cr_expect(!target_split(SLICE("GET"), SLICE("http://?a"), &t));
	cr_expect(!target_split(SLICE("CONNECT"), SLICE("h"), &t));
	cr_expect(!target_split(SLICE("CONNECT"), SLICE("http://h:1"), &t));
	cr_expect(!target_split(SLICE("GET"), SLICE("/a\x80"), &t));
}
