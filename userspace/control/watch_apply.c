/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "control/load_tls.h"
#include "control/watch_priv.h"

enum { PARTS = PART_CRL + 1 };

/* Where each part's text is in a host of a snapshot. */
static char **text_of(struct snapshot_host *h, enum part part)
{
	switch (part) {
	case PART_CERTIFICATE:
		return &h->certificate_pem;
	case PART_KEY:
		return &h->key_pem;
	case PART_CA:
		return &h->ca_pem;
	case PART_CRL:
		break;
	}
	return &h->crl_pem;
}

static void wipe(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* Return: 1; 0 it is being written again, the next rounds will see to it; -errno. */
static int read_one(const struct watched *f, enum part part, const struct source *source,
                    struct snapshot_host *into)
{
	struct source_file got;
	int r = part_read(source, part, f->path, &got);

	if (r < 0)
		return r;
	r = source_stamp_eq(&got.stamp, &f->read);
	if (r == 1 && part_append(text_of(into, part), got.text) < 0)
		r = -ENOMEM;
	source_file_fini(&got);
	return r;
}

/* @parts from their files, the others as they are in force. */
static int read_all(const struct watched_host *h, const struct watch_job *job, uint32_t parts,
                    struct snapshot_host *into)
{
	struct snapshot_host *now = &job->snapshot->hosts[h->index];
	const char *name = now->names[0];
	int r = 1;

	for (enum part p = 0; p < PARTS; p++)
		if (!(parts >> p & 1) && *text_of(now, p) &&
		    part_append(text_of(into, p), *text_of(now, p)) < 0)
			return -ENOMEM;
	for (size_t n = 0; r == 1 && n < h->len; n++) {
		if (!(parts >> h->rows[n].part & 1))
			continue;
		r = read_one(h->rows[n].file, h->rows[n].part, job->source, into);
		if (r < 0 && r != -EPIPE)
			log_error("hosts[%zu] (%s): %s cannot be read: %s; "
			          "what was read before stays in force",
			          h->index, name, h->rows[n].file->path, part_error(r));
	}
	return r;
}

/* Does it all work together? */
static bool is_good(const struct watched_host *h, const struct watch_job *job,
                    const struct snapshot_host *made)
{
	char text[256];
	struct sink err = sink_of(text, sizeof(text));
	int r = load_try(job->tls, made, &job->snapshot->options, &err);

	if (r == -ENOMEM)
		log_error("hosts[%zu]: not enough memory for its changed files", h->index);
	else if (r < 0)
		log_error("%.*s; what was read before stays in force", (int)err.len, text);
	return r == 0;
}

/* Return: 1 there is something new in force; 0 it was so already; -errno it is no good. */
static int apply(const struct watched_host *h, const struct watch_job *job, uint32_t parts)
{
	struct snapshot_host *now = &job->snapshot->hosts[h->index];
	struct snapshot_host made = *now;
	bool differs = false;
	int r;

	for (enum part p = 0; p < PARTS; p++)
		*text_of(&made, p) = NULL;
	r = read_all(h, job, parts, &made);
	for (enum part p = 0; p < PARTS; p++)
		differs |= !same(*text_of(now, p), *text_of(&made, p));
	if (r == 0)
		r = -EAGAIN;
	if (r == 1 && !differs)
		r = 0;
	if (r == 1 && !is_good(h, job, &made))
		r = -EINVAL;
	for (enum part p = 0; p < PARTS; p++) {
		/* The loser of the two goes. */
		wipe(*text_of(r == 1 ? now : &made, p));
		if (r == 1)
			*text_of(now, p) = *text_of(&made, p);
	}
	return r;
}

int watched_apply(struct watched_host *h, const struct watch_job *job)
{
	static const uint32_t crl = 1U << PART_CRL;
	uint32_t parts = h->stale;
	int r = apply(h, job, parts);

	if (r < 0 && r != -EPIPE && parts & crl && parts != crl) {
		parts = crl;
		r = apply(h, job, parts);
	}
	if (r >= 0)
		h->stale &= ~parts;
	if (r == 1)
		log_info("hosts[%zu] (%s): its changed files are good", h->index,
		         job->snapshot->hosts[h->index].names[0]);
	return r < 0 && r != -EPIPE ? 0 : r;
}
