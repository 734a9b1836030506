/* SPDX-License-Identifier: GPL-2.0-only */
/* metrics_times.c - how long things took: the workers' distributions, as histograms in seconds. */
#include <inttypes.h>

#include "control/metrics_priv.h"

enum { US_PER_S = 1000000 };

static const struct {
	struct metric metric;
	size_t offset; /* of its words in struct worker_stats */
} times[] = {
	{ { "handshake_seconds", METRIC_HISTOGRAM, "seconds",
	    "from accept to the end of a handshake that succeeded" },
	  offsetof(struct worker_stats, handshake_times) },
	{ { "first_byte_seconds", METRIC_HISTOGRAM, "seconds",
	    "from a request's first byte to the first byte of its origin's response" },
	  offsetof(struct worker_stats, first_byte_times) },
	{ { "request_seconds", METRIC_HISTOGRAM, "seconds",
	    "from a request's first byte to the last byte of its response, or its other end" },
	  offsetof(struct worker_stats, request_times) },
};

/* Without noughts at the end, as both formats want it: "0.0025", "10.0". */
static void put_seconds(FILE *out, uint64_t us)
{
	uint64_t fraction = us % US_PER_S;
	int digits = 6;

	for (; digits > 1 && fraction % 10 == 0; digits--)
		fraction /= 10;
	(void)fprintf(out, "%" PRIu64 ".%0*" PRIu64, us / US_PER_S, digits, fraction);
}

/* Buckets hold what is below them too. The count is theirs, so that the two agree. */
static void put_worker(const struct metrics *m, const char *name, uint32_t id,
                       const uint64_t *words)
{
	uint64_t count = 0;

	for (unsigned int i = 0; i < STATS_TIME_BUCKETS; i++) {
		count += stats_read(&words[i]);
		(void)fprintf(m->out, "sluice_%s_bucket{worker=\"%" PRIu32 "\",le=\"", name, id);
		if (stats_time_bound(i) == UINT64_MAX)
			(void)fputs("+Inf", m->out);
		else
			put_seconds(m->out, stats_time_bound(i));
		(void)fprintf(m->out, "\"} %" PRIu64 "\n", count);
	}
	(void)fprintf(m->out, "sluice_%s_sum{worker=\"%" PRIu32 "\"} ", name, id);
	put_seconds(m->out, stats_read(&words[STATS_TIME_BUCKETS]));
	(void)fprintf(m->out, "\nsluice_%s_count{worker=\"%" PRIu32 "\"} %" PRIu64 "\n", name, id,
	              count);
}

void metrics_times(const struct metrics *m)
{
	for (size_t t = 0; t < ARRAY_LEN(times); t++) {
		metrics_family(m, &times[t].metric);
		for (uint32_t i = 0; i < m->world->workers_len; i++)
			put_worker(m, times[t].metric.name, i,
			           (const uint64_t *)((const uint8_t *)m->world->stats[i] +
			                              times[t].offset));
	}
}
