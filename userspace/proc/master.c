/* SPDX-License-Identifier: GPL-2.0-only */
#include "proc/master.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "proc/state.h"
#include "sys/clock.h"
#include "sys/conns.h"
#include "sys/ktls.h"
#include "sys/stats.h"

enum { NOFILE_MAX = 1048576, NEVER_MS = 3600000 };

static const char *const usual_dirs[] = { "/etc/ssl", "/etc/letsencrypt", "/etc/pki" };

/* --- set-up ------------------------------------------------------------------------------ */

static int open_signals(void)
{
	sigset_t set;
	int fd;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGCHLD);
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static void raise_limits(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0)
		return;
	if (geteuid() == 0 && l.rlim_max < NOFILE_MAX) {
		const struct rlimit more = { .rlim_cur = NOFILE_MAX, .rlim_max = NOFILE_MAX };

		if (setrlimit(RLIMIT_NOFILE, &more) == 0)
			return;
	}
	l.rlim_cur = l.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &l) < 0)
		log_warn("descriptor limit stays as it is: %s", strerror(errno));
}

static int find_user(const char *asked, const char *own, struct cage_user *out)
{
	const char *const usual[] = { own, "sluice", "nobody", NULL };
	const char *const one[] = { asked, NULL };
	int r = cage_find_user(asked ? one : usual, out);

	if (r < 0)
		log_error("no user %s on this machine", asked ? asked : "sluice or nobody");
	return r;
}

static int find_users(struct master *m, const struct master_conf *conf)
{
	int r;

	m->has_users = geteuid() == 0;
	if (!m->has_users && (conf->user_worker || conf->user_control)) {
		log_error("only root can run the roles as other users");
		return -EPERM;
	}
	if (!m->has_users)
		return 0;
	r = find_user(conf->user_worker, "sluice-worker", &m->user_worker);
	return r < 0 ? r : find_user(conf->user_control, "sluice-control", &m->user_control);
}

static char *absolute(const char *path)
{
	char *full = realpath(path, NULL);

	if (!full)
		log_error("%s: %s", path, strerror(errno));
	return full;
}

/* The file's directory without its links, and the file's own name below it: the file may
 * be a link, and paths in it are relative to where the operator put that. */
static int find_config(struct files *f, const char *config)
{
	char text[PATH_MAX];
	char *full = NULL;
	char *slash;
	char *dir;
	int n = snprintf(text, sizeof(text), "%s%s", strchr(config, '/') ? "" : "./", config);

	if (n < 0 || (size_t)n >= sizeof(text))
		return -ENAMETOOLONG;
	slash = strrchr(text, '/');
	*slash = '\0';
	dir = absolute(text[0] ? text : "/");
	if (!dir)
		return -ENOENT;
	if (asprintf(&full, "%s/%s", strcmp(dir, "/") == 0 ? "" : dir, slash + 1) < 0)
		return -ENOMEM;
	f->config = full;
	f->dirs[f->dirs_len++] = dir;
	return 0;
}

static int find_files(struct files *f, const struct master_conf *conf)
{
	int r = find_config(f, conf->config);

	for (size_t i = 0; i < ARRAY_LEN(usual_dirs); i++)
		f->dirs[f->dirs_len++] = usual_dirs[i];
	for (unsigned int i = 0; i < conf->allow_dirs_len && r == 0; i++) {
		if (f->dirs_len == FILES_DIRS_MAX)
			return -E2BIG;
		f->dirs[f->dirs_len] = absolute(conf->allow_dirs[i]);
		r = f->dirs[f->dirs_len++] ? 0 : -ENOENT;
	}
	return r;
}

/* Here, where the module can still be loaded and sockets may still be made. */
static void probe_ktls(struct master *m)
{
	struct ktls_support s;
	char text[KTLS_TEXT_MAX];
	struct sink line = sink_of(text, sizeof(text));

	if (ktls_load(&ktls_sys_kernel) < 0)
		log_debug("the kernel has no module tls"); /* the probe says more */
	ktls_probe(&ktls_sys_kernel, &s);
	ktls_put_summary(&line, &s);
	must(!line.overflow);
	log_info("kernel TLS: %.*s", (int)line.len, text);
	(void)snprintf(m->ktls, sizeof(m->ktls), "%u", ktls_pack(&s));
}

/* Who is connected, and what is needed to show it to others. Only the rows are a must. */
static int open_conns(struct master *m, const char *dir)
{
	char why[CONNS_MAP_TEXT_MAX];
	int r = conns_create(WORKERS_MAX, &m->conns_fd);

	if (r == 0)
		r = conns_read_only(m->conns_fd, &m->conns_read_fd);
	if (r < 0)
		return r;
	m->bpf_dir = dir ? dir : conns_map_dir;
	if (strcmp(m->bpf_dir, "none") == 0)
		return 0;
	if (conns_map_open(m->bpf_dir, &m->conns_map, why) == 0)
		log_info("sluice_conns: %s", m->conns_map.pinned);
	else
		log_info("sluice_conns: no such BPF map (%s); sluicectl does without", why);
	return 0;
}

static int set_up(struct master *m, const struct master_conf *conf)
{
	int r;

	m->snapshot_fd = -1;
	m->revoked_fd = -1;
	m->stats_fd = m->conns_fd = m->conns_read_fd = -1;
	m->conns_map = CONNS_MAP_NONE;
	m->api = API_SOCKET_NONE;
	child_reset(&m->control);
	r = find_files(&m->files, conf);
	if (r == 0)
		r = find_users(m, conf);
	if (r < 0)
		return r;
	raise_limits();
	m->signal_fd = open_signals();
	if (m->signal_fd < 0)
		return m->signal_fd;
	probe_ktls(m);
	r = stats_create(WORKERS_MAX, &m->stats_fd);
	return r < 0 ? r : open_conns(m, conf->bpf_dir);
}

/* --- the loop ---------------------------------------------------------------------------- */

static void on_signal(struct master *m, uint32_t number)
{
	if (number == SIGHUP) {
		m->is_reload_owed = m->phase == PHASE_RUNNING;
		return;
	}
	if (m->phase == PHASE_RUNNING && workers_alive(m) > 0)
		master_drain(m);
	else
		master_kill(m, 0);
}

static void reap(struct master *m)
{
	int status = 0;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == m->control.pid) {
			control_died(m, status);
			continue;
		}
		for (uint32_t i = 0; i < workers_len(m); i++)
			if (pid == m->workers[i].child.pid)
				worker_died(m, i, status);
	}
}

static void read_signals(struct master *m)
{
	struct signalfd_siginfo info;

	while (read(m->signal_fd, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo != SIGCHLD)
			on_signal(m, info.ssi_signo);
	reap(m);
}

static void sooner(uint64_t *at_ms, uint64_t other_ms)
{
	if (other_ms < *at_ms)
		*at_ms = other_ms;
}

static void child_next(const struct child *c, uint64_t *at_ms)
{
	if (c->pid == 0)
		sooner(at_ms, c->restart_at_ms);
	else if (c->deaf_since_ms > 0)
		sooner(at_ms, c->deaf_since_ms + CHILD_DEAF_MS);
}

/* Milliseconds until something is due without an event. */
static int next_timeout(const struct master *m)
{
	uint64_t at = m->now_ms + NEVER_MS;

	if (m->phase == PHASE_DRAINING)
		sooner(&at, m->drain_deadline_ms);
	if (m->is_attached)
		sooner(&at, m->steer_at_ms);
	if (m->phase == PHASE_RUNNING) {
		child_next(&m->control, &at);
		for (uint32_t i = 0; i < workers_len(m); i++)
			child_next(&m->workers[i].child, &at);
		if (m->is_ready)
			sooner(&at, m->now_ms + WATCHDOG_LOOK_MS);
	}
	return at > m->now_ms ? (int)(at - m->now_ms) : 0;
}

static short deaf_events(const struct child *c)
{
	return (short)(c->deaf_since_ms > 0 ? POLLOUT : 0);
}

static void wait_and_read(struct master *m)
{
	struct pollfd p[2 + WORKERS_MAX];
	bool hear = control_has_room(m); /* else workers wait until control has read */
	nfds_t n = 2;

	p[0] = (struct pollfd){ .fd = m->signal_fd, .events = POLLIN };
	p[1] = (struct pollfd){ .fd = m->control.channel,
		                .events = (short)(POLLIN | deaf_events(&m->control)) };
	for (uint32_t i = 0; i < workers_len(m); i++) {
		const struct child *c = &m->workers[i].child;

		p[n++] = (struct pollfd){ .fd = hear ? c->channel : -1,
			                  .events = (short)(POLLIN | deaf_events(c)) };
	}
	if (poll(p, n, next_timeout(m)) < 0)
		must(errno == EINTR);
	m->now_ms = clock_mono_ns() / 1000000;
	if (p[1].revents)
		control_read(m);
	for (nfds_t i = 2; i < n; i++)
		if (p[i].revents)
			workers_read(m, (uint32_t)(i - 2));
	if (p[0].revents)
		read_signals(m);
}

static void turn(struct master *m)
{
	control_start_due(m);
	workers_start_due(m);
	control_sync(m);
	workers_sync(m);
	workers_watch(m);
	wait_and_read(m);
	steer_look(m);
	if (m->phase == PHASE_DRAINING && workers_alive(m) == 0)
		master_kill(m, 0);
	if (m->phase == PHASE_DRAINING && m->now_ms >= m->drain_deadline_ms) {
		log_warn("%u workers did not finish in time: killed", workers_alive(m));
		master_kill(m, 0);
	}
}

int master_main(const struct master_conf *conf)
{
	static struct master m;
	int r;

	log_open("master", LOG_LEVEL_INFO);
	m.now_ms = clock_mono_ns() / 1000000;
	(void)snprintf(m.started, sizeof(m.started), "%llu", (unsigned long long)m.now_ms);
	r = set_up(&m, conf);
	if (r < 0) {
		log_error("cannot start: %s", strerror(-r));
		conns_map_close(&m.conns_map);
		return 1;
	}
	while (m.phase != PHASE_KILLING || m.control.pid > 0 || workers_alive(&m) > 0)
		turn(&m);
	steer_end(&m);
	conns_map_close(&m.conns_map);
	api_socket_close(&m.api, &m.start.api);
	log_info("stopped");
	return m.exit_code;
}
