/* SPDX-License-Identifier: GPL-2.0-only */
#include <unistd.h>

#include "base/log.h"
#include "proc/notify.h"
#include "proc/state.h"

void master_ready(struct master *m)
{
	char text[LISTENERS_MAX * 64];
	struct sink s = sink_of(text, sizeof(text));

	m->is_ready = true;
	listeners_text(&m->start, &s);
	log_info("ready: %u workers, listening on %.*s", m->start.workers, (int)s.len, text);
	notify_systemd("READY=1");
}

void master_drain(struct master *m)
{
	m->phase = PHASE_DRAINING;
	m->is_drain_owed = true;
	m->drain_deadline_ms = m->now_ms + m->start.drain_timeout_ms + DRAIN_GRACE_MS;
	log_info("draining: %u workers finish, at most %u ms", workers_alive(m),
	         m->start.drain_timeout_ms);
	notify_systemd("STOPPING=1");
	/* From here on the workers' own copies decide how long a queue is served. */
	listeners_close(&m->listeners);
}

void master_kill(struct master *m, int exit_code)
{
	if (m->phase == PHASE_KILLING)
		return;
	m->phase = PHASE_KILLING;
	m->exit_code = exit_code;
	listeners_close(&m->listeners);
	child_kill(&m->control);
	for (uint32_t i = 0; i < workers_len(m); i++)
		child_kill(&m->workers[i].child);
}
