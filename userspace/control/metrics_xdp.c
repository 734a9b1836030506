/* SPDX-License-Identifier: GPL-2.0-only */
/* metrics_xdp.c - what the BPF programs counted; nothing where there are none. */
#include "control/metrics.h"
#include "control/metrics_priv.h"
#include "control/steering.h"
#include "sys/xdp_read.h"

static void put_named(const struct metrics *m, const struct metric *metric, const char *label,
                      const char *(*name)(size_t), const uint64_t *counts)
{
	metrics_family(m, metric);
	for (size_t i = 0; name(i); i++) {
		char labels[METRICS_LABEL_MAX] = "";

		metrics_label(labels, label, name(i));
		metrics_sample(m, metric, labels, counts[i]);
	}
}

/* @which: 0 admitted, 1 limited */
static void put_hosts(const struct metrics *m, const struct metric *metric, int which)
{
	const struct snapshot *s = m->world->snapshot;

	metrics_family(m, metric);
	for (size_t i = 0; s && i < s->hosts_len && i < METRICS_HOSTS_MAX; i++) {
		uint32_t id = steering_id(m->world->steering, s->hosts[i].names[0]);
		char labels[METRICS_LABEL_MAX] = "";
		uint64_t counts[2];

		if (id >= XDP_HOSTS_MAX ||
		    xdp_read_host(&m->world->steering->table, id, counts) < 0)
			continue;
		metrics_label(labels, "host", s->hosts[i].names[0]);
		metrics_sample(m, metric, labels, counts[which]);
	}
}

void metrics_xdp(const struct metrics *m)
{
	static const struct metric segments = {
		"xdp_segments", METRIC_COUNTER, "",
		"TCP segments for our ports, by what became of them in XDP"
	};
	static const struct metric choices = {
		"xdp_connections", METRIC_COUNTER, "",
		"new sockets, by how the program chose a worker for them"
	};
	static const struct metric admitted = { "xdp_host_admitted", METRIC_COUNTER, "",
		                                "handshakes that XDP let through, by host" };
	static const struct metric limited = { "xdp_host_limited", METRIC_COUNTER, "",
		                               "handshakes over the host's limit" };
	static const struct metric cookies = { "xdp_syncookies", METRIC_GAUGE, "",
		                               "net.ipv4.tcp_syncookies; XDP wants 2" };
	const struct steering *s = m->world->steering;
	uint64_t counts[XDP_REASONS_MAX] = { 0 };

	if (!s || !s->is_on)
		return;
	metrics_family(m, &cookies);
	metrics_sample(m, &cookies, "", s->cookies < 0 ? 0 : (uint64_t)s->cookies);
	if (xdp_read_segments(&s->table, counts) == 0)
		put_named(m, &segments, "reason", xdp_reason, counts);
	if (xdp_read_choices(&s->table, counts) == 0)
		put_named(m, &choices, "choice", xdp_choice, counts);
	put_hosts(m, &admitted, 0);
	put_hosts(m, &limited, 1);
}
