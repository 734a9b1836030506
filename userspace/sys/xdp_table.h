/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xdp_table.h - what the BPF programs of bpf/ are told, and what they say: maps by their
 * descriptors, which takes no rights (Linux 5.19). Who has them filled is control; the master
 * made them (sys/xdp.h).
 *
 * A name is lower case without a dot at its end, at most XDP_NAME_BYTES_MAX bytes; a wildcard
 * is written "*.example.com".
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "base/slice.h"
#include "sys/xdp.h"

enum {
	XDP_NAME_BYTES_MAX = 255,
	XDP_NAMES_MAX = 65536,     /* of up to 63 bytes */
	XDP_LONG_NAMES_MAX = 4096, /* longer ones */
	XDP_HOSTS_MAX = 16384,     /* a host's number is below it */
	XDP_GROUPS_MAX = 16,       /* sets of listeners, and ports */
};

struct xdp_table {
	int fds[XDP_MAPS_LEN];
};

/* So many a second, so many at once. Rate 0: no limit. */
struct xdp_bucket {
	uint32_t rate, burst;
};

enum xdp_refusal { XDP_REFUSE_RESET, XDP_REFUSE_DROP, XDP_REFUSE_NOBODY };

struct xdp_settings {
	bool has_cookies;         /* tcp_syncookies is 2 */
	bool is_strict;           /* what has neither cookie nor socket is dropped */
	enum xdp_refusal unknown; /* what names get that nobody has; NOBODY: they are let through */
	struct xdp_bucket source, partial;
	const struct sockaddr_storage *listeners[XDP_GROUPS_MAX]; /* by number of their set */
	uint32_t listeners_len;
};

/**
 * xdp_table_settings - all but names and hosts; in force from the next segment on
 *
 * Addresses that share a port are entered before the port is. Return: 0 or -errno.
 */
MUST_USE int xdp_table_settings(const struct xdp_table *t, const struct xdp_settings *s);

/** xdp_table_host - the limit of host @id; @is_new: and its counters are 0. Return: 0 or -errno. */
MUST_USE int xdp_table_host(const struct xdp_table *t, uint32_t id, struct xdp_bucket limit,
                            bool is_new);

/**
 * xdp_table_put - that name is host @id's
 * xdp_table_drop - it is nobody's
 *
 * Return: 0; -E2BIG no room; -ENAMETOOLONG; -errno.
 */
MUST_USE int xdp_table_put(const struct xdp_table *t, struct slice name, uint32_t id);
MUST_USE int xdp_table_drop(const struct xdp_table *t, struct slice name);

/**
 * xdp_table_each - every name that is there, as it was put
 * @each: must not change names. Return: 0 go on; < 0 is returned
 *
 * Return: 0 or -errno.
 */
typedef int xdp_table_name(void *arg, struct slice name, uint32_t id);
MUST_USE int xdp_table_each(const struct xdp_table *t, xdp_table_name *each, void *arg);
