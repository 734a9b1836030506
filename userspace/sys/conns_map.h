/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * conns_map.h - the BPF map "sluice_conns": who is connected, for bpftool and the like.
 *
 * The master makes and pins it, for that takes rights; who has its descriptor may fill it
 * without any. Nothing here depends on it: it is a copy of the rows of sys/conns.h.
 */
#pragma once

#include "sys/conns.h"

enum {
	CONNS_BATCH = 128, /* rows that go to the kernel in one call */
	CONNS_MAP_TEXT_MAX = 256,
};

struct conns_map {
	int fd;       /* -1: there is none */
	int lock_fd;  /* the directory it is pinned in, which nobody else may have */
	char *pinned; /* its path */
};

#define CONNS_MAP_NONE ((struct conns_map){ .fd = -1, .lock_fd = -1 })

extern const char *const conns_map_dir; /* where it is pinned if nobody says otherwise */

/**
 * conns_map_open - make the map and pin it as @dir/sluice_conns
 * @dir: in a BPF file system; directories that are missing are made, for their owner only
 * @out: written on success
 * @out_err: CONNS_MAP_TEXT_MAX bytes; why not, on failure
 *
 * What is pinned there and belongs to nobody (its sluiced was killed) is replaced.
 *
 * Return: 0; -EBUSY another sluiced has that directory; -ENOTSUP not a BPF file system; -errno.
 * Source: bpf(2), BPF_OBJ_PIN. Floor: Linux 5.19, from which a map's owner needs no rights.
 */
MUST_USE int conns_map_open(const char *dir, struct conns_map *out, char *out_err);

/** conns_map_close - remove the pin; the map goes with the last who has it open */
void conns_map_close(struct conns_map *m);

struct conns_batch;

/**
 * conns_batch_new - to fill the map @map_fd, which is borrowed, and is empty behind this call
 *
 * Return: 0; -ENOMEM; -errno of bpf(2).
 */
MUST_USE int conns_batch_new(int map_fd, struct conns_batch **out);
void conns_batch_free(struct conns_batch *b); /* NULL is fine */

/**
 * conns_batch_put - this row is there, or has changed
 * conns_batch_drop - it is gone
 *
 * Every CONNS_BATCH rows they go to the kernel. Return: 0 or -errno, as of conns_batch_flush().
 */
MUST_USE int conns_batch_put(struct conns_batch *b, uint32_t worker, uint32_t slot,
                             const struct conn_seen *seen);
MUST_USE int conns_batch_drop(struct conns_batch *b, uint32_t worker, uint32_t slot);

/**
 * conns_batch_flush - hand over what waits; those that are gone first
 *
 * Return: 0; -E2BIG the map is full, and what it has no room for is left out; -errno.
 * Source: bpf(2), BPF_MAP_UPDATE_BATCH, BPF_MAP_DELETE_BATCH.
 */
MUST_USE int conns_batch_flush(struct conns_batch *b);
