/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/api_answer.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "control/api_world.h"

static struct api_world world;
static struct api_call call;

static void start(void)
{
	world = (struct api_world){ .now_ms = 1000 };
	call = (struct api_call){ .world = &world };
}

static void stop(void)
{
	api_call_fini(&call);
}

TestSuite(api_answer, .init = start, .fini = stop);

static void expect(const char *want, const char *want_type)
{
	const char *type = NULL;
	char *text = NULL;
	size_t len = 0;

	cr_assert_eq(api_answer_render(&call, &text, &len, &type), 0);
	cr_expect_eq(len, strlen(want));
	cr_expect_str_eq(text, want);
	cr_expect_str_eq(type, want_type);
	free(text);
}

Test(api_answer, success_has_all_four_members)
{
	api_result(&call, 201, json_pack("{s:i}", "a", 1));
	cr_expect_eq(call.status, 201);
	expect("{\"success\":true,\"errors\":[],\"messages\":[],\"result\":{\"a\":1}}",
	       "application/json");
}

Test(api_answer, a_page_says_which_and_a_message_is_there)
{
	api_page(&call, json_pack("{s:i}", "page", 2));
	api_message(&call, 7, "mind %s", "the gap");
	api_result(&call, 200, json_array());
	expect("{\"success\":true,\"errors\":[],\"messages\":[{\"code\":7,\"message\":\"mind the "
	       "gap\"}],\"result\":[],\"result_info\":{\"page\":2}}",
	       "application/json");
}

Test(api_answer, failures_add_up_and_the_first_status_counts)
{
	api_fail(&call, 400, API_CODE_INVALID, "/settings/0/hostname", "bad %d", 1);
	api_fail(&call, 404, API_CODE_NO_ROUTE, NULL, "more");
	cr_expect_eq(call.status, 400);
	expect("{\"success\":false,\"errors\":[{\"code\":12130,\"message\":\"bad 1\",\"source\":{"
	       "\"pointer\":\"/settings/0/hostname\"}},{\"code\":7003,\"message\":\"more\"}],"
	       "\"messages\":[],\"result\":null}",
	       "application/json");
}

Test(api_answer, what_could_not_be_made_is_500)
{
	api_result(&call, 200, NULL);
	cr_expect_eq(call.status, 500);
	api_call_fini(&call);
	api_text(&call, "text/plain", NULL, 0);
	cr_expect_eq(call.status, 500);
}

Test(api_answer, text_goes_as_it_is)
{
	api_text(&call, "text/plain", strdup("x\n"), 2);
	cr_expect_eq(call.status, 200);
	expect("x\n", "text/plain");
}

Test(api_answer, words_that_are_not_utf_8_do_not_spoil_the_answer)
{
	api_fail(&call, 400, API_CODE_INVALID, NULL, "name \xff\xc3x");
	expect("{\"success\":false,\"errors\":[{\"code\":12130,\"message\":\"name ??x\"}],"
	       "\"messages\":[],\"result\":null}",
	       "application/json");
}

static void again(struct api_call *c)
{
	c->notes[0]++;
}

Test(api_answer, a_call_that_waits_has_no_status_and_a_deadline)
{
	api_wait(&call, again, 50);
	cr_expect_eq(call.status, 0);
	cr_expect_eq(call.wait_until_ms, 1050);
	cr_expect_eq(call.again, again);
}

Test(api_answer, what_is_behind_a_mistake_is_its_chain)
{
	api_chain(&call, API_CODE_HEADERS_KEY, "of nothing");
	api_fail(&call, 400, API_CODE_HEADERS, NULL, "headers");
	api_chain(&call, API_CODE_HEADERS_KEY, "key");
	expect("{\"success\":false,\"errors\":[{\"code\":6003,\"message\":\"headers\",\"error_chain\":[{"
	       "\"code\":6103,\"message\":\"key\"}]}],\"messages\":[],\"result\":null}",
	       "application/json");
}
