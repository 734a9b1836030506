/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "proc/state.h"
#include "sys/conns.h"

uint32_t workers_len(const struct master *m)
{
	return m->is_started ? m->start.workers : 0;
}

uint32_t workers_alive(const struct master *m)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < workers_len(m); i++)
		n += m->workers[i].child.pid > 0;
	return n;
}

static void start_one(struct master *m, uint32_t id)
{
	struct worker_child *w = &m->workers[id];
	char number[16];
	const struct spawn s = {
		.argv = { "sluiced", "--role=worker", number, m->ktls },
		.user = m->has_users ? &m->user_worker : NULL,
		.stats_fd = m->stats_fd,
		.conns_fd = m->conns_fd,
		.conns_map_fd = -1,
	};
	struct child *c = &w->child;
	int r;

	(void)snprintf(number, sizeof(number), "%u", id);
	*w = (struct worker_child){ .child = { .channel = -1, .quick = c->quick } };
	c->started_ms = m->now_ms;
	r = spawn_role(&s, &c->pid, &c->channel);
	if (r < 0) {
		log_error("worker %u cannot be started: %s", id, strerror(-r));
		child_died(m, c);
	}
}

void workers_start_due(struct master *m)
{
	if (m->phase != PHASE_RUNNING)
		return;
	for (uint32_t i = 0; i < workers_len(m); i++) {
		const struct child *c = &m->workers[i].child;

		if (c->pid == 0 && c->restart_at_ms <= m->now_ms)
			start_one(m, i);
	}
}

static int send_listener(struct master *m, uint32_t id)
{
	struct worker_child *w = &m->workers[id];
	uint32_t i = w->listeners_sent;
	int r = channel_send(w->child.channel, MSG_LISTENER, &m->start.listeners[i],
	                     sizeof(m->start.listeners[i]), m->listeners.fds[id][i]);

	if (r == 0)
		w->listeners_sent++;
	return r;
}

static int send_revoked(struct master *m, struct worker_child *w)
{
	const struct msg_version v = { .version = m->revoked_version };
	int r = channel_send(w->child.channel, MSG_REVOKED, &v, sizeof(v), m->revoked_fd);

	if (r == 0)
		w->revoked_sent = m->revoked_version;
	return r;
}

static int send_snapshot(struct master *m, struct worker_child *w)
{
	const struct msg_version v = { .version = m->snapshot_version };
	int r = channel_send(w->child.channel, MSG_SNAPSHOT, &v, sizeof(v), m->snapshot_fd);

	if (r == 0)
		w->snapshot_sent = m->snapshot_version;
	return r;
}

/* Send the next thing this worker has not got. Return: 1 sent; 0 it has all; -errno. */
static int sync_one(struct master *m, uint32_t id)
{
	struct worker_child *w = &m->workers[id];
	int r;

	if (m->phase == PHASE_RUNNING && w->listeners_sent < m->listeners.len) {
		r = send_listener(m, id);
	} else if (w->revoked_sent < m->revoked_version) {
		r = send_revoked(m, w); /* before a snapshot: who serves knows who is revoked */
	} else if (m->phase == PHASE_RUNNING && w->snapshot_sent < m->snapshot_version) {
		r = send_snapshot(m, w);
	} else if (m->phase == PHASE_DRAINING && !w->is_drain_sent) {
		r = channel_send(w->child.channel, MSG_DRAIN, NULL, 0, -1);
		w->is_drain_sent = r == 0;
	} else {
		return 0;
	}
	return r < 0 ? r : 1;
}

static void sync_worker(struct master *m, uint32_t id)
{
	struct child *c = &m->workers[id].child;
	int r;

	if (!channel_is_unread(c->channel))
		c->deaf_since_ms = 0;
	do {
		r = sync_one(m, id);
	} while (r > 0);
	if (r == 0 && channel_is_unread(c->channel))
		r = -EAGAIN;
	if (r < 0)
		child_send_failed(m, c, r);
}

void workers_sync(struct master *m)
{
	for (uint32_t i = 0; i < workers_len(m); i++) {
		if (m->workers[i].child.channel >= 0)
			sync_worker(m, i);
		child_check_deaf(m, &m->workers[i].child, "a worker");
	}
}

static bool is_stuck(struct master *m, uint32_t id)
{
	const struct worker_stats **stats = &m->stats[id];

	if (*stats == NULL && stats_map_read(m->stats_fd, id, stats) < 0)
		return false;
	return watchdog_look(&m->workers[id].watchdog, stats_read(&(*stats)->turns), m->now_ms);
}

void workers_watch(struct master *m)
{
	for (uint32_t i = 0; m->phase == PHASE_RUNNING && i < workers_len(m); i++) {
		struct worker_child *w = &m->workers[i];

		/* One that begins may have much to read first. */
		if (w->child.pid == 0 || !w->is_applied || !is_stuck(m, i))
			continue;
		log_error("worker %u (pid %d) is stuck: killed", i, (int)w->child.pid);
		child_kill(&w->child);
	}
}

static void check_ready(struct master *m)
{
	for (uint32_t i = 0; i < workers_len(m); i++)
		if (!m->workers[i].is_applied)
			return;
	if (!m->is_ready)
		master_ready(m);
}

static void tell_control(struct master *m, enum msg_type type, const struct msg_result *result)
{
	int r = 0;

	if (m->control.channel >= 0)
		r = channel_send(m->control.channel, type, result, sizeof(*result), -1);
	if (r < 0)
		child_send_failed(m, &m->control, r);
}

/* Nobody is let in by it, and the next one begins with the list. */
void workers_answer_revoked(struct master *m)
{
	for (uint32_t i = 0; i < workers_len(m); i++) {
		const struct msg_result none_left = { .version = m->revoked_version, .worker = i };

		if (m->workers[i].child.pid == 0 && m->revoked_version > 0)
			tell_control(m, MSG_REVOKED_DONE, &none_left);
	}
}

/* Unread, but for who sends it. One that control has no room for is asked again. */
static void asked(struct master *m, uint32_t id, const struct msg *msg)
{
	struct msg_ocsp_ask ask = { .worker = UINT32_MAX };

	if (msg->len >= sizeof(ask))
		memcpy(&ask, msg->payload, sizeof(ask));
	if (ask.worker != id) {
		log_error("worker %u sent what it never sends: killed", id);
		child_kill(&m->workers[id].child);
		return;
	}
	if (m->control.channel >= 0)
		(void)channel_send(m->control.channel, MSG_OCSP_ASK, msg->payload, msg->len, -1);
}

void workers_tell_ocsp(struct master *m, const struct msg_ocsp_answer *a)
{
	for (uint32_t i = 0; i < workers_len(m); i++)
		if (m->workers[i].child.channel >= 0 && (a->worker == i || a->worker == UINT32_MAX))
			(void)channel_send(m->workers[i].child.channel, MSG_OCSP_ANSWER, a,
			                   sizeof(*a), -1);
}

static void answered(struct master *m, uint32_t id, const struct msg *msg)
{
	struct msg_result result;

	if (msg->type == MSG_OCSP_ASK) {
		asked(m, id, msg);
		return;
	}

	if ((msg->type != MSG_APPLIED && msg->type != MSG_REVOKED_DONE) ||
	    msg_body(msg, &result, sizeof(result)) < 0 || result.worker != id) {
		log_error("worker %u sent what it never sends: killed", id);
		child_kill(&m->workers[id].child);
		return;
	}
	tell_control(m, msg->type, &result);
	if (msg->type == MSG_APPLIED && result.error == 0) {
		m->workers[id].is_applied = m->workers[id].child.has_served = true;
		steer_worker_serves(m, id);
		check_ready(m);
	}
}

void workers_read(struct master *m, uint32_t id)
{
	struct child *c = &m->workers[id].child;
	struct msg msg;

	while (c->channel >= 0 && control_has_room(m)) {
		int fd = -1;
		int r = channel_recv(c->channel, &msg, &fd);

		if (r == -EAGAIN)
			return;
		if (r != 1) {
			/* Gone, as SIGCHLD will tell, or talking nonsense. */
			if (r < 0)
				child_kill(c);
			child_hang_up(m, c);
			return;
		}
		if (fd >= 0)
			(void)close(fd);
		answered(m, id, &msg);
	}
}

static void say_death(uint32_t id, int pid, int status)
{
	if (WIFSIGNALED(status))
		log_error("worker %u (pid %d) died: signal %d (%s)", id, pid, WTERMSIG(status),
		          strsignal(WTERMSIG(status)));
	else
		log_error("worker %u (pid %d) ended: status %d", id, pid, WEXITSTATUS(status));
}

void worker_died(struct master *m, uint32_t id, int status)
{
	struct worker_child *w = &m->workers[id];
	int r;

	/* What it said last is still to be heard. */
	workers_read(m, id);
	steer_worker_gone(m, id);
	r = conns_drop(m->conns_fd, id);
	if (r < 0)
		log_error("worker %u: its connections stay listed: %s", id, strerror(-r));
	if (m->phase == PHASE_RUNNING || status != 0)
		say_death(id, (int)w->child.pid, status);
	child_died(m, &w->child);
	workers_answer_revoked(m);
	if (m->phase == PHASE_RUNNING && !m->is_ready && w->child.quick >= START_ATTEMPTS_MAX) {
		log_error("worker %u does not start: giving up", id);
		master_kill(m, 1);
	}
}
