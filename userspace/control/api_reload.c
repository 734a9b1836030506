/* SPDX-License-Identifier: GPL-2.0-only */
/* api_reload.c - read the configuration file again, and say how that went. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "control/api_answer.h"
#include "control/api_router.h"
#include "control/api_world.h"

enum { APPLY_MS = 10000, POINTER_BYTES_MAX = 256 };

/* "hosts[2].names[0]: ..." as "/hosts/2/names/0". Return: false where there is no key. */
static bool pointer_of(const char *mistake, char *out)
{
	size_t len = strcspn(mistake, ": ");
	size_t n = 0;

	if (mistake[len] != ':' || len == 0 || len + 2 > POINTER_BYTES_MAX)
		return false;
	out[n++] = '/';
	for (size_t i = 0; i < len; i++) {
		if (mistake[i] == ']')
			continue;
		out[n++] = mistake[i];
		if (mistake[i] == '[' || mistake[i] == '.')
			out[n - 1] = '/';
	}
	out[n] = '\0';
	return true;
}

static void say_mistakes(struct api_call *call, const struct mistakes *m)
{
	for (size_t i = 0; i < m->len; i++) {
		char pointer[POINTER_BYTES_MAX];
		bool has = pointer_of(m->rows[i].text, pointer);

		api_fail(call, 400, API_CODE_INVALID, has ? pointer : NULL, "line %u: %s",
		         m->rows[i].line, m->rows[i].text);
	}
	if (m->total == 0)
		api_fail(call, 500, API_CODE_INTERNAL, NULL,
		         "it could not be put in force: the error log says why");
}

/* Until every worker has it: notes[0] is the snapshot's version. */
static void await_workers(struct api_call *call)
{
	const struct api_world *w = call->world;
	uint64_t version = call->notes[0];

	if (w->refused_version >= version)
		api_fail(call, 500, API_CODE_INTERNAL, NULL,
		         "a worker refused it: the error log says why");
	else if (api_world_applied(w, version) == w->workers_len)
		api_result(call, 200, json_pack("{s:I}", "version", (json_int_t)version));
}

static void post_reload(struct api_call *call)
{
	const struct api_world *w = call->world;
	struct mistakes *m = calloc(1, sizeof(*m));
	int r;

	if (!m) {
		api_result(call, 200, NULL);
		return;
	}
	r = w->reload(w->arg, m);
	if (r < 0) {
		say_mistakes(call, m);
	} else {
		must(w->snapshot);
		call->notes[0] = w->snapshot->version;
		api_wait(call, await_workers, APPLY_MS);
	}
	mistakes_fini(m);
	free(m);
}

const struct api_route api_routes_reload[] = {
	{ "POST", "/sluice/v1/reload", API_WRITE, API_BODY_BYTES, post_reload },
	API_ROUTES_END,
};
