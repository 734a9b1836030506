/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/api_etag.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/must.h"

Test(api_etag, it_is_the_state_and_not_its_order)
{
	json_t *a = json_loads("{\"x\":1,\"y\":[true]}", 0, NULL);
	json_t *b = json_loads("{\"y\":[true],\"x\":1}", 0, NULL);
	json_t *c = json_loads("{\"y\":[false],\"x\":1}", 0, NULL);
	struct api_call call = { 0 };
	char first[API_ETAG_BYTES_MAX];

	api_etag(&call, a);
	memcpy(first, call.etag, sizeof(first));
	cr_expect_eq(strlen(first), 34);
	cr_expect(first[0] == '"' && first[33] == '"');
	api_etag(&call, b);
	cr_expect_str_eq(call.etag, first);
	api_etag(&call, c);
	cr_expect_str_neq(call.etag, first);
	/* Without If-Match everything goes. */
	cr_expect(api_etag_check(&call, a));
	json_decref(a);
	json_decref(b);
	json_decref(c);
}

Test(api_etag, a_list_has_it_or_not)
{
	static const struct {
		const char *field;
		bool want;
	} rows[] = {
		{ "\"a\"", true },       { "*", true },       { "\"b\", \"a\"", true },
		{ "\"b\",\"a\"", true }, { " \"a\" ", true }, { "", false },
		{ "\"b\"", false },      { "a", false },      { "W/\"a\"", false },
		{ "\"aa\"", false },     { "\"a", false },    { "**", false },
		{ ",,,", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		cr_expect_eq(api_etag_in(rows[i].field, "\"a\""), rows[i].want, "%s",
		             rows[i].field);
}
