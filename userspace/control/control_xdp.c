/* SPDX-License-Identifier: GPL-2.0-only */
/* control_xdp.c - between the configuration and what XDP is told of it. */
#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "control/control_priv.h"
#include "sys/clock.h"

/* One map's descriptor. Return: 1 it is there; 0 there are none; -errno. */
static int ask_map(struct control *c, enum xdp_map map, int *out_fd)
{
	const struct msg_version want = { .version = map };
	struct msg_result result = { 0 };
	int r = parent_ask(&c->parent, MSG_XDP_MAP, &want, sizeof(want), &result, out_fd);

	if (r < 0)
		return r;
	if (result.error < 0)
		return 0;
	return *out_fd < 0 ? -EBADMSG : 1;
}

int control_open_xdp(struct control *c)
{
	int fds[XDP_MAPS_LEN];
	int r = 1;

	for (size_t i = 0; i < XDP_MAPS_LEN; i++)
		fds[i] = -1;
	for (size_t i = 0; r == 1 && i < XDP_MAPS_LEN; i++)
		r = ask_map(c, (enum xdp_map)i, &fds[i]);
	if (r == 1) {
		r = steering_open(&c->steering, fds);
		if (r < 0)
			log_error("xdp: its maps cannot be read: %s", strerror(-r));
		return 0; /* without: what is attached stays as it was */
	}
	for (size_t i = 0; i < XDP_MAPS_LEN; i++)
		fd_closep(&fds[i]);
	return r;
}

int control_steer(struct control *c, const struct loaded *l, struct mistakes *mistakes)
{
	struct msg_result result = { 0 };
	int r = 0;

	/* The first time; the master attaches nothing before it is asked to. */
	if (!c->steering.is_on && l->start.xdp.len > 0)
		r = control_open_xdp(c);
	if (r < 0 || !c->steering.is_on)
		return r;
	c->steering.rules = l->xdp;
	c->steering.start = l->start;
	steering_add(&c->steering, l->snapshot, clock_mono_ns() / 1000000);
	r = parent_ask(&c->parent, MSG_XDP_ATTACH, NULL, 0, &result, NULL);
	if (r < 0 || result.error == 0)
		return r;
	log_error("%s: %s", c->config, result.text);
	mistakes_add(mistakes, 1, "%s", result.text);
	return result.error;
}

void control_steered(struct control *c)
{
	steering_trim(&c->steering, c->snapshot, clock_mono_ns() / 1000000);
}
