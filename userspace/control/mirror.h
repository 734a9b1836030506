/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mirror.h - the workers' rows of connections (sys/conns.h), copied into the BPF map.
 *
 * Every options.conns_map_ms a round over all rows; what changed since the last one goes to
 * the kernel in batches. The rows themselves are read in memory: a round without changes
 * makes no system call. A round is cut into steps, so that others have their turn.
 */
#pragma once

#include <stdbool.h>

#include "sys/channel.h"
#include "sys/conns_map.h"

enum {
	MIRROR_STEP_ROWS = 4096, /* looked at in one step */
	MIRROR_FULL_ROUNDS = 20, /* a full map is tried again only every so many rounds */
};

/* The tables of all workers, each mapped when it is first asked for. */
struct rows {
	int fd;
	const struct conn_table *tables[WORKERS_MAX];
};

/** rows_of - one worker's table; NULL: it cannot be mapped */
const struct conn_table *rows_of(struct rows *r, uint32_t worker);

struct mirror {
	struct rows *rows; /* borrowed */
	struct conns_batch *batch;
	uint64_t at_ms;        /* of the next step; UINT64_MAX: none */
	uint32_t worker, slot; /* where this round is; slot 0 of worker 0: at its beginning */
	uint32_t full_rounds;  /* to go until a full map is tried again */
	bool is_full;          /* in this round it was */
	int told;              /* the last error that was logged */
	struct mirror_part {
		uint64_t epoch;
		uint64_t *seen; /* CONNS_SLOTS_MAX; NULL: none yet */
		uint32_t high;  /* rows below it were looked at */
	} parts[WORKERS_MAX];
};

/**
 * mirror_open - @map_fd is the map, if it is open at all
 * @rows: lives as long as @m
 *
 * Without a map nothing is ever due.
 */
void mirror_open(struct mirror *m, int map_fd, struct rows *rows);
void mirror_close(struct mirror *m);

/**
 * mirror_turn - one step, if it is time for one
 * @workers:   how many there are
 * @period_ms: from the end of one round to the next; 0: nothing is copied
 *
 * Sets @m->at_ms to when it wants to be called again.
 */
void mirror_turn(struct mirror *m, uint32_t workers, uint32_t period_ms, uint64_t now_ms);
