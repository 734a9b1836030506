/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>

#include "control/load_priv.h"
#include "control/part.h"
#include "control/ticket_keys.h"

static void read_keys(struct build *b)
{
	const char *path = b->conf->ticket_keys_file;
	char full[SOURCE_PATH_MAX];
	struct source_stamp stamp;
	const char *why = NULL;
	int r = path[0] == '\0' ? -ENOENT : build_path(b, path, full, sizeof(full));

	if (r == 0)
		r = ticket_file_read(b->loader->source, full, &b->snapshot->ticket_keys, &stamp,
		                     &why);
	if (r == -ENOMEM)
		b->status = r;
	else if (why)
		mistake_at(b->mistakes, b->positions, "ticket_keys_file", "", "%s: %s", path, why);
	else if (r < 0)
		mistake_at(b->mistakes, b->positions, "ticket_keys_file", "",
		           "%s cannot be read: %s", path, part_error(r));
	else if (watch_ticket_keys(b->watch, full, &stamp) < 0)
		b->status = -ENOMEM;
}

/* Those in force stay, where they were made here; where they come from a file that is not
 * given any more, the first still opens what it sealed. */
static void make_keys(struct build *b)
{
	struct ticket_keys *keys = &b->snapshot->ticket_keys;

	if (b->loader->previous)
		*keys = b->loader->previous->ticket_keys;
	if (!ticket_keys_are_made(b->snapshot) && ticket_keys_rotate(keys) < 0)
		mistake_at(b->mistakes, b->positions, "options.session_tickets", "",
		           "no random bytes to be had for a key");
}

void build_ticket_keys(struct build *b)
{
	bool is_stateless = b->snapshot->options.session_tickets == OPTION_TICKETS_STATELESS;

	if (b->conf->ticket_keys_file && !is_stateless)
		mistake_at(b->mistakes, b->positions, "ticket_keys_file", "",
		           "means nothing without options.session_tickets: stateless");
	else if (b->conf->ticket_keys_file)
		read_keys(b);
	else if (is_stateless)
		make_keys(b);
}
