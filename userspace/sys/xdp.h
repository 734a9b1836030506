/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xdp.h - the two BPF programs of bpf/: loaded, pinned, attached. What takes rights; the
 * master does it. What control writes into the maps is in sys/xdp_table.h.
 *
 * Everything is pinned in one directory of a BPF file system, maps under their names and
 * "link_" with the interface's name, so that all stays in force when every process is killed,
 * and the next one takes it over: the maps with what is in them, and on each interface the new
 * program in the place of the old one, between two packets. Who calls this has that
 * directory's lock (sys/conns_map.h).
 *
 * Nothing here decides what a client may have: without any of it the workers do the same.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"

enum { XDP_TEXT_MAX = 256, XDP_LINKS_MAX = 8 };

/* Maps that are handed out. X(NAME, map): its name is sluice_map. */
#define XDP_MAPS(X)                                                                                \
	X(CONFIG, config)                                                                          \
	X(VIPS, vips)                                                                              \
	X(NAMES, names)                                                                            \
	X(LNAMES, lnames)                                                                          \
	X(HOSTS, hosts)                                                                            \
	X(FLOWS, flows)                                                                            \
	X(STATS, stats)                                                                            \
	X(LSTATS, lstats)                                                                          \
	X(HSTATS, hstats)

#define X(name, map) XDP_MAP_##name,
enum xdp_map { XDP_MAPS(X) XDP_MAPS_LEN };
#undef X

struct xdp;

/**
 * xdp_open - load both programs, over the maps that are pinned in @dir or new ones
 * @dir:     exists; borrowed, lives as long as @out
 * @out_err: XDP_TEXT_MAX bytes; why not, on failure
 *
 * Attaches nothing: what an earlier sluiced has attached goes on. After a failure nothing
 * is attached or pinned any more, so that nobody is judged by maps that nobody writes.
 *
 * Return: 0; -EPERM, -EACCES: needs CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON; -errno.
 */
MUST_USE int xdp_open(const char *dir, struct xdp **out, char *out_err);

/** xdp_close - detach and unpin everything; NULL is fine */
void xdp_close(struct xdp *x);

/**
 * xdp_remove - detach and unpin what is left in @dir
 *
 * Return: how many pins there were; -errno.
 */
MUST_USE int xdp_remove(const char *dir);

/** xdp_map - a borrowed descriptor */
int xdp_map(const struct xdp *x, enum xdp_map map);

/* --- listeners -------------------------------------------------------------------------- */

/** xdp_has_place - may worker @worker have a place in the maps? */
bool xdp_has_place(uint32_t worker);

/**
 * xdp_choose_for - new connections to @fd's set of listeners are given out by the program
 *
 * Return: 0 or -errno. Source: socket(7), SO_ATTACH_REUSEPORT_EBPF.
 */
MUST_USE int xdp_choose_for(const struct xdp *x, int fd);

/**
 * xdp_offer - that worker's listener of set @group takes new connections
 * xdp_withdraw - not any more
 *
 * Return: 0 or -errno.
 */
MUST_USE int xdp_offer(const struct xdp *x, uint32_t group, uint32_t worker, int fd);
void xdp_withdraw(const struct xdp *x, uint32_t group, uint32_t worker);

/**
 * xdp_share - connections that are for no worker in particular go to one of these
 *
 * None: the kernel's hash chooses among all listeners. Return: 0 or -errno.
 */
MUST_USE int xdp_share(const struct xdp *x, const uint32_t *workers, uint32_t len);

/* --- interfaces ------------------------------------------------------------------------- */

enum xdp_how { XDP_HOW_ANY, XDP_HOW_NATIVE, XDP_HOW_GENERIC };

/**
 * xdp_attach - the program on @interface; an earlier sluiced's is replaced
 * @out_text: XDP_TEXT_MAX bytes: "native", "generic, in the place of the one before"; why
 *            not, on failure
 *
 * Return: 0; -ENODEV no such interface; -EBUSY another program is there; -errno.
 */
MUST_USE int xdp_attach(struct xdp *x, const char *interface, enum xdp_how how, char *out_text);

/** xdp_is_attached - is it still there? Not when the interface is gone, or detached by hand. */
bool xdp_is_attached(const struct xdp *x, const char *interface);

/** xdp_detach_others - what an earlier sluiced attached where xdp_attach() was not asked to */
void xdp_detach_others(const struct xdp *x);
