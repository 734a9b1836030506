/* SPDX-License-Identifier: GPL-2.0-only */
/* control_api.c - what control shows of itself to the API, and what it does for it. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "control/control_priv.h"
#include "sys/clock.h"

static void look_around(struct control *c)
{
	struct api_world *w = &c->world;

	w->config = c->config;
	w->snapshot = c->snapshot;
	w->ktls = &c->ktls;
	w->rows = &c->rows;
	w->steering = &c->steering;
	w->db = c->db;
	w->revoking = &c->revoking;
	c->revoking.file = c->revoked_file;
	w->overlay = &c->overlay;
	w->expiries = &c->expiries;
	w->start = c->start.listeners_len > 0 ? &c->start : NULL;
	w->workers_len = c->publish.workers;
	if (c->publish.is_refused)
		w->refused_version = c->publish.version;
	w->is_draining = c->parent.is_draining;
	w->master_pid = (int32_t)getppid();
	w->started_ms = c->started_ms;
	w->now_ms = clock_mono_ns() / 1000000;
}

static int reload(void *arg, struct mistakes *out)
{
	struct control *c = arg;
	int r = control_reload(c, out);

	look_around(c);
	return r;
}

static int publish(void *arg, bool is_kept)
{
	struct control *c = arg;
	int r = control_publish(c, is_kept);

	look_around(c);
	return r;
}

/* Counters are there before the worker is. */
static int map_stats(struct control *c, uint32_t workers)
{
	int r = 0;

	must(workers <= WORKERS_MAX);
	for (uint32_t i = 0; i < workers && r == 0; i++)
		if (!c->world.stats[i])
			r = stats_map_read(STATS_FD, i, &c->world.stats[i]);
	return r;
}

int control_is_started(struct control *c, uint32_t workers, int api_fd)
{
	CLEAN_FD int fd = api_fd;
	int r = map_stats(c, workers);

	if (r < 0) {
		log_error("workers' counters: %s", strerror(-r));
		return r;
	}
	c->publish.workers = workers;
	c->revocations.workers = workers;
	c->world.reload = reload;
	c->world.prepare = control_prepare;
	c->world.publish = publish;
	c->world.arg = c;
	look_around(c);
	/* A reload: it is the one we have. */
	if (c->api || fd < 0)
		return 0;
	r = api_new(fd_take(&fd), &c->world, &c->api);
	if (r < 0)
		log_error("the settings API does not start: %s", strerror(-r));
	return r;
}

void control_serve_api(struct control *c)
{
	look_around(c);
	api_turn(c->api);
}
