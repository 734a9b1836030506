/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/api_change.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/api_answer.h"
#include "control/api_router.h"
#include "control/api_world.h"
#include "store/audit_db.h"
#include "store/db.h"
#include "sys/clock.h"

enum { WHAT_BYTES_MAX = 1024, APPLY_MS = 10000 };

static void say(struct api_call *call, int error)
{
	if (call->status > 0)
		return;
	if (error == -EROFS || error == -ENOSPC)
		api_fail(call, 507, API_CODE_INTERNAL, NULL, "the store cannot be written: %s",
		         strerror(-error));
	else
		api_fail(call, 500, API_CODE_INTERNAL, NULL, "the store: %s", strerror(-error));
}

bool change_begin(struct api_call *call)
{
	struct db *db = call->world->db;
	int r;

	if (!db) {
		api_fail(call, 403, API_CODE_NOT_ENABLED, NULL,
		         "access.api.error.not_enabled: without a store nothing can be kept "
		         "(`store` in the configuration)");
		return false;
	}
	r = db_begin(db);
	if (r < 0)
		say(call, r);
	return r == 0;
}

/* The route's path with its parts filled in. */
static void put_what(const struct api_call *call, char out[WHAT_BYTES_MAX])
{
	size_t n = (size_t)snprintf(out, WHAT_BYTES_MAX, "%s ", call->route->method);
	size_t arg = 0;

	for (const char *p = call->route->path; *p && n + 1 < WHAT_BYTES_MAX; p++) {
		if (*p != '{') {
			out[n++] = *p;
			continue;
		}
		n += (size_t)snprintf(out + n, WHAT_BYTES_MAX - n, "%s", call->args[arg++]);
		p = strchr(p, '}');
		must(p);
	}
	out[n < WHAT_BYTES_MAX ? n : WHAT_BYTES_MAX - 1] = '\0';
}

/* NULL: no memory. */
static char *text_of(const json_t *value)
{
	char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : strdup("null");
	size_t len = text ? strlen(text) : 0;

	if (len <= AUDIT_TEXT_MAX)
		return text;
	(void)snprintf(text, AUDIT_TEXT_MAX, "{\"bytes\":%zu}", len);
	return text;
}

int change_note(struct api_call *call, const json_t *before, const json_t *after)
{
	char *was = text_of(before);
	char *is = text_of(after);
	char what[WHAT_BYTES_MAX];
	struct audit_row row = {
		.at = clock_wall_ms() / 1000,
		.who = call->who,
		.what = what,
		.before = was,
		.after = is,
	};
	int r = -ENOMEM;

	put_what(call, what);
	if (was && is)
		r = audit_db_add(call->world->db, &row);
	free(was);
	free(is);
	return r;
}

int change_commit(struct api_call *call)
{
	return db_commit(call->world->db);
}

/* notes: the snapshot's version, the answer's status. */
static void await_workers(struct api_call *call)
{
	const struct api_world *w = call->world;
	uint64_t version = call->notes[0];

	if (w->refused_version >= version) {
		api_fail(call, 500, API_CODE_INTERNAL, NULL,
		         "it is kept, but a worker refused it: the error log says why");
	} else if (api_world_applied(w, version) == w->workers_len) {
		api_result(call, (unsigned int)call->notes[1], call->kept);
		call->kept = NULL;
	}
}

/* Return: 0 it is durable, and on its way; -errno nothing has changed, or that was said. */
static int put_in_force(struct api_call *call)
{
	const struct api_world *w = call->world;
	char err[SNAPSHOT_ERROR_MAX] = "";
	int r = w->prepare ? w->prepare(w->arg, err) : 0;

	if (r == -EINVAL)
		api_fail(call, 400, API_CODE_INVALID, NULL, "access.api.error.invalid_request: %s",
		         err);
	if (r < 0)
		return r;
	r = db_commit(w->db);
	if (r < 0 || !w->publish) {
		if (w->publish)
			(void)w->publish(w->arg, false);
		return r;
	}
	r = w->publish(w->arg, true);
	if (r < 0)
		api_fail(call, 500, API_CODE_INTERNAL, NULL,
		         "it is kept, but cannot be put in force: %s", strerror(-r));
	return r;
}

void change_in_force(struct api_call *call, unsigned int status, json_t *result)
{
	int r = result ? put_in_force(call) : -ENOMEM;

	if (r < 0) {
		json_decref(result);
		change_undo(call, r);
		return;
	}
	if (!call->world->publish || !call->world->snapshot) {
		api_result(call, status, result);
		return;
	}
	call->kept = result;
	call->notes[0] = call->world->snapshot->version;
	call->notes[1] = status;
	api_wait(call, await_workers, APPLY_MS);
}

void change_undo(struct api_call *call, int error)
{
	db_rollback(call->world->db);
	say(call, error);
}
