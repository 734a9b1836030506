/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/api_router.h"

#include <criterion/criterion.h>
#include <errno.h>

static struct slice str(const char *s)
{
	return slice_of(s, strlen(s));
}

static const struct {
	const char *pattern, *path;
	int want; /* literal segments, -1: no match */
	const char *arg, *why;
} rows[] = {
	{ "/a/b", "/a/b", 2, NULL, "the same" },
	{ "/a/b", "/a", -1, NULL, "shorter" },
	{ "/a/b", "/a/b/", -1, NULL, "an empty segment more" },
	{ "/a/b", "/a/b/c", -1, NULL, "longer" },
	{ "/a/b", "/a//b", -1, NULL, "an empty segment between" },
	{ "/a/b", "a/b", -1, NULL, "not absolute" },
	{ "/a/b", "", -1, NULL, "nothing" },
	{ "/a/b", "*", -1, NULL, "OPTIONS' target" },
	{ "/a/b", "/A/b", -1, NULL, "case counts" },
	{ "/a/b", "/a/bb", -1, NULL, "a prefix is not enough" },
	{ "/a/{x}", "/a/b", 1, "b", "a part is any segment" },
	{ "/a/{x}", "/a/{x}", 1, "{x}", "also this one" },
	{ "/a/{x}", "/a/", -1, NULL, "but not an empty one" },
	{ "/a/{x}/c", "/a/b/c", 2, "b", "in the middle" },
	{ "/a/{x}/c", "/a/b/d", -1, NULL, "the rest counts" },
	{ "/", "/", 1, NULL, "the root" },
	{ "/", "//", -1, NULL, "not the root" },
};

Test(api_router, a_path_matches_segment_by_segment)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice args[API_ARGS_MAX] = { 0 };
		int got = api_path_match(rows[i].pattern, str(rows[i].path), args);

		cr_expect_eq(got, rows[i].want, "%s", rows[i].why);
		if (rows[i].arg)
			cr_expect(slice_eq(args[0], str(rows[i].arg)), "%s", rows[i].why);
	}
}

Test(api_router, a_part_longer_than_its_room_is_not_taken)
{
	struct slice args[API_ARGS_MAX];
	char path[API_ARG_BYTES_MAX + 8] = "/a/";

	memset(path + 3, 'x', API_ARG_BYTES_MAX);
	path[3 + API_ARG_BYTES_MAX] = '\0';
	cr_expect_eq(api_path_match("/a/{x}", str(path), args), -1);
	path[2 + API_ARG_BYTES_MAX] = '\0';
	cr_expect_eq(api_path_match("/a/{x}", str(path), args), 1);
}

Test(api_router, methods_are_told_apart_from_paths)
{
	struct api_match m;

	cr_assert_eq(api_route_find("GET", SLICE("/sluice/v1/hosts/x.example.com"), &m), 0);
	cr_expect_str_eq(m.route->path, "/sluice/v1/hosts/{name}");
	cr_expect(slice_eq(m.args[0], SLICE("x.example.com")));
	cr_expect_eq(api_route_find("HEAD", SLICE("/sluice/v1/status"), &m), 0);
	cr_expect_eq(api_route_find("POST", SLICE("/sluice/v1/status"), &m), -ENOTSUP);
	cr_expect_str_eq(m.allow, "GET, HEAD");
	cr_expect_eq(api_route_find("get", SLICE("/sluice/v1/status"), &m), -ENOTSUP);
	cr_expect_eq(api_route_find("GET", SLICE("/nowhere"), &m), -ENOENT);
	cr_expect_null(m.route);
}

#define X(name) api_routes_##name,
static const struct api_route *const tables[] = { API_TABLES(X) };
#undef X

Test(api_router, every_route_keeps_the_bounds)
{
	for (size_t t = 0; t < ARRAY_LEN(tables); t++)
		for (const struct api_route *r = tables[t]; r->path; r++) {
			struct api_match m;
			size_t parts = 0;

			for (const char *p = r->path; *p; p++)
				parts += *p == '{';
			cr_expect_leq(parts, (size_t)API_ARGS_MAX, "%s", r->path);
			cr_expect_leq(r->body_max, (uint32_t)API_BODY_BYTES_MAX, "%s", r->path);
			cr_expect_not_null(r->handle);
			cr_assert_eq(api_route_find(r->method, str(r->path), &m), 0, "%s", r->path);
			cr_expect_eq(m.route, r, "%s: another one is in its way", r->path);
			cr_expect(strcmp(r->method, "GET") == 0 || r->right >= API_WRITE,
			          "%s %s changes things", r->method, r->path);
		}
}
