/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/ticket_keys.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "control/part.h"
#include "control/watch_priv.h"
#include "tls/handshake.h"

enum { GENERATIONS = 2 };

/* Who reads it reads what clients send, and may be any of them. */
static bool is_open_to_others(const struct source_stamp *stamp)
{
	return stamp->mode & (S_IWGRP | S_IRWXO);
}

int ticket_file_read(const struct source *s, const char *path, struct ticket_keys *out,
                     struct source_stamp *out_stamp, const char **out_why)
{
	struct source_file f = { 0 };
	size_t line;
	int r = source_read(s, path, TICKET_KEYS_TEXT_MAX, &f);

	if (r < 0)
		return r;
	if (is_open_to_others(&f.stamp)) {
		*out_why = "others may read or write it: chmod g-w,o= is wanted";
		r = -EINVAL;
	} else {
		r = ticket_keys_read(slice_of(f.text, f.len), out, &line);
		if (r < 0)
			*out_why = ticket_keys_error(r);
	}
	*out_stamp = f.stamp;
	source_file_fini(&f);
	return r < 0 ? -EINVAL : 0;
}

bool ticket_keys_are_made(const struct snapshot *s)
{
	return s->ticket_keys.len > 0 && s->ticket_keys.rows[0].made != 0;
}

int64_t ticket_keys_due_s(const struct snapshot *s, int64_t now_s)
{
	int64_t age = now_s - s->ticket_keys.rows[0].made;
	int64_t left = (int64_t)s->options.ticket_rotation_s - age;

	return age < 0 || left < 0 ? 0 : left;
}

int ticket_keys_rotate(struct ticket_keys *keys)
{
	struct ticket_keys made = { .len = 1 };
	int r = tls_ticket_key_make(&made.rows[0]);

	if (r == 0) {
		for (; made.len < GENERATIONS && made.len <= keys->len; made.len++)
			made.rows[made.len] = keys->rows[made.len - 1];
		*keys = made;
	}
	explicit_bzero(&made, sizeof(made));
	return r;
}

int watched_ticket_keys(const struct watched *f, const struct watch_job *job)
{
	struct ticket_keys *now = &job->snapshot->ticket_keys;
	struct ticket_keys keys = { .len = 0 };
	struct source_stamp stamp;
	const char *why = NULL;
	int r = ticket_file_read(job->source, f->path, &keys, &stamp, &why);

	if (r == -EPIPE)
		return r;
	if (r < 0) {
		log_error("%s: %s; the keys that were read before stay in force", f->path,
		          why ? why : part_error(r));
		return 0;
	}
	r = !ticket_keys_eq(now, &keys);
	if (r == 1) {
		*now = keys;
		log_info("%s: %zu ticket keys", f->path, keys.len);
	}
	explicit_bzero(&keys, sizeof(keys));
	return r;
}
