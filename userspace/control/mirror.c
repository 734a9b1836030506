/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/mirror.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/log.h"

/* What was last seen of a row is its mark, whose lowest bit of seq is 0 when nobody writes:
 * here it says that the map has the row. */
#define THERE (1ULL << 32)
#define STALE (~THERE) /* no row has that mark */

/* How often a map that is switched off is asked for again. */
enum { MIRROR_OFF_MS = 1000 };

const struct conn_table *rows_of(struct rows *r, uint32_t worker)
{
	must(worker < WORKERS_MAX);
	if (!r->tables[worker] && conns_look(r->fd, worker, &r->tables[worker]) < 0)
		return NULL;
	return r->tables[worker];
}

static void say(struct mirror *m, int error)
{
	if (error == m->told)
		return;
	m->told = error;
	if (error == -E2BIG)
		log_warn("sluice_conns is full: some connections are not in it");
	else if (error < 0)
		log_error("sluice_conns cannot be filled: %s", strerror(-error));
}

void mirror_open(struct mirror *m, int map_fd, struct rows *rows)
{
	int r = 0;

	*m = (struct mirror){ .rows = rows, .at_ms = UINT64_MAX };
	if (fcntl(map_fd, F_GETFD) < 0)
		return;
	r = conns_batch_new(map_fd, &m->batch);
	if (r == 0)
		m->at_ms = 0;
	else
		say(m, r);
}

void mirror_close(struct mirror *m)
{
	conns_batch_free(m->batch);
	m->batch = NULL;
	for (size_t i = 0; i < WORKERS_MAX; i++)
		free(m->parts[i].seen);
	*m = (struct mirror){ .at_ms = UINT64_MAX };
}

/* What we saw of it counts no more: all of it is looked at again. */
static void forget(struct mirror_part *p)
{
	for (uint32_t i = 0; i < p->high; i++)
		p->seen[i] = STALE | (p->seen[i] & THERE);
}

static void forget_all(struct mirror *m)
{
	for (size_t i = 0; i < WORKERS_MAX; i++)
		forget(&m->parts[i]);
}

/* A full map is no reason to stop. */
static int heed(struct mirror *m, int r)
{
	if (r != -E2BIG)
		return r;
	m->is_full = true;
	say(m, r);
	return 0;
}

static int look(struct mirror *m, const struct conn_table *t, uint32_t slot)
{
	struct mirror_part *p = &m->parts[m->worker];
	const bool is_used = p->epoch != 0 && slot < conns_high(t);
	const uint64_t mark = is_used ? conns_mark(t, slot) : 0;
	struct conn_seen seen;
	int r = 0;

	if ((p->seen[slot] & ~THERE) == mark)
		return 0;
	if (is_used)
		r = conns_read(t, slot, &seen);
	if (r == -EAGAIN)
		return 0; /* in the next round, or its worker is dead by then */
	if (r == 1) {
		p->seen[slot] = mark | THERE;
		return heed(m, conns_batch_put(m->batch, m->worker, slot, &seen));
	}
	if (p->seen[slot] & THERE)
		r = heed(m, conns_batch_drop(m->batch, m->worker, slot));
	p->seen[slot] = mark & ~THERE;
	return r;
}

/* The next rows of this worker, @budget at most. Return: how many; -errno. */
static int look_on(struct mirror *m, uint32_t budget)
{
	struct mirror_part *p = &m->parts[m->worker];
	const struct conn_table *t = rows_of(m->rows, m->worker);
	uint32_t n = 0;
	int r = 0;

	if (!t)
		return -EIO;
	if (!p->seen)
		p->seen = calloc(CONNS_SLOTS_MAX, sizeof(*p->seen));
	if (!p->seen)
		return -ENOMEM;
	if (m->slot == 0 && p->epoch != conns_epoch(t)) {
		p->epoch = conns_epoch(t);
		forget(p);
	}
	if (p->epoch != 0 && conns_high(t) > p->high)
		p->high = conns_high(t);
	while (r == 0 && n < budget && m->slot < p->high) {
		r = look(m, t, m->slot++);
		n++;
	}
	if (m->slot >= p->high) {
		m->slot = 0;
		m->worker++;
	}
	return r < 0 ? r : (int)n;
}

/* Return: true when the round is at its end. */
static bool step(struct mirror *m, uint32_t workers, int *out_error)
{
	uint32_t left = MIRROR_STEP_ROWS;
	int r = 0;

	while (r >= 0 && left > 0 && m->worker < workers) {
		r = look_on(m, left);
		if (r > 0)
			left -= (uint32_t)r;
	}
	if (r >= 0)
		r = heed(m, conns_batch_flush(m->batch));
	*out_error = r < 0 ? r : 0;
	return r < 0 || m->worker >= workers;
}

static void end_round(struct mirror *m, int error)
{
	m->worker = m->slot = 0;
	if (error < 0) {
		forget_all(m);
		say(m, error);
	} else if (m->is_full && m->full_rounds == 0) {
		m->full_rounds = MIRROR_FULL_ROUNDS;
	} else if (m->full_rounds > 0 && --m->full_rounds == 0) {
		/* Some may have gone meanwhile. */
		forget_all(m);
		say(m, 0);
	}
	m->is_full = false;
}

void mirror_turn(struct mirror *m, uint32_t workers, uint32_t period_ms, uint64_t now_ms)
{
	int error = 0;

	if (!m->batch || now_ms < m->at_ms)
		return;
	m->at_ms = now_ms + (period_ms > 0 ? period_ms : MIRROR_OFF_MS);
	if (period_ms > 0 && !step(m, workers, &error))
		m->at_ms = now_ms;
	else if (period_ms > 0)
		end_round(m, error);
}
