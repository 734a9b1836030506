/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * api_revoke.c - revoke, and take it back. Answered when it is durable and every live worker
 * has it in force and has looked at each of its connections.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/api_answer.h"
#include "control/api_change.h"
#include "control/api_revocations.h"
#include "control/api_router.h"
#include "control/api_world.h"
#include "sys/clock.h"

enum {
	IN_FORCE_MS =
		15000, /* a worker that does not even read is killed by the master before that */
	ENTRIES_MAX = 10000, /* in one request */
	REVOKE_BODY_BYTES_MAX = 4 * 1024 * 1024,
	POINTER_BYTES_MAX = 16,
	NOT_DURABLE = 1001, /* code of the message that says so */
};

static const char not_durable[] =
	"not durable: it is forgotten when sluiced ends or is restarted as a whole";

/* --- waiting ------------------------------------------------------------------------------- */

/* notes[0]: the list's version; notes[1]: HTTP's status then. kept: the result. */
static void await_workers(struct api_call *call)
{
	const struct api_world *w = call->world;

	if (revocations_is_in_force(w->revoking->list, call->notes[0])) {
		json_t *result = call->kept;

		call->kept = NULL;
		api_result(call, (unsigned int)call->notes[1], result);
	} else if (w->now_ms >= call->wait_until_ms) {
		api_fail(call, 409, API_CODE_CONFLICT, NULL,
		         "access.api.error.conflict: it has happened and stays so, but not every "
		         "worker has said yet that it is in force; ask again to wait for that");
	}
}

static void answer_in_force(struct api_call *call, uint64_t version, unsigned int status,
                            json_t *result)
{
	call->notes[0] = version;
	call->notes[1] = status;
	call->kept = result;
	api_wait(call, await_workers, IN_FORCE_MS);
}

/* --- what can go wrong --------------------------------------------------------------------- */

static void say_no_store(struct api_call *call)
{
	api_fail(call, 403, API_CODE_NOT_ENABLED, NULL,
	         "access.api.error.not_enabled: nothing was revoked: without a store (`store` in "
	         "the configuration) it would be forgotten when sluiced ends; with ?durable=false "
	         "(sluicectl revoke --not-durable) it is revoked all the same, until then");
}

static void say(struct api_call *call, int error, const char *state)
{
	switch (error) {
	case -ENOENT:
		say_no_store(call);
		break;
	case -E2BIG:
		api_fail(call, 409, API_CODE_INVALID, NULL,
		         "%s: more than %d certificates would be revoked", state, REVOKED_MAX);
		break;
	case -EROFS:
	case -ENOSPC:
	case -EIO:
	case -EBUSY:
		api_fail(call, 507, API_CODE_INTERNAL, NULL, "%s: the store cannot be written: %s",
		         state, strerror(-error));
		break;
	default:
		api_fail(call, 500, API_CODE_INTERNAL, NULL, "%s: %s", state, strerror(-error));
		break;
	}
}

/* --- revoke -------------------------------------------------------------------------------- */

/* One entry, or a list of them: number @i and its pointer. */
static json_t *item(json_t *body, size_t i, char pointer[POINTER_BYTES_MAX])
{
	pointer[0] = '\0';
	if (!json_is_array(body))
		return body;
	(void)snprintf(pointer, POINTER_BYTES_MAX, "/%zu", i);
	return json_array_get(body, i);
}

static size_t items(const json_t *body)
{
	return json_is_array(body) ? json_array_size(body) : 1;
}

static bool read_durable(struct api_call *call, bool *out)
{
	const char *text = api_query(call, "durable");

	*out = !text || strcmp(text, "true") == 0;
	if (*out || strcmp(text, "false") == 0)
		return true;
	api_fail(call, 400, API_CODE_INVALID, NULL, "durable: neither true nor false");
	return false;
}

static void check_all(struct api_call *call)
{
	static struct revoked_entry entry;
	size_t len = items(call->body);
	const char *reason;

	if (!call->body || len == 0 || len > ENTRIES_MAX) {
		api_fail(call, 400, API_CODE_JSON, call->body ? "" : NULL,
		         "an entry expected, or a list of 1 to %d", ENTRIES_MAX);
		return;
	}
	for (size_t i = 0; i < len && json_array_size(call->errors) < MISTAKES_MAX; i++) {
		char pointer[POINTER_BYTES_MAX];
		json_t *value = item(call->body, i, pointer);

		(void)revocation_read(call, value, pointer, &entry, &reason);
	}
}

/* Within a change of @g. Return: how many are new; -errno. */
static int add_all(struct api_call *call, struct revoking *g)
{
	static struct revoked_entry entry;
	struct revocation_row row = { .added_by = call->who, .added_at = clock_wall_ms() / 1000 };
	int fresh = 0;

	for (size_t i = 0; i < items(call->body); i++) {
		char pointer[POINTER_BYTES_MAX];
		json_t *value = item(call->body, i, pointer);
		int r = -EINVAL;

		if (revocation_read(call, value, pointer, &entry, &row.reason))
			r = revoking_add(g, &entry, &row);
		if (r < 0)
			return r;
		fresh += r == 0;
	}
	return fresh;
}

/* What is kept now of each that was asked for, the lasting one of two. Return: NULL: it cannot be read */
static json_t *kept_of(struct api_call *call, const struct revoking *g)
{
	static struct revoked_entry entry;
	json_t *all = json_array();
	const char *reason;

	for (size_t i = 0; i < items(call->body); i++) {
		struct revocation_list to = { .rows = all, .who = REVOKED_BY_STORE };
		char pointer[POINTER_BYTES_MAX];
		json_t *value = item(call->body, i, pointer);
		int r = -EINVAL;

		if (revocation_read(call, value, pointer, &entry, &reason))
			r = revoking_row(g, REVOKED_BY_STORE, &entry, put_revocation, &to);
		to.who = REVOKED_BY_MEMORY;
		if (r == -ENOENT)
			r = revoking_row(g, REVOKED_BY_MEMORY, &entry, put_revocation, &to);
		if (r < 0) {
			json_decref(all);
			return NULL;
		}
	}
	return all;
}

/* What is not in the store is told there if it can be: it is no reason not to do it. */
static void note_aside(struct api_call *call, const json_t *before, const json_t *after)
{
	struct db *db = call->world->db;

	if (!db || db_begin(db) < 0)
		return;
	if (change_note(call, before, after) < 0 || change_commit(call) < 0)
		db_rollback(db);
}

/* Return: how many are new; -errno: nothing has changed. @out_kept: an array, the caller's. */
static int revoke_all(struct api_call *call, bool is_durable, uint64_t *out_version,
                      json_t **out_kept)
{
	struct revoking *g = call->world->revoking;
	json_t *kept = NULL;
	int r = revoking_begin(g, is_durable);
	int fresh = r == 0 ? add_all(call, g) : r;

	if (fresh >= 0)
		kept = kept_of(call, g);
	r = fresh < 0 || kept ? fresh : -EIO;
	if (r > 0 && is_durable)
		r = change_note(call, NULL, kept);
	if (r >= 0)
		r = revoking_commit(g, out_version);
	if (r < 0) {
		revoking_undo(g);
		json_decref(kept);
		return r;
	}
	if (fresh > 0 && !is_durable)
		note_aside(call, NULL, kept);
	*out_kept = kept;
	return fresh;
}

static void post_revocations(struct api_call *call)
{
	uint64_t version = 0;
	bool is_durable = true;
	json_t *kept = NULL;
	int fresh;

	check_all(call);
	if (!read_durable(call, &is_durable) || call->status > 0)
		return;
	fresh = revoke_all(call, is_durable, &version, &kept);
	if (fresh < 0) {
		say(call, fresh, "nothing was revoked");
		return;
	}
	if (!is_durable)
		api_message(call, NOT_DURABLE, "%s", not_durable);
	if (!json_is_array(call->body)) {
		json_t *one = json_incref(json_array_get(kept, 0));

		json_decref(kept);
		kept = one;
	}
	answer_in_force(call, version, fresh > 0 ? 201 : 200, kept);
}

/* --- take it back -------------------------------------------------------------------------- */

static void say_read_only(struct api_call *call, const struct revoked_file *f, size_t n)
{
	api_fail(call, 409, API_CODE_INVALID, NULL,
	         "it is revoked by the configuration's list, %s line %u, which is read-only here: "
	         "take it out of that file",
	         f->path, f->places[n].line);
}

struct removal_note {
	struct api_call *call;
	const json_t *before;
	bool is_noted;
};

static int note_removal(void *arg)
{
	struct removal_note *note = arg;

	note->is_noted = true;
	return change_note(note->call, note->before, NULL);
}

static int remove_and_note(struct api_call *call, const uint8_t *key, const json_t *was,
                           uint64_t *out_version)
{
	struct removal_note note = { .call = call, .before = was };
	int r = revoking_remove(call->world->revoking, key, note_removal, &note, out_version);

	if (r == 0 && !note.is_noted)
		note_aside(call, was, NULL);
	return r;
}

static void delete_revocation(struct api_call *call)
{
	struct revoking *g = call->world->revoking;
	uint8_t key[REVOKED_KEY_BYTES];
	uint64_t version = 0;
	ssize_t at;
	json_t *was;
	int r;

	if (revoked_fingerprint(slice_of(call->args[0], strlen(call->args[0])), key) < 0) {
		api_fail(call, 404, API_CODE_NO_ROUTE, NULL,
		         "no revocation has this id: ids are 64 hexadecimal digits");
		return;
	}
	at = g->file ? revoked_file_find(g->file, key) : -1;
	was = revocations_of(g, key);
	r = remove_and_note(call, key, was, &version);
	if (r < 0) {
		json_decref(was);
		if (r == -ENOENT && at >= 0)
			say_read_only(call, g->file, (size_t)at);
		else if (r == -ENOENT)
			api_fail(call, 404, API_CODE_NO_ROUTE, NULL, "no revocation has this id");
		else
			say(call, r, "it is still revoked");
		return;
	}
	if (at >= 0)
		api_message(call, API_CODE_INVALID,
		            "it is still revoked by the configuration's list, %s line %u",
		            g->file->path, g->file->places[at].line);
	answer_in_force(call, version, 200, was);
}

const struct api_route api_routes_revoke[] = {
	{ "POST", "/sluice/v1/revocations", API_WRITE, REVOKE_BODY_BYTES_MAX, post_revocations },
	{ "DELETE", "/sluice/v1/revocations/{id}", API_WRITE, 0, delete_revocation },
	API_ROUTES_END,
};
