/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "conf/xdp.h"
#include "proc/state.h"
#include "sys/addr.h"

void control_start_due(struct master *m)
{
	const struct spawn s = {
		.argv = { "sluiced", "--role=control", m->files.config, m->ktls, m->started,
		          m->snapshot_fd < 0 ? NULL : "--again" },
		.user = m->has_users ? &m->user_control : NULL,
		.stats_fd = m->stats_fd,
		.conns_fd = m->conns_read_fd,
		.conns_map_fd = m->conns_map.fd,
	};
	struct child *c = &m->control;
	int r;

	if (m->phase != PHASE_RUNNING || c->pid > 0 || c->restart_at_ms > m->now_ms)
		return;
	child_reset(c);
	c->started_ms = m->now_ms;
	m->is_reload_owed = false; /* it reads the file as it is now */
	m->is_again_owed = m->snapshot_fd >= 0;
	r = spawn_role(&s, &c->pid, &c->channel);
	if (r < 0) {
		log_error("control cannot be started: %s", strerror(-r));
		control_died(m, 0);
	}
}

bool control_has_room(const struct master *m)
{
	struct pollfd p = { .fd = m->control.channel, .events = POLLOUT };

	/* Without control there is nobody to forward to, and nothing to wait for. */
	return m->control.channel < 0 || (poll(&p, 1, 0) == 1 && (p.revents & POLLOUT));
}

static void answer(struct master *m, enum msg_type type, const struct msg_result *result, int fd)
{
	int r = channel_send(m->control.channel, type, result, sizeof(*result), fd);

	/* It asked and waits: a full channel means that it is not well. */
	if (r < 0) {
		log_error("control takes no answers (%s): killed", strerror(-r));
		child_kill(&m->control);
	}
}

static uint32_t cpus(void)
{
	cpu_set_t set;
	int n;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	n = CPU_COUNT(&set);
	if (n < 1)
		return 1;
	return n < WORKERS_MAX ? (uint32_t)n : WORKERS_MAX;
}

static bool is_api_sane(const struct msg_api *a)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)&a->addr;

	if (a->addr_len == 0)
		return true;
	if (a->addr_len > sizeof(a->addr) || a->mode > 0777)
		return false;
	if (a->addr.ss_family != AF_UNIX)
		return a->addr.ss_family == AF_INET || a->addr.ss_family == AF_INET6;
	return un->sun_path[0] == '/' && memchr(un->sun_path, '\0', sizeof(un->sun_path));
}

static bool is_xdp_sane(const struct msg_xdp *x)
{
	if (x->len > XDP_INTERFACES_MAX || x->mode >= XDP_MODE_MAX)
		return false;
	for (uint32_t i = 0; i < x->len; i++)
		if (x->interfaces[i][0] == '\0' || strchr(x->interfaces[i], '/') ||
		    !memchr(x->interfaces[i], '\0', sizeof(x->interfaces[i])))
			return false;
	return true;
}

/* Control is not trusted to keep the bounds it promised. */
static bool is_sane(struct msg_start *s)
{
	if (!is_api_sane(&s->api) || !is_xdp_sane(&s->xdp))
		return false;
	if (s->workers == 0)
		s->workers = cpus();
	if (s->workers > WORKERS_MAX || s->listeners_len < 1 || s->listeners_len > LISTENERS_MAX)
		return false;
	for (uint32_t i = 0; i < s->listeners_len; i++)
		if (s->listeners[i].addr_len > sizeof(s->listeners[i].addr) ||
		    s->listeners[i].id != i)
			return false;
	return true;
}

static bool is_same_api(const struct msg_api *a, const struct msg_api *b)
{
	return a->addr_len == b->addr_len && a->mode == b->mode && a->uid == b->uid &&
	       a->gid == b->gid && (a->addr_len == 0 || addr_eq(&a->addr, &b->addr));
}

/* What a running master cannot change. */
static int compare(const struct msg_start *have, const struct msg_start *want, char *text)
{
	bool same = have->listeners_len == want->listeners_len;

	if (have->workers != want->workers) {
		(void)snprintf(text, MSG_TEXT_MAX,
		               "options.workers: %u are running; changing that needs a restart",
		               have->workers);
		return -EBUSY;
	}
	for (uint32_t i = 0; same && i < have->listeners_len; i++)
		same = addr_eq(&have->listeners[i].addr, &want->listeners[i].addr);
	if (!same) {
		(void)snprintf(text, MSG_TEXT_MAX, "listen: changing that needs a restart");
		return -EBUSY;
	}
	if (!is_same_api(&have->api, &want->api)) {
		(void)snprintf(text, MSG_TEXT_MAX, "api: changing that needs a restart");
		return -EBUSY;
	}
	if (memcmp(&have->xdp, &want->xdp, sizeof(have->xdp)) != 0) {
		(void)snprintf(text, MSG_TEXT_MAX,
		               "xdp: changing interfaces, mode, require or set_syncookies needs a "
		               "restart");
		return -EBUSY;
	}
	return 0;
}

/* Without one that nobody asked for, things go on. */
static int begin_api(struct master *m, const struct msg_api *want, char *text)
{
	char why[MSG_TEXT_MAX] = "";
	int r;

	if (want->addr_len == 0)
		return 0;
	r = api_socket_open(want, &m->api, why);
	if (r < 0 && want->is_default) {
		log_warn("no settings API: %s", why);
		return 0;
	}
	if (r < 0)
		memcpy(text, why, sizeof(why));
	return r;
}

static int begin(struct master *m, const struct msg_start *want, char *text)
{
	struct listeners opened;
	int r = listeners_open(want, &opened, text);

	if (r < 0) {
		if (text[0] == '\0')
			(void)snprintf(text, MSG_TEXT_MAX, "listen: %s", strerror(-r));
		return r;
	}
	r = steer_begin(m, &want->xdp, text);
	if (r == 0)
		r = begin_api(m, &want->api, text);
	if (r < 0) {
		steer_end(m);
		listeners_close(&opened);
		return r;
	}
	m->listeners = opened;
	m->start = *want;
	m->is_started = true;
	steer_listeners(m);
	for (uint32_t i = 0; i < want->workers; i++)
		child_reset(&m->workers[i].child);
	return 0;
}

static int on_start(struct master *m, const struct msg *msg)
{
	struct msg_result result = { 0 };
	struct msg_start want;

	if (msg_body(msg, &want, sizeof(want)) < 0 || !is_sane(&want))
		return -EBADMSG;
	if (m->is_started)
		result.error = compare(&m->start, &want, result.text);
	else
		result.error = begin(m, &want, result.text);
	if (result.error == 0)
		m->start.drain_timeout_ms = want.drain_timeout_ms;
	result.worker = workers_len(m);
	answer(m, MSG_STARTED, &result, result.error == 0 ? m->api.fd : -1);
	return 0;
}

static int on_running(struct master *m, const struct msg *msg)
{
	struct msg_result result = { .worker = workers_len(m) };

	if (msg->len != 0 || !m->is_started)
		return -EBADMSG;
	answer(m, MSG_STARTED, &result, m->api.fd);
	return 0;
}

/* Keeps the newest of what workers are given. */
static int keep(const struct msg *msg, int fd, int *kept, uint64_t *version)
{
	struct msg_version v;

	if (msg_body(msg, &v, sizeof(v)) < 0 || fd < 0 || v.version <= *version)
		return -EBADMSG;
	fd_closep(kept);
	*kept = dup(fd);
	*version = v.version;
	return *kept < 0 ? -errno : 0;
}

static int on_snapshot(struct master *m, const struct msg *msg, int fd)
{
	if (!m->is_started)
		return -EBADMSG;
	m->control.has_served = true;
	return keep(msg, fd, &m->snapshot_fd, &m->snapshot_version);
}

static int on_revoked(struct master *m, const struct msg *msg, int fd)
{
	int r = keep(msg, fd, &m->revoked_fd, &m->revoked_version);

	if (r == 0)
		workers_answer_revoked(m);
	return r;
}

static int on_open(struct master *m, const struct msg *msg)
{
	struct msg_result result = { 0 };
	struct msg_path want;
	int fd = -1;

	if (msg_body(msg, &want, sizeof(want)) < 0 || !memchr(want.path, '\0', sizeof(want.path)))
		return -EBADMSG;
	result.error = files_open(&m->files, want.path, &fd);
	if (result.error < 0)
		(void)snprintf(result.text, sizeof(result.text), "%s", strerror(-result.error));
	answer(m, MSG_OPENED, &result, fd);
	if (fd >= 0)
		(void)close(fd);
	return 0;
}

static int on_xdp_map(struct master *m, const struct msg *msg)
{
	struct msg_result result = { .error = m->xdp ? 0 : -ENOENT };
	struct msg_version want;

	if (msg_body(msg, &want, sizeof(want)) < 0 || want.version >= XDP_MAPS_LEN)
		return -EBADMSG;
	answer(m, MSG_XDP_ANSWER, &result,
	       m->xdp ? xdp_map(m->xdp, (enum xdp_map)want.version) : -1);
	return 0;
}

static int on_xdp_attach(struct master *m, const struct msg *msg)
{
	struct msg_result result = { 0 };

	if (msg->len != 0 || !m->xdp)
		return -EBADMSG;
	result.error = steer_attach(m, result.text);
	answer(m, MSG_XDP_ANSWER, &result, -1);
	return 0;
}

static int on_ocsp_answer(struct master *m, const struct msg *msg)
{
	struct msg_ocsp_answer a;

	if (msg_body(msg, &a, sizeof(a)) < 0)
		return -EBADMSG;
	workers_tell_ocsp(m, &a);
	return 0;
}

static int dispatch(struct master *m, const struct msg *msg, int fd)
{
	switch (msg->type) {
	case MSG_START:
		return on_start(m, msg);
	case MSG_RUNNING:
		return on_running(m, msg);
	case MSG_SNAPSHOT:
		return on_snapshot(m, msg, fd);
	case MSG_REVOKED:
		return on_revoked(m, msg, fd);
	case MSG_OCSP_ANSWER:
		return on_ocsp_answer(m, msg);
	case MSG_OPEN:
		return on_open(m, msg);
	case MSG_XDP_MAP:
		return on_xdp_map(m, msg);
	case MSG_XDP_ATTACH:
		return on_xdp_attach(m, msg);
	default:
		return -EBADMSG;
	}
}

void control_read(struct master *m)
{
	struct msg msg;

	while (m->control.channel >= 0) {
		int fd = -1;
		int r = channel_recv(m->control.channel, &msg, &fd);

		if (r == -EAGAIN)
			return;
		if (r == 1)
			r = dispatch(m, &msg, fd) < 0 ? -EBADMSG : 1;
		if (fd >= 0)
			(void)close(fd);
		if (r == 1)
			continue;
		if (r < 0) {
			log_error("control sent what it never sends: killed");
			child_kill(&m->control);
		}
		child_hang_up(m, &m->control);
	}
}

/* To a restarted control: what is in force, the list first, for the snapshot ends its wait. */
static int send_again(const struct master *m)
{
	const struct msg_version snapshot = { .version = m->snapshot_version };
	const struct msg_version revoked = { .version = m->revoked_version };
	int fd = m->control.channel;
	int r = 0;

	if (m->revoked_fd >= 0)
		r = channel_send(fd, MSG_REVOKED, &revoked, sizeof(revoked), m->revoked_fd);
	if (r == 0)
		r = channel_send(fd, MSG_SNAPSHOT, &snapshot, sizeof(snapshot), m->snapshot_fd);
	return r;
}

/* Send what control has yet to be told. Return: 0 it has all; -errno. */
static int sync_control(struct master *m)
{
	int fd = m->control.channel;
	int r = 0;

	if (m->is_again_owed)
		r = send_again(m);
	if (r < 0)
		return r;
	m->is_again_owed = false;
	if (m->is_reload_owed)
		r = channel_send(fd, MSG_RELOAD, NULL, 0, -1);
	if (r < 0)
		return r;
	m->is_reload_owed = false;
	if (m->is_drain_owed)
		r = channel_send(fd, MSG_DRAIN, NULL, 0, -1);
	if (r < 0)
		return r;
	m->is_drain_owed = false;
	return control_has_room(m) ? 0 : -EAGAIN;
}

void control_sync(struct master *m)
{
	struct child *c = &m->control;
	int r = c->channel < 0 ? 0 : sync_control(m);

	if (r < 0)
		child_send_failed(m, c, r);
	else if (c->channel >= 0)
		c->deaf_since_ms = 0;
	child_check_deaf(m, c, "control");
}

void control_died(struct master *m, int status)
{
	int pid = (int)m->control.pid;

	child_died(m, &m->control);
	if (m->phase != PHASE_RUNNING)
		return;
	if (WIFSIGNALED(status))
		log_error("control (pid %d) died: signal %d (%s)", pid, WTERMSIG(status),
		          strsignal(WTERMSIG(status)));
	else if (m->is_ready)
		log_error("control (pid %d) ended: status %d", pid, WEXITSTATUS(status));
	/* Before anything serves, it has said why; a second look would say the same. */
	if (!m->is_ready)
		master_kill(m, 1);
}
