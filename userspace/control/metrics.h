/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * metrics.h - what Prometheus reads: the workers' counters and what control knows.
 *
 * A counter of sys/stats.h is a metric without further ado: sluice_NAME_total, with its help.
 * What is no counter, or has a unit, or shall not be told, is a row of `special` in metrics.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"

struct api_world;

enum { METRICS_HOSTS_MAX = 1000 }; /* that have metrics of their own; the rest is counted */

/* When certificates expire, looked up once for each snapshot. All zero: nothing yet. */
struct expiries {
	uint64_t version;
	size_t len;
	int64_t server[METRICS_HOSTS_MAX]; /* seconds since 1970, 0: unknown */
	int64_t clients[METRICS_HOSTS_MAX];
};

/**
 * metrics_render - all of them
 * @openmetrics: as OpenMetrics 1.0; else as Prometheus' text format 0.0.4
 * @out:         malloc'ed, the caller's
 *
 * Return: 0 or -ENOMEM.
 */
MUST_USE int metrics_render(const struct api_world *w, bool openmetrics, char **out,
                            size_t *out_len);
