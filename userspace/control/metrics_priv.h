/* SPDX-License-Identifier: GPL-2.0-only */
/* metrics_priv.h - private to metrics*.c: writing one family after the other. */
#pragma once

#include <stdio.h>

#include "control/api_world.h"

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_INFO, METRIC_HISTOGRAM, METRIC_HIDDEN };

struct metrics {
	FILE *out;
	bool openmetrics;
	const struct api_world *world;
};

/* @name without "sluice_" before it and _total or _info behind it; @unit, if there is one, ends it. */
struct metric {
	const char *name;
	enum metric_kind kind;
	const char *unit; /* "": none */
	const char *help;
};

/* HELP, TYPE and UNIT. */
void metrics_family(const struct metrics *m, const struct metric *metric);

/* One sample. @labels: "a=\"b\"", "" for none: see metrics_label(). */
void metrics_sample(const struct metrics *m, const struct metric *metric, const char *labels,
                    uint64_t value);

enum { METRICS_LABEL_MAX = 1024 };

/* name="value", escaped, behind what is in @out already. */
void metrics_label(char *out, const char *name, const char *value);

/* metrics_times.c: the workers' distributions of times */
void metrics_times(const struct metrics *m);

/* metrics_xdp.c */
void metrics_xdp(const struct metrics *m);

/* metrics_state.c: what control knows itself */
void metrics_state(const struct metrics *m);
