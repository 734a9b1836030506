/* SPDX-License-Identifier: GPL-2.0-only */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "control/api_answer.h"
#include "control/api_router.h"
#include "control/api_world.h"

#define HEX "00aabb0000000000000000000000000000000000000000000000000000000001"

static int master = -1;
static struct parent parent;
static struct revocations list;
static struct revoking revoking;
static struct api_world world;
static struct api_call call;

static void start(void)
{
	int ends[2];

	cr_assert_eq(channel_pair(ends), 0);
	master = ends[0];
	parent = (struct parent){ .fd = ends[1] };
	list = (struct revocations){ .workers = 2 };
	revoking = (struct revoking){ .list = &list };
	cr_assert_eq(db_open_memory(&revoking.store), 0);
	world = (struct api_world){ .now_ms = 1000, .revoking = &revoking, .db = revoking.store };
}

static void stop(void)
{
	api_call_fini(&call);
	revoking_fini(&revoking);
	revocations_fini(&list);
	db_close(revoking.store);
	(void)close(master);
	(void)close(parent.fd);
}

TestSuite(api_revoke, .init = start, .fini = stop);

/* The route of a method, with a body and the one part of its path. */
static void ask(const char *method, const char *arg, const char *body)
{
	api_call_fini(&call);
	call = (struct api_call){ .world = &world, .who = "me" };
	for (const struct api_route *r = api_routes_revoke; r->path; r++)
		if (strcmp(r->method, method) == 0)
			call.route = r;
	cr_assert_not_null(call.route);
	(void)snprintf(call.args[0], sizeof(call.args[0]), "%s", arg);
	call.body = body ? json_loads(body, 0, NULL) : NULL;
	call.route->handle(&call);
}

static void done(uint32_t worker)
{
	const struct msg_result r = { .worker = worker, .version = list.version };

	revocations_answer(&list, &r);
}

static const char *said(void)
{
	return json_string_value(json_object_get(json_array_get(call.errors, 0), "message"));
}

Test(api_revoke, it_is_answered_when_every_worker_has_said_so)
{
	ask("POST", "", "{\"sha256\":\"" HEX "\"}");
	cr_assert_not_null(call.again);
	call.again(&call);
	done(0);
	call.again(&call);
	cr_expect_eq(call.status, 0, "one of two");
	done(1);
	call.again(&call);
	cr_expect_eq(call.status, 201);
	cr_expect_str_eq(json_string_value(json_object_get(call.result, "id")), HEX);
	ask("POST", "", "{\"sha256\":\"" HEX "\"}");
	call.again(&call);
	cr_expect_eq(call.status, 200, "it was there");
	ask("DELETE", HEX, NULL);
	call.again(&call);
	cr_expect_eq(call.status, 0);
	done(0);
	done(1);
	call.again(&call);
	cr_expect_eq(call.status, 200);
	cr_expect_eq(json_array_size(call.result), 1);
}

Test(api_revoke, a_worker_that_never_says_so_is_waited_for_for_a_while)
{
	ask("POST", "", "{\"sha256\":\"" HEX "\"}");
	done(0);
	world.now_ms = call.wait_until_ms - 1;
	call.again(&call);
	cr_expect_eq(call.status, 0);
	world.now_ms++;
	call.again(&call);
	cr_expect_eq(call.status, 409);
	cr_expect(strstr(said(), "it has happened and stays so"));
	cr_expect_eq(list.all.len, 1);
}

Test(api_revoke, an_answer_that_nobody_waits_for_any_more_is_given_back)
{
	ask("POST", "", "[{\"sha256\":\"" HEX "\",\"reason\":\"lost\"}]");
	cr_expect_eq(json_array_size(call.kept), 1);
	/* api_call_fini() and a sanitizer do the rest */
}

Test(api_revoke, without_a_store_it_is_refused)
{
	struct db *store = revoking.store;

	revoking.store = NULL;
	world.db = NULL;
	ask("POST", "", "{\"sha256\":\"" HEX "\"}");
	cr_expect_eq(call.status, 403);
	cr_expect_eq(list.all.len, 0);
	ask("DELETE", HEX, NULL);
	cr_expect_eq(call.status, 404);
	revoking.store = store;
}

Test(api_revoke, mistakes_have_an_end)
{
	json_t *many = json_array();
	char *text;

	for (int i = 0; i < 5000; i++)
		(void)json_array_append_new(many, json_pack("{s:s}", "sha256", "12"));
	text = json_dumps(many, JSON_COMPACT);
	ask("POST", "", text);
	cr_expect_eq(call.status, 400);
	cr_expect_eq(json_array_size(call.errors), MISTAKES_MAX);
	cr_expect_eq(list.all.len, 0);
	free(text);
	json_decref(many);
}
