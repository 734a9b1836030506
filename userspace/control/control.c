/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/control.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "control/control_priv.h"
#include "control/ticket_keys.h"
#include "sys/cage.h"
#include "sys/clock.h"
#include "sys/memfd.h"
#include "tls/handshake.h"

enum {
	SNAPSHOT_BYTES_MAX = 1 << 30,
	OWED_MS = 10, /* until the master's channel is tried again */
};

static uint64_t now_ms(void)
{
	return clock_mono_ns() / 1000000;
}

static void say_error(void *arg, const char *text)
{
	(void)arg;
	log_error("%s", text);
}

/* All mistakes to the log, and into @mistakes for who wants them. Return: the load()'s. */
static int load_and_say(struct control *c, struct mistakes *mistakes, struct loaded *out)
{
	const struct loader l = {
		.source = &c->source,
		.file = c->config,
		.previous = c->snapshot,
		.tls = c->tls,
		.ktls = c->ktls,
	};
	int r = load(&l, mistakes, out);

	mistakes_report(mistakes, c->config, say_error, NULL);
	if (r == -ENOMEM)
		log_error("%s: not enough memory", c->config);
	return r;
}

/* Ask the master for listeners and workers. Return: 0; -errno, and why has been said and is
 * in @mistakes. */
static int ask_start(struct control *c, const struct msg_start *start, struct mistakes *mistakes)
{
	struct msg_result result = { 0 };
	CLEAN_FD int fd = -1;
	int r = parent_ask(&c->parent, MSG_START, start, sizeof(*start), &result, &fd);

	if (r < 0)
		return r;
	if (result.error < 0) {
		log_error("%s: %s", c->config, result.text);
		mistakes_add(mistakes, 1, "%s", result.text);
		return result.error;
	}
	c->start = *start;
	return control_is_started(c, result.worker, fd_take(&fd));
}

int control_send_snapshot(struct control *c, struct snapshot *s, enum publish_why why)
{
	int r;

	must(s);
	s->version = c->snapshot ? c->snapshot->version + 1 : 1;
	r = publish_send(&c->publish, &c->parent, s, why);
	if (r < 0)
		return r;
	if (s != c->snapshot)
		snapshot_free(c->snapshot);
	c->snapshot = s;
	c->refresh_at_ms = now_ms() + (uint64_t)s->options.dns_refresh_s * 1000;
	return 0;
}

/* The snapshot has changed in what is of the file: send it. Return: 0, also when it cannot be
 * laid over, which is in the log; -errno. */
static int send_changed(struct control *c, enum publish_why why)
{
	int r = control_lay_again(c);

	if (r == -EINVAL)
		return 0;
	return r < 0 ? r : control_send_snapshot(c, c->snapshot, why);
}

/* The next round. */
static void rest(struct control *c)
{
	c->watch_at_ms = now_ms() + (uint64_t)c->snapshot->options.files_refresh_s * 1000;
}

/* Read the file and put it in force. Return: 0; -EINVAL and the like: what was in force
 * stays so; -EPIPE the master is gone. */
static int apply_file(struct control *c, enum publish_why why, struct mistakes *mistakes)
{
	struct loaded loaded = { 0 };
	struct overlay laid = { 0 };
	bool had_store = c->db;
	int r = load_and_say(c, mistakes, &loaded);

	if (r < 0)
		return r;
	/* Another one than that of the snapshot in force would have been a mistake. */
	r = had_store ? 0 : control_open_store(c, loaded.snapshot->store, mistakes);
	if (r == 0 && (!c->snapshot || (!had_store && c->db)))
		r = control_revoke_by_store(c);
	if (r == 0)
		r = control_lay(c, loaded.snapshot, &laid, mistakes);
	if (r == 0)
		r = ask_start(c, &loaded.start, mistakes);
	if (r == 0)
		r = control_steer(c, &loaded, mistakes);
	/* Before the snapshot: no worker serves that does not know who is revoked. */
	if (r == 0)
		r = control_revoke_by_file(c, loaded.revoked);
	if (r == 0)
		r = control_send_snapshot(c, loaded.snapshot, why);
	watch_free(r < 0 ? loaded.watch : c->watch);
	revoked_file_free(r < 0 ? loaded.revoked : c->revoked_file);
	if (r < 0) {
		overlay_fini(&laid);
		snapshot_free(loaded.snapshot);
		return r;
	}
	control_laid(c, &laid);
	control_steered(c);
	c->watch = loaded.watch;
	c->revoked_file = loaded.revoked;
	rest(c);
	return 0;
}

int control_reload(struct control *c, struct mistakes *mistakes)
{
	int r = apply_file(c, PUBLISH_RELOAD, mistakes);

	if (r < 0 && r != -EPIPE)
		log_error("configuration refused: %s",
		          c->snapshot ? "what was in force stays in force" : "nothing is in force");
	return r;
}

static int reload(struct control *c)
{
	static struct mistakes mistakes;
	int r = control_reload(c, &mistakes);

	mistakes_fini(&mistakes);
	return r == -EPIPE ? r : 0;
}

static void begin_refresh(struct control *c)
{
	int r = 0;

	if (!refresh_is_busy(&c->refresh, now_ms()))
		r = refresh_begin(&c->refresh, c->snapshot);
	if (r < 0)
		log_error("origins' names cannot be looked up: %s", strerror(-r));
	c->refresh_at_ms = now_ms() + (uint64_t)c->snapshot->options.dns_refresh_s * 1000;
}

static int read_refresh(struct control *c)
{
	struct resolver found = { 0 };
	bool changed = false;
	int r = refresh_read(&c->refresh, &found);

	if (r == 0)
		return 0;
	if (r == 1)
		r = refresh_apply(c->snapshot, &found, &changed);
	resolver_fini(&found);
	if (r < 0) {
		log_error("origins' names cannot be looked up: %s", strerror(-r));
		return 0;
	}
	if (changed)
		r = send_changed(c, PUBLISH_REFRESH);
	return r;
}

static bool is_watching(const struct control *c)
{
	return c->watch && c->snapshot && c->snapshot->options.files_refresh_s > 0;
}

/* A piece of a round, when it is time for one. */
static int watch_on(struct control *c)
{
	const struct watch_job job = { .source = &c->source,
		                       .tls = c->tls,
		                       .snapshot = c->snapshot };
	bool changed = false;
	int r;

	if (!is_watching(c) || (!watch_is_busy(c->watch) && now_ms() < c->watch_at_ms))
		return 0;
	r = watch_is_busy(c->watch) ? 0 : control_look_at_revoked(c);
	if (r < 0)
		return r;
	r = watch_step(c->watch, &job, &changed);
	if (r == 1)
		rest(c);
	if (r == 1 && changed)
		r = send_changed(c, PUBLISH_FILES);
	return r < 0 ? r : 0;
}

/* ms until a new ticket key is wanted; -1: never. */
static int64_t rotation_ms(const struct control *c)
{
	if (!c->snapshot || !ticket_keys_are_made(c->snapshot))
		return -1;
	return ticket_keys_due_s(c->snapshot, clock_wall_ms() / 1000) * 1000;
}

static int rotate_on(struct control *c)
{
	int r;

	if (rotation_ms(c) != 0)
		return 0;
	r = ticket_keys_rotate(&c->snapshot->ticket_keys);
	return r < 0 ? r : send_changed(c, PUBLISH_KEYS);
}

/* ms that our own work may wait; -1: for ever. */
static int own_patience(const struct control *c)
{
	uint64_t now = now_ms();
	uint64_t at = c->refresh_at_ms;
	int64_t rotation = rotation_ms(c);

	if (!c->snapshot)
		return -1;
	if (is_watching(c) && watch_is_busy(c->watch))
		return 0;
	if (is_watching(c) && c->watch_at_ms < at)
		at = c->watch_at_ms;
	if (c->mirror.at_ms < at)
		at = c->mirror.at_ms;
	if (c->settle_at_ms < at)
		at = c->settle_at_ms;
	if (c->revocations.owed_fd > 0 && now + OWED_MS < at)
		at = now + OWED_MS;
	if (c->steering.at_ms < at)
		at = c->steering.at_ms;
	if (inquiry_due_ms(c->inquiry) < at)
		at = inquiry_due_ms(c->inquiry);
	if (rotation >= 0 && now + (uint64_t)rotation < at)
		at = now + (uint64_t)rotation;
	return at > now ? (int)(at - now) : 0;
}

/* ms that poll() may wait; -1: for ever. */
static int patience(const struct control *c)
{
	int own = own_patience(c);
	int other = c->api ? api_patience_ms(c->api) : -1;

	return own < 0 || (other >= 0 && other < own) ? other : own;
}

static int turn(struct control *c)
{
	struct pollfd p[3 + INQUIRY_CHILDREN_MAX] = {
		{ .fd = c->parent.fd, .events = POLLIN },
		{ .fd = c->refresh.fd, .events = POLLIN },
		{ .fd = c->api ? api_fd(c->api) : -1, .events = POLLIN },
	};
	nfds_t len = 3 + inquiry_poll(c->inquiry, p + 3);
	int r = 0;

	if (poll(p, len, patience(c)) < 0)
		return errno == EINTR ? 0 : -errno;
	if (p[0].revents)
		r = parent_hear(&c->parent);
	if (r == 0 && p[1].revents)
		r = read_refresh(c);
	if (r == 0 && c->parent.is_reload_wanted) {
		c->parent.is_reload_wanted = false;
		r = reload(c);
	}
	if (r == 0 && c->snapshot && now_ms() >= c->refresh_at_ms)
		begin_refresh(c);
	if (r == 0 && c->snapshot)
		inquiry_turn(c->inquiry, c->snapshot, now_ms());
	if (c->snapshot)
		mirror_turn(&c->mirror, c->publish.workers, c->snapshot->options.conns_map_ms,
		            now_ms());
	steering_look(&c->steering, now_ms());
	if (r == 0)
		r = rotate_on(c);
	if (r == 0)
		r = watch_on(c);
	if (r == 0 && c->api)
		control_serve_api(c);
	/* What is owed is durable: if it cannot be sent, another control begins with it. */
	if (r == 0)
		r = revocations_flush(&c->revocations, &c->parent);
	control_settle_store(c, now_ms());
	return r;
}

static void on_applied(void *arg, const struct msg_result *result)
{
	struct control *c = arg;

	publish_answer(&c->publish, result);
}

/* What serves already: its version, and addresses worth keeping. */
static int adopt(struct control *c)
{
	char err[SNAPSHOT_ERROR_MAX];
	char *json = NULL;
	size_t len = 0;
	int r = parent_wait_snapshot(&c->parent);

	if (r == 0)
		r = control_adopt_revoked(c);
	if (r == 0)
		r = memfd_read(c->parent.snapshot_fd, SNAPSHOT_BYTES_MAX, &json, &len);
	if (r < 0)
		return r;
	must(json);
	(void)close(c->parent.snapshot_fd);
	c->parent.snapshot_fd = -1;
	r = snapshot_decode(slice_of(json, len), &c->snapshot, err);
	explicit_bzero(json, len);
	free(json);
	return r;
}

/* Workers and the API are there, whatever the configuration says by now. */
static int ask_running(struct control *c)
{
	struct msg_result result = { 0 };
	CLEAN_FD int fd = -1;
	int r = parent_ask(&c->parent, MSG_RUNNING, NULL, 0, &result, &fd);

	return r < 0 ? r : control_is_started(c, result.worker, fd_take(&fd));
}

static int begin(struct control *c, bool again)
{
	static struct mistakes mistakes;
	int r = load_tls(&c->tls);

	if (r == 0 && again)
		r = adopt(c);
	if (r == 0 && again)
		r = ask_running(c);
	if (r < 0) {
		log_error("cannot start: %s", strerror(-r));
		return r;
	}
	if (again) {
		c->refresh_at_ms = now_ms();
		/* Without it the workers serve on, and the API says that there is none. */
		if (control_open_store(c, c->snapshot->store, &mistakes) == 0)
			control_adopt_overlay(c);
		/* Nor without a part of the list: it stands as the former control's. */
		(void)control_revoke_by_store(c);
	}
	r = apply_file(c, PUBLISH_START, &mistakes);
	mistakes_fini(&mistakes);
	if (r == 0 && !again && c->snapshot->options.ktls == OPTION_KTLS_OFF)
		log_info("kernel TLS: off, as options.ktls says");
	/* The workers serve what they have; the next reload may be better. */
	if (r < 0 && r != -EPIPE && again) {
		log_error("configuration refused: what was in force stays in force");
		r = 0;
	}
	return r;
}

int control_main(const struct control_conf *conf)
{
	static struct control c;
	int r;

	log_open("control", LOG_LEVEL_INFO);
	(void)signal(SIGPIPE, SIG_IGN);
	c.config = conf->config;
	c.started_ms = conf->started_ms;
	c.world.conn_reasons = conf->conn_reasons;
	c.world.conn_reasons_len = conf->conn_reasons_len;
	ktls_unpack(conf->ktls, &c.ktls);
	c.parent = (struct parent){
		.fd = CHANNEL_FD,
		.snapshot_fd = -1,
		.revoked_fd = -1,
		.applied = on_applied,
		.revoked_done = control_on_revoked_done,
		.ocsp_asked = control_on_ocsp_ask,
		.arg = &c,
	};
	c.revoking.list = &c.revocations;
	c.source = parent_source(&c.parent);
	c.refresh = REFRESH_NONE;
	c.rows.fd = CONNS_FD;
	mirror_open(&c.mirror, CONNS_MAP_FD, &c.rows);
	steering_none(&c.steering);
	r = cage_keep();
	if (r == 0)
		r = inquiry_new(control_on_ocsp_answer, &c, &c.inquiry);
	if (r == 0)
		r = begin(&c, conf->is_again);
	while (r == 0) {
		r = turn(&c);
		/* A first snapshot that a worker refuses is as bad as a bad file. */
		if (c.publish.is_refused && c.snapshot->version == 1)
			r = -EINVAL;
	}
	api_free(c.api);
	refresh_stop(&c.refresh);
	inquiry_free(c.inquiry);
	watch_free(c.watch);
	mirror_close(&c.mirror);
	steering_close(&c.steering);
	revoked_file_free(c.revoked_file);
	revoking_fini(&c.revoking);
	revocations_fini(&c.revocations);
	overlay_fini(&c.overlay);
	snapshot_free(c.snapshot);
	tls_worker_free(c.tls);
	db_close(c.db);
	return r == -EPIPE ? 0 : 1;
}

static void say_line(void *arg, const char *text)
{
	(void)fprintf(arg, "%s\n", text);
}

int control_check(const char *config)
{
	struct loader l = { .source = &source_direct, .file = config };
	static struct mistakes mistakes;
	struct loaded loaded = { 0 };
	int r;

	log_open("check", LOG_LEVEL_INFO);
	(void)ktls_load(&ktls_sys_kernel); /* the probe says what there is */
	ktls_probe(&ktls_sys_kernel, &l.ktls);
	r = load_tls(&l.tls);
	if (r == 0)
		r = load(&l, &mistakes, &loaded);
	if (r < 0 && mistakes.total == 0)
		(void)fprintf(stderr, "%s: %s\n", config, strerror(-r));
	mistakes_report(&mistakes, config, say_line, stderr);
	mistakes_fini(&mistakes);
	snapshot_free(loaded.snapshot);
	watch_free(loaded.watch);
	revoked_file_free(loaded.revoked);
	tls_worker_free(l.tls);
	if (r == 0)
		(void)fprintf(stderr, "%s: good\n", config);
	return r < 0 ? 1 : 0;
}
