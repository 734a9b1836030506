/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/watch.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "control/watch_priv.h"

struct ref {
	size_t host;
	enum part part;
	bool is_stale; /* the host has not taken it as it is now */
	struct watched *file;
};

struct watch {
	void *by_path; /* tsearch(3) */
	struct watched *files;
	struct watched *ticket_keys; /* of the files; NULL: none is given */
	struct ref *refs;
	size_t refs_len, refs_cap;
	enum { RESTING, LOOKING, APPLYING } phase;
	struct watched *next; /* to be looked at */
	size_t at;            /* ref to be gathered from */
	bool has_changed;
};

int watch_new(struct watch **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

static void keep(void *file)
{
	(void)file; /* the list has it */
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	tdestroy(w->by_path, keep);
	while (w->files) {
		struct watched *f = w->files;

		w->files = f->next;
		free(f);
	}
	free(w->refs);
	free(w);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct watched *)a)->path, ((const struct watched *)b)->path);
}

static struct watched *new_file(struct watch *w, const char *path, const struct source_stamp *stamp)
{
	size_t len = strlen(path) + 1;
	struct watched *f = calloc(1, sizeof(*f) + len);

	if (!f)
		return NULL;
	memcpy(f->bytes, path, len);
	f->path = f->bytes;
	f->read = f->seen = *stamp;
	if (!tsearch(f, &w->by_path, by_path)) {
		free(f);
		return NULL;
	}
	f->next = w->files;
	w->files = f;
	return f;
}

/* Room for one more. */
static bool grow(struct watch *w)
{
	size_t cap = w->refs_cap ? w->refs_cap * 2 : 16;
	struct ref *refs;

	if (w->refs_len < w->refs_cap)
		return true;
	refs = reallocarray(w->refs, cap, sizeof(*refs));
	if (!refs)
		return false;
	w->refs = refs;
	w->refs_cap = cap;
	return true;
}

static struct watched *file_of(struct watch *w, const char *path, const struct source_stamp *stamp)
{
	const struct watched key = { .path = path };
	struct watched **found = tfind(&key, &w->by_path, by_path);

	return found ? *found : new_file(w, path, stamp);
}

int watch_ticket_keys(struct watch *w, const char *path, const struct source_stamp *stamp)
{
	w->ticket_keys = file_of(w, path, stamp);
	return w->ticket_keys ? 0 : -ENOMEM;
}

int watch_add(struct watch *w, size_t host, enum part part, const char *path,
              const struct source_stamp *stamp)
{
	struct watched *f = file_of(w, path, stamp);

	if (!f || !grow(w))
		return -ENOMEM;
	w->refs[w->refs_len++] = (struct ref){ .host = host, .part = part, .file = f };
	return 0;
}

bool watch_is_busy(const struct watch *w)
{
	return w->phase != RESTING;
}

/* Readable again is as good as changed: its host may have been passed over meanwhile. */
static int look(struct watched *f, const struct source *source)
{
	struct source_stamp now;
	int r = source_stat(source, f->path, &now);

	if (r == -EPIPE)
		return r;
	if (r < 0 && r != f->error)
		log_error("%s cannot be read: %s; what was read of it stays in force", f->path,
		          part_error(r));
	f->is_changed = false;
	if (r == 0 && source_stamp_eq(&now, &f->seen))
		f->is_changed = f->error < 0 || !source_stamp_eq(&now, &f->read);
	if (r == 0)
		f->seen = now;
	if (f->is_changed || r < 0)
		f->error = r;
	if (f->is_changed)
		f->read = now;
	return 0;
}

static int look_on(struct watch *w, const struct watch_job *job)
{
	int r = 0;

	for (int n = 0; r == 0 && n < WATCH_FILES_PER_STEP && w->next; n++) {
		r = look(w->next, job->source);
		w->next = w->next->next;
	}
	if (r == 0 && !w->next) {
		w->phase = APPLYING;
		w->at = 0;
	}
	return r;
}

/* All files of the host that ref @at is the first of. Return: the ref behind its last. */
static size_t gather(struct watch *w, size_t at, struct watched_host *out)
{
	size_t n = at;

	*out = (struct watched_host){ .index = w->refs[at].host };
	for (; n < w->refs_len && w->refs[n].host == out->index; n++) {
		struct ref *ref = &w->refs[n];

		must(out->len < ARRAY_LEN(out->rows));
		out->rows[out->len].part = ref->part;
		out->rows[out->len++].file = ref->file;
		out->is_changed |= ref->file->is_changed;
		ref->is_stale |= ref->file->is_changed;
		out->stale |= (uint32_t)ref->is_stale << ref->part;
	}
	return n;
}

static int apply_ticket_keys(struct watch *w, const struct watch_job *job)
{
	int r;

	if (!w->ticket_keys || !w->ticket_keys->is_changed)
		return 0;
	r = watched_ticket_keys(w->ticket_keys, job);
	w->has_changed |= r == 1;
	return r;
}

static int apply_on(struct watch *w, const struct watch_job *job)
{
	int r = 0;

	for (int n = 0; r >= 0 && n < WATCH_HOSTS_PER_STEP && w->at < w->refs_len;) {
		size_t first = w->at;
		struct watched_host h;

		w->at = gather(w, first, &h);
		if (!h.is_changed)
			continue;
		n++;
		r = watched_apply(&h, job);
		w->has_changed |= r == 1;
		for (size_t i = first; i < w->at; i++)
			w->refs[i].is_stale = h.stale >> w->refs[i].part & 1;
	}
	return r < 0 ? r : w->at == w->refs_len;
}

int watch_step(struct watch *w, const struct watch_job *job, bool *out_changed)
{
	int r;

	if (w->phase == RESTING) {
		w->phase = LOOKING;
		w->next = w->files;
		w->has_changed = false;
	}
	if (w->phase == LOOKING)
		return look_on(w, job);
	r = apply_on(w, job);
	if (r == 1 && apply_ticket_keys(w, job) == -EPIPE)
		r = -EPIPE;
	if (r == 1) {
		w->phase = RESTING;
		*out_changed = w->has_changed;
	}
	return r;
}
