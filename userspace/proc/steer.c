/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * steer.c - XDP, as the master has it: load, attach, tell it which workers take connections.
 *
 * Whatever fails here is said once and the door serves without, unless the configuration
 * asks otherwise.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "conf/xdp.h"
#include "proc/state.h"

/* ms between two looks at the interfaces */
enum { STEER_LOOK_MS = 1000 };

static const char syncookies[] = "/proc/sys/net/ipv4/tcp_syncookies";

static enum xdp_how how(const struct master *m)
{
	if (m->start.xdp.mode == XDP_MODE_NATIVE)
		return XDP_HOW_NATIVE;
	return m->start.xdp.mode == XDP_MODE_GENERIC ? XDP_HOW_GENERIC : XDP_HOW_ANY;
}

static void set_syncookies(void)
{
	CLEAN_FD int fd = open(syncookies, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "2", 1) != 1)
		log_warn("net.ipv4.tcp_syncookies cannot be set: %s", strerror(errno));
	else
		log_info("net.ipv4.tcp_syncookies is set to 2, as xdp.set_syncookies says");
}

/* Nobody may be judged by what an earlier sluiced knew. */
static void clear_away(const struct master *m)
{
	int r = m->conns_map.fd < 0 ? 0 : xdp_remove(m->bpf_dir);

	if (r > 0)
		log_info("xdp: what an earlier sluiced left in %s is removed", m->bpf_dir);
	else if (r < 0)
		log_warn("xdp: %s: %s", m->bpf_dir, strerror(-r));
}

int steer_begin(struct master *m, const struct msg_xdp *want, char *text)
{
	char why[XDP_TEXT_MAX] = "it cannot be pinned, as sluice_conns";
	int r = -ENOTDIR;

	if (want->len == 0) {
		clear_away(m);
		return 0;
	}
	/* Who has the map of connections has the directory, and its lock. */
	if (m->conns_map.fd >= 0)
		r = xdp_open(m->bpf_dir, &m->xdp, why);
	if (r < 0 && want->is_required) {
		(void)snprintf(text, MSG_TEXT_MAX, "xdp: %s", why);
		return r;
	}
	if (r < 0) {
		log_warn("xdp: %s; serving without", why);
		return 0;
	}
	if (want->sets_syncookies)
		set_syncookies();
	return 0;
}

/* Those that have answered a snapshot, in the order of their numbers. */
static void share(struct master *m)
{
	uint32_t all[WORKERS_MAX];
	uint32_t len = 0;
	int r;

	for (uint32_t i = 0; i < workers_len(m); i++)
		if (m->workers[i].is_offered)
			all[len++] = i;
	r = xdp_share(m->xdp, all, len);
	if (r < 0)
		log_error("xdp: which workers there are cannot be written: %s", strerror(-r));
}

/* Each set of listeners gives out its connections by the program. */
void steer_listeners(struct master *m)
{
	int r = 0;

	if (!m->xdp || m->start.by_source)
		return; /* the client's address says which worker */
	if (!xdp_has_place(m->start.workers - 1))
		r = -E2BIG;
	for (uint32_t i = 0; r == 0 && i < m->listeners.len; i++)
		r = xdp_choose_for(m->xdp, m->listeners.fds[0][i]);
	m->is_steering = r == 0;
	if (r == 0)
		share(m); /* as yet none: those of an earlier sluiced are gone */
	else
		log_warn("xdp: connections are given to workers by the kernel's hash: %s",
		         strerror(-r));
}

void steer_worker_serves(struct master *m, uint32_t id)
{
	int r = 0;

	if (!m->is_steering || m->workers[id].is_offered || m->phase != PHASE_RUNNING)
		return;
	for (uint32_t i = 0; r == 0 && i < m->listeners.len; i++)
		r = xdp_offer(m->xdp, i, id, m->listeners.fds[id][i]);
	m->workers[id].is_offered = r == 0;
	if (r < 0)
		log_error("xdp: worker %u has no place: %s", id, strerror(-r));
	share(m);
}

void steer_worker_gone(struct master *m, uint32_t id)
{
	if (!m->is_steering || !m->workers[id].is_offered)
		return;
	m->workers[id].is_offered = false;
	share(m); /* first: then nobody looks for its socket */
	for (uint32_t i = 0; i < m->start.listeners_len; i++)
		xdp_withdraw(m->xdp, i, id);
}

/* Its interface came or went. Return: 0 or -errno of one that is not attached. */
static int attach_one(struct master *m, uint32_t i)
{
	const char *interface = m->start.xdp.interfaces[i];
	char text[XDP_TEXT_MAX] = "";
	int r = xdp_attach(m->xdp, interface, how(m), text);

	if (r == m->steer_said[i])
		return r;
	m->steer_said[i] = r;
	if (r == 0)
		log_info("xdp: %s: %s", interface, text);
	else
		log_warn("xdp: %s: %s; connections through it are served without", interface, text);
	return r;
}

int steer_attach(struct master *m, char *text)
{
	int r = 0;

	for (uint32_t i = 0; i < m->start.xdp.len; i++) {
		int one;

		if (m->is_attached && xdp_is_attached(m->xdp, m->start.xdp.interfaces[i]))
			continue;
		m->steer_said[i] = 1; /* no errno: whatever comes is said */
		one = attach_one(m, i);
		r = r < 0 ? r : one;
	}
	if (!m->is_attached)
		xdp_detach_others(m->xdp);
	m->is_attached = true;
	m->steer_at_ms = m->now_ms + STEER_LOOK_MS;
	if (r == 0 || !m->start.xdp.is_required)
		return 0;
	(void)snprintf(text, MSG_TEXT_MAX,
	               "xdp: it is required, and one of its interfaces is without");
	return r;
}

void steer_look(struct master *m)
{
	if (!m->xdp || !m->is_attached || m->now_ms < m->steer_at_ms)
		return;
	m->steer_at_ms = m->now_ms + STEER_LOOK_MS;
	for (uint32_t i = 0; i < m->start.xdp.len; i++)
		if (!xdp_is_attached(m->xdp, m->start.xdp.interfaces[i])) {
			m->steer_said[i] += m->steer_said[i] == 0; /* what comes now is news */
			(void)attach_one(m, i);
		}
}

void steer_end(struct master *m)
{
	xdp_close(m->xdp);
	m->xdp = NULL;
	m->is_steering = m->is_attached = false;
}
