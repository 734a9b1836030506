/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * steering.h - what XDP knows of our hosts: names and limits, as the configuration has them,
 * and whether the kernel makes SYN cookies.
 *
 * It is a hint: workers decide by OpenSSL's reading of the name whatever stands here. What must
 * not happen is that a host's clients are reset: a name is entered before the workers know it
 * and removed after; when the names cannot all be entered, every name is let through; and
 * a host keeps its number as long as it has one of its names.
 */
#pragma once

#include "conf/xdp.h"
#include "store/snapshot.h"
#include "sys/channel.h"
#include "sys/xdp_table.h"

enum {
	STEERING_LOOK_MS = 1000,  /* between two looks at the sysctl */
	STEERING_REST_MS = 60000, /* a number that was a host's is no other's for so long */
};

struct steering_name {
	char *name;
	uint32_t id;
};

struct steering {
	bool is_on; /* there are maps */
	struct xdp_table table;
	struct xdp_rules rules;
	struct msg_start start;      /* addresses */
	struct steering_name *names; /* that are in the maps, in order */
	size_t names_len;
	uint64_t *free_at_ms; /* XDP_HOSTS_MAX, UINT64_MAX: taken */
	bool is_open;         /* not all names are there: all are let through */
	int cookies;          /* the sysctl as last seen; -1: not yet */
	uint64_t at_ms;       /* of the next look at it; UINT64_MAX: none */
};

/** steering_none - there is no XDP, and nothing to do */
void steering_none(struct steering *s);

/**
 * steering_open - these are the maps; what is in them is learned
 * @fds: taken, also on failure
 *
 * Return: 0 or -errno.
 */
MUST_USE int steering_open(struct steering *s, const int fds[XDP_MAPS_LEN]);
void steering_close(struct steering *s);

/**
 * steering_add - enter all that @snap has; what it has not stays as yet
 * steering_trim - and now remove that
 *
 * A failure is logged, and every name is let through from then on until the next
 * steering_add().
 */
void steering_add(struct steering *s, const struct snapshot *snap, uint64_t now_ms);
void steering_trim(struct steering *s, const struct snapshot *snap, uint64_t now_ms);

/** steering_id - the number of the host that has that name; XDP_HOSTS_MAX: it is not there */
uint32_t steering_id(const struct steering *s, const char *name);

/** steering_look - at the sysctl, if it is time; sets @s->at_ms */
void steering_look(struct steering *s, uint64_t now_ms);
