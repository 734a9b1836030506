/* SPDX-License-Identifier: GPL-2.0-only */
/* metrics.c - the workers' counters. */
#include "control/metrics.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "control/metrics_priv.h"
#include "proto/refusal.h"
#include "tls/handoff.h"

#define PREFIX "sluice_"

/* Those of WORKER_STATS that are not simply counted. */
static const struct {
	const char *stat;
	struct metric metric; /* name NULL: as the stat */
} special[] = {
	{ "generation", { "worker_starts", METRIC_COUNTER, "", NULL } },
	{ "pid", { "worker_pid", METRIC_HIDDEN, "", NULL } },
	{ "snapshot_version", { "worker_snapshot_version", METRIC_GAUGE, "", NULL } },
	{ "conns_open", { NULL, METRIC_GAUGE, "", NULL } },
	{ "ktls_conns_open", { NULL, METRIC_GAUGE, "", NULL } },
	{ "ktls_support", { NULL, METRIC_HIDDEN, "", NULL } }, /* words: sluice_kernel_tls_suite */
	{ "bytes_from_clients", { "client_received_bytes", METRIC_COUNTER, "bytes", NULL } },
	{ "bytes_to_clients", { "client_sent_bytes", METRIC_COUNTER, "bytes", NULL } },
	{ "bytes_spliced_up", { "spliced_up_bytes", METRIC_COUNTER, "bytes", NULL } },
	{ "bytes_spliced_down", { "spliced_down_bytes", METRIC_COUNTER, "bytes", NULL } },
};

/* Offsets of the plain words. */
#define X(name, help_)                                                                             \
	{ #name, { #name, METRIC_COUNTER, "", (help_) }, offsetof(struct worker_stats, name) },
static const struct {
	const char *stat;
	struct metric metric;
	size_t offset;
} words[] = { WORKER_STATS(X) };
#undef X

static const char *suffix(const struct metric *metric)
{
	if (metric->kind == METRIC_COUNTER)
		return "_total";
	return metric->kind == METRIC_INFO ? "_info" : "";
}

static const char *type_word(const struct metrics *m, const struct metric *metric)
{
	if (metric->kind == METRIC_COUNTER)
		return "counter";
	if (metric->kind == METRIC_HISTOGRAM)
		return "histogram";
	/* The older format knows no info. */
	return metric->kind == METRIC_INFO && m->openmetrics ? "info" : "gauge";
}

/* OpenMetrics names a family without the suffix of its samples, the older format with it. */
void metrics_family(const struct metrics *m, const struct metric *metric)
{
	const char *behind = m->openmetrics ? "" : suffix(metric);

	(void)fprintf(m->out, "# HELP " PREFIX "%s%s %s\n# TYPE " PREFIX "%s%s %s\n", metric->name,
	              behind, metric->help, metric->name, behind, type_word(m, metric));
	if (m->openmetrics && metric->unit[0])
		(void)fprintf(m->out, "# UNIT " PREFIX "%s %s\n", metric->name, metric->unit);
}

void metrics_sample(const struct metrics *m, const struct metric *metric, const char *labels,
                    uint64_t value)
{
	(void)fprintf(m->out, PREFIX "%s%s%s%s%s %" PRIu64 "\n", metric->name, suffix(metric),
	              labels[0] ? "{" : "", labels, labels[0] ? "}" : "", value);
}

void metrics_label(char *out, const char *name, const char *value)
{
	size_t n = strlen(out);

	n += (size_t)snprintf(out + n, METRICS_LABEL_MAX - n, "%s%s=\"", n ? "," : "", name);
	for (const char *p = value; *p && n + 4 < METRICS_LABEL_MAX; p++) {
		if (*p == '"' || *p == '\\' || *p == '\n')
			out[n++] = '\\';
		out[n++] = *p == '\n' ? 'n' : *p;
	}
	(void)snprintf(out + n, METRICS_LABEL_MAX - n, "\"");
}

static struct metric metric_of(size_t word)
{
	struct metric m = words[word].metric;

	for (size_t i = 0; i < ARRAY_LEN(special); i++) {
		if (strcmp(special[i].stat, words[word].stat) != 0)
			continue;
		m.kind = special[i].metric.kind;
		m.unit = special[i].metric.unit;
		if (special[i].metric.name)
			m.name = special[i].metric.name;
	}
	return m;
}

static void worker_label(char *out, uint32_t id, const char *reason)
{
	char number[16];

	out[0] = '\0';
	(void)snprintf(number, sizeof(number), "%" PRIu32, id);
	metrics_label(out, "worker", number);
	if (reason)
		metrics_label(out, "reason", reason);
}

static void put_word(const struct metrics *m, size_t word)
{
	const struct metric metric = metric_of(word);
	char labels[METRICS_LABEL_MAX];

	if (metric.kind == METRIC_HIDDEN)
		return;
	metrics_family(m, &metric);
	for (uint32_t i = 0; i < m->world->workers_len; i++) {
		const uint64_t *at = (const uint64_t *)((const uint8_t *)m->world->stats[i] +
		                                        words[word].offset);

		worker_label(labels, i, NULL);
		metrics_sample(m, &metric, labels, stats_read(at));
	}
}

/* The words of one of the arrays. */
typedef const char *reason_label(const struct api_world *w, uint32_t reason);

static const char *ended_label(const struct api_world *w, uint32_t reason)
{
	return reason < w->conn_reasons_len ? w->conn_reasons[reason] : NULL;
}

static const char *refused_label(const struct api_world *w, uint32_t reason)
{
	(void)w;
	return reason > REFUSAL_NONE && reason < REFUSAL_MAX ? refusal_label((enum refusal)reason)
	                                                     : NULL;
}

static const char *handoff_words(const struct api_world *w, uint32_t reason)
{
	(void)w;
	return reason < HANDOFF_MAX ? handoff_label((enum handoff)reason) : NULL;
}

static const struct {
	struct metric metric;
	size_t offset;
	uint32_t len;
	reason_label *label;
} arrays[] = {
	{ { "conns_ended", METRIC_COUNTER, "", "client connections that ended, by reason" },
	  offsetof(struct worker_stats, ended),
	  STATS_REASONS_MAX,
	  ended_label },
	{ { "refusals", METRIC_COUNTER, "", "requests refused by us, by reason" },
	  offsetof(struct worker_stats, refused),
	  STATS_REASONS_MAX,
	  refused_label },
	{ { "handoffs", METRIC_COUNTER, "", "connections given to the kernel, or why not" },
	  offsetof(struct worker_stats, handoffs),
	  STATS_HANDOFFS_MAX,
	  handoff_words },
};

static void put_array(const struct metrics *m, size_t array)
{
	char labels[METRICS_LABEL_MAX];

	metrics_family(m, &arrays[array].metric);
	for (uint32_t i = 0; i < m->world->workers_len; i++) {
		const uint64_t *row = (const uint64_t *)((const uint8_t *)m->world->stats[i] +
		                                         arrays[array].offset);

		for (uint32_t r = 0; r < arrays[array].len; r++) {
			const char *label = arrays[array].label(m->world, r);

			if (!label)
				continue;
			worker_label(labels, i, label);
			metrics_sample(m, &arrays[array].metric, labels, stats_read(&row[r]));
		}
	}
}

int metrics_render(const struct api_world *w, bool openmetrics, char **out, size_t *out_len)
{
	struct metrics m = { .openmetrics = openmetrics, .world = w };
	char *text = NULL;
	size_t len = 0;
	bool good;

	m.out = open_memstream(&text, &len);
	if (!m.out)
		return -ENOMEM;
	metrics_state(&m);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		put_word(&m, i);
	for (size_t i = 0; i < ARRAY_LEN(arrays); i++)
		put_array(&m, i);
	metrics_times(&m);
	metrics_xdp(&m);
	if (openmetrics)
		(void)fputs("# EOF\n", m.out);
	good = ferror(m.out) == 0;
	if (fclose(m.out) != 0 || !good) {
		free(text);
		return -ENOMEM;
	}
	*out = text;
	*out_len = len;
	return 0;
}
