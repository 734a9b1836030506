/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * api_world.h - what the API's handlers may see and do. Control fills it in; a unit test
 * makes one of its own.
 */
#pragma once

#include "conf/mistakes.h"
#include "control/mirror.h"
#include "control/publish.h"
#include "control/revoking.h"
#include "store/overlay.h"
#include "store/snapshot.h"
#include "sys/ktls.h"
#include "sys/stats.h"

struct steering;

struct api_world {
	const char *config;              /* path of the configuration file */
	const struct snapshot *snapshot; /* newest sent to the workers; NULL: none yet */
	const struct ktls_support *ktls;
	const struct msg_start *start; /* what was asked of the master; NULL: control does not know */
	const struct worker_stats *stats[WORKERS_MAX]; /* of workers_len workers; see stats_read() */
	uint32_t workers_len;
	struct rows *rows;               /* who is connected: rows_of(), sys/conns.h */
	const struct steering *steering; /* XDP; NULL: there is none */
	struct db *db;                   /* the store; NULL: there is none */
	struct revoking *revoking;       /* who is revoked */
	const struct overlay *overlay;   /* what it says of hosts, and all zones */
	struct expiries *expiries;       /* metrics.h */
	const char *const *conn_reasons; /* labels of worker_stats.ended[] */
	uint32_t conn_reasons_len;
	uint64_t refused_version; /* newest snapshot that a worker would not take; 0: none */
	bool is_draining;
	int32_t master_pid;
	uint64_t started_ms; /* when the master began */
	uint64_t now_ms;     /* of clock_mono_ns(), at the begin of this turn */

	/*
	 * Read the configuration file again, as SIGHUP does.
	 * @out: what is wrong with it; mistakes_fini() is the caller's
	 * Return: 0 and a new snapshot is on its way; -EINVAL what was in force stays so; -errno.
	 */
	int (*reload)(void *arg, struct mistakes *out);

	/*
	 * What the store says by now, in a transaction that is not over, into the snapshot.
	 * @err: SNAPSHOT_ERROR_MAX bytes: why not, on -EINVAL
	 * Return: 0: publish() must follow; -EINVAL; -errno.
	 */
	int (*prepare)(void *arg, char *err);
	/*
	 * The transaction is over. @is_kept: its changes are to be in force; else they are
	 * taken back. Return: 0 and a new snapshot is on its way, if they are; -errno.
	 */
	int (*publish)(void *arg, bool is_kept);
	void *arg;
};

/**
 * api_world_applied - workers that have snapshot @version, or a newer one, in force
 */
uint32_t api_world_applied(const struct api_world *w, uint64_t version);
