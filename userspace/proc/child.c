/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/log.h"
#include "proc/backoff.h"
#include "proc/state.h"

void child_reset(struct child *c)
{
	*c = (struct child){ .channel = -1, .quick = c->quick };
}

void child_died(struct master *m, struct child *c)
{
	uint64_t lived_ms = m->now_ms - c->started_ms;
	bool served = c->has_served;

	if (c->channel >= 0)
		(void)close(c->channel);
	child_reset(c);
	if (m->phase == PHASE_RUNNING)
		c->restart_at_ms = m->now_ms + backoff_next_ms(&c->quick, lived_ms, served);
}

void child_hang_up(struct master *m, struct child *c)
{
	(void)close(c->channel);
	c->channel = -1;
	c->deaf_since_ms = m->now_ms;
}

void child_kill(const struct child *c)
{
	if (c->pid > 0)
		(void)kill(c->pid, SIGKILL);
}

void child_send_failed(struct master *m, struct child *c, int error)
{
	if (error != -EAGAIN)
		child_kill(c);
	else if (c->deaf_since_ms == 0)
		c->deaf_since_ms = m->now_ms;
}

void child_check_deaf(const struct master *m, const struct child *c, const char *what)
{
	if (c->pid == 0 || c->deaf_since_ms == 0 || m->now_ms < c->deaf_since_ms + CHILD_DEAF_MS)
		return;
	log_error("%s (pid %d) neither reads nor ends: killed", what, (int)c->pid);
	child_kill(c);
}
