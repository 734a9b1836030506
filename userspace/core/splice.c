/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/splice.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "core/client.h"
#include "core/exchange.h"
#include "core/worker.h"

/* An empty pipe goes back at once: there are fewer pipes than bodies. */
static void give(struct worker *w, struct splice *s)
{
	pipe_give(&w->pipes, s->pipe);
	s->pipe = NULL;
}

static bool have_pipe(struct worker *w, struct splice *s)
{
	static int told;

	must(s->pipe == NULL);
	s->pipe = pipe_take(&w->pipes);
	if (s->pipe != NULL)
		return true;
	if (w->pipes.error != told) {
		told = w->pipes.error;
		log_warn("no pipe to splice bodies through: %s; they are copied", strerror(-told));
	}
	w->stats->pipes_exhausted += !s->has_missed;
	s->has_missed = true;
	return false;
}

/* Once a length or a chunk is long enough it goes this way to its end. */
static bool wants(struct worker *w, const struct conn *c, const struct body *b, struct splice *s)
{
	uint64_t opaque = body_opaque(b);

	s->is_on = opaque >= w->options.splice_bytes || (s->is_on && opaque > 0);
	return s->is_on && c->engine == ENGINE_KERNEL && w->pipes.cap > 0 && have_pipe(w, s);
}

bool splice_wants_up(struct worker *w, struct conn *c)
{
	struct exchange *x = c->exchange;

	if (x->up_broken || c->has_ended || !c->may_read)
		return false;
	return wants(w, c, &x->up, &x->up_splice);
}

bool splice_wants_down(struct worker *w, struct conn *c)
{
	struct exchange *x = c->exchange;

	if (!x->is_answering || !c->link->may_read)
		return false;
	return wants(w, c, &x->down, &x->down_splice);
}

static size_t at_most(const struct body *b, size_t moved)
{
	uint64_t opaque = body_opaque(b);

	return opaque < PIPE_BYTES - moved ? (size_t)opaque : PIPE_BYTES - moved;
}

/* Records of the client, one for each call. Return: what the last one that failed said, 0 or
 * negative; 1 when enough was moved. */
static ssize_t fill_up(struct conn *c, size_t *moved)
{
	struct exchange *x = c->exchange;

	while (at_most(&x->up, *moved) > 0) {
		ssize_t n = pipe_fill(x->up_splice.pipe, c->fd, at_most(&x->up, *moved), true);

		if (n <= 0)
			return n;
		*moved += (size_t)n;
		body_skip(&x->up, (uint64_t)n);
	}
	return 1;
}

enum splice_got splice_up(struct worker *w, struct conn *c)
{
	struct exchange *x = c->exchange;
	size_t moved = 0;
	ssize_t last = fill_up(c, &moved);

	if (moved > 0) {
		x->bytes_in += moved;
		x->up_splice.is_used = true;
		w->stats->bytes_from_clients += moved;
		conns_in(c->row, moved);
	}
	if (last == -EAGAIN)
		c->may_read = false;
	/* A record that is not data, an empty one and the end are seen again with nothing in
	 * front of them. Other errors are said once only. */
	if (last < 0 && last != -EAGAIN && last != -EINVAL && last != -ENOBUFS) {
		client_broken(w, c, (int)last);
		return SPLICE_GONE;
	}
	if (moved > 0) {
		splice_flush_up(w, c);
		return SPLICE_MOVED;
	}
	give(w, &x->up_splice);
	return last == -EAGAIN ? SPLICE_AGAIN : SPLICE_ASK;
}

void splice_flush_up(struct worker *w, struct conn *c)
{
	struct exchange *x = c->exchange;
	struct splice *s = &x->up_splice;

	while (splice_holds(s)) {
		ssize_t n = pipe_drain(s->pipe, c->link->fd);

		if (n == -EAGAIN)
			return;
		if (n < 0) {
			/* As in up.c: it is read for an answer. */
			x->up_broken = true;
			c->link->may_read = true;
			break;
		}
		w->stats->bytes_spliced_up += (uint64_t)n;
	}
	give(w, s);
}

enum splice_got splice_down(struct worker *w, struct conn *c, int *out_err)
{
	struct exchange *x = c->exchange;
	struct splice *s = &x->down_splice;
	ssize_t n = pipe_fill(s->pipe, c->link->fd, at_most(&x->down, 0), false);

	if (n <= 0) {
		give(w, s);
		if (n != -EAGAIN) {
			*out_err = (int)-n;
			return SPLICE_ENDED;
		}
		c->link->may_read = false;
		return SPLICE_AGAIN;
	}
	s->is_used = true;
	body_skip(&x->down, (uint64_t)n);
	return splice_flush_down(w, c) ? SPLICE_MOVED : SPLICE_GONE;
}

bool splice_flush_down(struct worker *w, struct conn *c)
{
	struct exchange *x = c->exchange;
	struct splice *s = &x->down_splice;

	while (splice_holds(s)) {
		ssize_t n;

		/* What is owed to the client's TLS goes in front of more data. */
		if (client_owes(c) && !client_flush(w, c))
			return false;
		if (client_owes(c))
			return true;
		n = pipe_drain(s->pipe, c->fd);
		if (n == -EAGAIN)
			return true;
		if (n < 0) {
			client_broken(w, c, (int)n);
			return false;
		}
		x->bytes_out += (uint64_t)n;
		w->stats->bytes_spliced_down += (uint64_t)n;
		if (!client_spliced(w, c, (size_t)n))
			return false;
	}
	give(w, s);
	return true;
}

void splice_end(struct worker *w, struct conn *c)
{
	give(w, &c->exchange->up_splice);
	give(w, &c->exchange->down_splice);
}
