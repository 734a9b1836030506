/* SPDX-License-Identifier: GPL-2.0-only */
#include "proc/listeners.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sys/addr.h"
#include "sys/sock.h"

static int explain(const struct msg_listener *l, uint32_t index, int error, char *out_err)
{
	char text[ADDR_TEXT_MAX];
	struct sink s = sink_of(text, sizeof(text));

	addr_format(&l->addr, &s);
	(void)snprintf(out_err, MSG_TEXT_MAX, "listen[%u]: %.*s: %s", index, (int)s.len, text,
	               strerror(-error));
	return error;
}

static const struct sockaddr *address(const struct msg_listener *l)
{
	return (const struct sockaddr *)&l->addr;
}

/* Both IPv4 and IPv6 wildcard of one port are asked for before any is opened. */
static int check_free(const struct msg_start *start, char *out_err)
{
	for (uint32_t i = 0; i < start->listeners_len; i++) {
		const struct msg_listener *l = &start->listeners[i];
		int r = sock_is_taken(address(l), l->addr_len);

		if (r < 0)
			return explain(l, i, r, out_err);
	}
	return 0;
}

static int open_for(const struct msg_start *start, int fds[LISTENERS_MAX], char *out_err)
{
	for (uint32_t i = 0; i < start->listeners_len; i++) {
		const struct msg_listener *l = &start->listeners[i];
		int r = sock_listen(address(l), l->addr_len, LISTEN_BACKLOG, &fds[i]);

		if (r < 0)
			return explain(l, i, r, out_err);
	}
	return 0;
}

/* Each address has a group of its own, of which any socket will do. */
static int place(const struct msg_start *start, int fds[LISTENERS_MAX], char *out_err)
{
	for (uint32_t i = 0; i < start->listeners_len; i++) {
		const struct msg_listener *l = &start->listeners[i];
		int r = sock_place_by_source(fds[i], l->addr.ss_family, start->workers);

		if (r < 0)
			return explain(l, i, r, out_err);
	}
	return 0;
}

int listeners_open(const struct msg_start *start, struct listeners *out, char *out_err)
{
	struct listeners l = { .workers = start->workers, .len = start->listeners_len };
	int r = check_free(start, out_err);

	must(l.workers >= 1 && l.workers <= WORKERS_MAX);
	must(l.len <= LISTENERS_MAX);
	if (r < 0)
		return r;
	l.fds = malloc(l.workers * sizeof(*l.fds));
	if (!l.fds)
		return -ENOMEM;
	for (uint32_t w = 0; w < l.workers; w++)
		for (uint32_t i = 0; i < LISTENERS_MAX; i++)
			l.fds[w][i] = -1;
	for (uint32_t w = 0; w < l.workers && r == 0; w++)
		r = open_for(start, l.fds[w], out_err);
	if (r == 0 && start->by_source && l.workers > 1)
		r = place(start, l.fds[0], out_err);
	if (r < 0) {
		listeners_close(&l);
		return r;
	}
	*out = l;
	return 0;
}

void listeners_close(struct listeners *l)
{
	for (uint32_t w = 0; w < l->workers; w++)
		for (uint32_t i = 0; i < l->len; i++)
			if (l->fds[w][i] >= 0)
				(void)close(l->fds[w][i]);
	free(l->fds);
	*l = (struct listeners){ 0 };
}

void listeners_text(const struct msg_start *start, struct sink *out)
{
	for (uint32_t i = 0; i < start->listeners_len; i++) {
		if (i > 0)
			sink_put(out, SLICE(", "));
		addr_format(&start->listeners[i].addr, out);
	}
}
