/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/api_router.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define X(name) api_routes_##name,
static const struct api_route *const tables[] = { API_TABLES(X) };
#undef X

/* The segment at the front of *@rest, which loses it and the '/' before it. */
static struct slice next_segment(struct slice *rest)
{
	size_t n = 1;
	struct slice s;

	while (n < rest->len && rest->ptr[n] != '/')
		n++;
	s = slice_sub(*rest, 1, n - 1);
	*rest = slice_sub(*rest, n, rest->len - n);
	return s;
}

int api_path_match(const char *pattern, struct slice path, struct slice *args)
{
	struct slice want = slice_of(pattern, strlen(pattern));
	size_t args_len = 0;
	int same = 0;

	while (want.len > 0 && path.len > 0 && path.ptr[0] == '/') {
		struct slice w = next_segment(&want);
		struct slice p = next_segment(&path);

		if (w.len > 0 && w.ptr[0] == '{') {
			must(args_len < API_ARGS_MAX);
			if (p.len == 0 || p.len >= API_ARG_BYTES_MAX)
				return -1;
			args[args_len++] = p;
		} else if (slice_eq(w, p)) {
			same++;
		} else {
			return -1;
		}
	}
	return want.len == 0 && path.len == 0 ? same : -1;
}

static bool answers(const struct api_route *r, const char *method)
{
	return strcmp(r->method, method) == 0 ||
	       (strcmp(r->method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

static void allow(struct api_match *m, const char *method)
{
	size_t len = strlen(m->allow);

	(void)snprintf(m->allow + len, sizeof(m->allow) - len, "%s%s%s", len ? ", " : "", method,
	               strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

int api_route_find(const char *method, struct slice path, struct api_match *out)
{
	struct slice args[API_ARGS_MAX] = { 0 };
	int best = -1;

	*out = (struct api_match){ 0 };
	for (size_t t = 0; t < ARRAY_LEN(tables); t++) {
		for (const struct api_route *r = tables[t]; r->path; r++) {
			int same = api_path_match(r->path, path, args);

			if (same < 0)
				continue;
			if (!answers(r, method)) {
				allow(out, r->method);
				continue;
			}
			if (same <= best)
				continue;
			best = same;
			out->route = r;
			memcpy(out->args, args, sizeof(args));
		}
	}
	if (out->route)
		return 0;
	return out->allow[0] ? -ENOTSUP : -ENOENT;
}
