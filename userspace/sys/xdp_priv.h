/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xdp_priv.h - private to sys/xdp*.c.
 */
#pragma once

#include <net/if.h>

#include "sys/xdp.h"

struct bpf_object;

enum { XDP_PATH_MAX = 1024 };

struct xdp_link {
	char interface[IF_NAMESIZE]; /* empty: none */
	int fd;                      /* -1: not attached now */
};

struct xdp {
	const char *dir;
	struct bpf_object *steer, *listener;
	int steer_prog, listener_prog;
	int workers, classes; /* maps that are the master's alone */
	int maps[XDP_MAPS_LEN];
	struct xdp_link links[XDP_LINKS_MAX];
};

/* xdp.c: detach what a pin is of, and remove it. Return: 1 it is gone; 0 it is none of ours; -errno. */
MUST_USE int xdp_remove_pin(const char *dir, const char *name);
/* xdp_attach.c: the pin of an interface's link. Return: 0; -ENAMETOOLONG. */
MUST_USE int xdp_link_path(const char *dir, const char *interface, char *out, size_t cap);
/* Detach, now and not when the last who holds it lets go; @fd stays the caller's. */
void xdp_link_end(int fd);
