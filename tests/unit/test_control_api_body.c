/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/api_body.h"

#include <criterion/criterion.h>
#include <string.h>

#include "control/api_answer.h"
#include "control/api_world.h"

static struct api_world world;
static struct api_call call;
static const char *const keys[] = { "name", "on", NULL };

static void start(void)
{
	call = (struct api_call){ .world = &world };
}

static void stop(void)
{
	api_call_fini(&call);
}

TestSuite(api_body, .init = start, .fini = stop);

static void body(const char *text)
{
	call.body = json_loads(text, JSON_DECODE_ANY, NULL);
	cr_assert_not_null(call.body);
}

static const char *pointer(size_t i)
{
	const json_t *source = json_object_get(json_array_get(call.errors, i), "source");
	const char *p = json_string_value(json_object_get(source, "pointer"));

	return p ? p : "none";
}

Test(api_body, what_is_good_is_read)
{
	body("{\"name\":\"x\",\"on\":true}");
	cr_expect(body_object(&call, call.body, "", keys));
	cr_expect_str_eq(body_text(&call, call.body, "", "name", 1, true), "x");
	cr_expect(body_bool(&call, call.body, "", "on"));
	cr_expect_eq(call.status, 0);
}

Test(api_body, all_mistakes_are_named_by_their_place)
{
	body("{\"name\":1,\"on\":\"true\",\"a/b~c\":null}");
	cr_expect(body_object(&call, call.body, "/settings/3", keys));
	cr_expect_null(body_text(&call, call.body, "/settings/3", "name", 9, true));
	cr_expect_not(body_bool(&call, call.body, "/settings/3", "on"));
	cr_expect_eq(call.status, 400);
	cr_expect_eq(json_array_size(call.errors), 3);
	cr_expect_str_eq(pointer(0), "/settings/3/a~1b~0c");
	cr_expect_str_eq(pointer(1), "/settings/3/name");
	cr_expect_str_eq(pointer(2), "/settings/3/on");
}

Test(api_body, what_lacks_is_a_mistake_where_it_is_needed)
{
	body("{}");
	cr_expect_null(body_text(&call, call.body, "", "name", 9, false));
	cr_expect_eq(call.status, 0);
	cr_expect_null(body_text(&call, call.body, "", "name", 9, true));
	(void)body_bool(&call, call.body, "", "on");
	cr_expect_eq(json_array_size(call.errors), 2);
}

Test(api_body, texts_have_bounds)
{
	static const struct {
		const char *text;
		bool ok;
	} rows[] = {
		{ "{\"name\":\"\"}", false },        { "{\"name\":\"1234\"}", true },
		{ "{\"name\":\"12345\"}", false },   { "{\"name\":\"a\\u001b\"}", false },
		{ "{\"name\":\"\xc3\xa4\"}", true },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		stop();
		start();
		body(rows[i].text);
		cr_expect_eq(body_text(&call, call.body, "", "name", 4, true) != NULL, rows[i].ok,
		             "%s", rows[i].text);
	}
}

Test(api_body, only_an_object_is_one)
{
	static const char *const rows[] = { "[]", "1", "null", "\"x\"" };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		stop();
		start();
		body(rows[i]);
		cr_expect_not(body_object(&call, call.body, "", keys));
		cr_expect_eq(call.status, 400);
	}
	stop();
	start();
	cr_expect_not(body_object(&call, NULL, "", keys));
}

Test(api_body, a_long_key_does_not_overflow)
{
	char text[1024] = "{\"";

	memset(text + 2, '~', 900);
	(void)snprintf(text + 902, sizeof(text) - 902, "\":1}");
	body(text);
	cr_expect(body_object(&call, call.body, "/settings/65535", keys));
	cr_expect_lt(strlen(pointer(0)), (size_t)(2 * API_POINTER_BYTES_MAX));
}
