/* SPDX-License-Identifier: GPL-2.0-only */
/* metrics_state.c - what control knows itself: what runs, what is in force, what expires. */
#include <string.h>

#include "base/version.h"
#include "control/metrics.h"
#include "control/metrics_priv.h"
#include "store/db.h"
#include "sys/clock.h"
#include "tls/expiry.h"

static void put_one(const struct metrics *m, const struct metric *metric, uint64_t value)
{
	metrics_family(m, metric);
	metrics_sample(m, metric, "", value);
}

static void put_build(const struct metrics *m)
{
	static const struct metric build = { "build", METRIC_INFO, "", "which sluiced this is" };
	char labels[METRICS_LABEL_MAX] = "";

	metrics_label(labels, "version", SLUICE_VERSION);
	metrics_family(m, &build);
	metrics_sample(m, &build, labels, 1);
}

/* The wall clock's time at which the master began. */
static uint64_t started_s(const struct api_world *w)
{
	return (uint64_t)(clock_wall_ms() - (int64_t)(w->now_ms - w->started_ms)) / 1000;
}

static void put_ktls(const struct metrics *m)
{
	static const struct metric suite = {
		"kernel_tls_suite", METRIC_GAUGE, "",
		"1: the kernel can take the records of this version and cipher suite"
	};

	metrics_family(m, &suite);
	for (int v = 0; v < 2; v++)
		for (int c = 0; c < KTLS_CIPHER_MAX; c++) {
			uint16_t version = v ? TLS_1_3_VERSION : TLS_1_2_VERSION;
			char labels[METRICS_LABEL_MAX] = "";

			metrics_label(labels, "version", v ? "1.3" : "1.2");
			metrics_label(labels, "cipher", ktls_cipher_label((enum ktls_cipher)c));
			metrics_sample(m, &suite, labels,
			               ktls_can(m->world->ktls, version, (enum ktls_cipher)c));
		}
}

static void look_up(struct expiries *e, const struct snapshot *s)
{
	if (e->version == s->version)
		return;
	memset(e, 0, sizeof(*e));
	e->version = s->version;
	e->len = s->hosts_len < METRICS_HOSTS_MAX ? s->hosts_len : METRICS_HOSTS_MAX;
	for (size_t i = 0; i < e->len; i++) {
		const struct snapshot_host *h = &s->hosts[i];

		if (expiry_of(slice_of(h->certificate_pem, strlen(h->certificate_pem)),
		              &e->server[i]) < 0)
			e->server[i] = 0;
		if (h->ca_pem &&
		    expiry_of(slice_of(h->ca_pem, strlen(h->ca_pem)), &e->clients[i]) < 0)
			e->clients[i] = 0;
	}
}

static void put_expiries(const struct metrics *m, const struct metric *metric, const int64_t *at)
{
	const struct snapshot *s = m->world->snapshot;

	metrics_family(m, metric);
	for (size_t i = 0; i < m->world->expiries->len; i++) {
		char labels[METRICS_LABEL_MAX] = "";

		if (at[i] <= 0)
			continue;
		metrics_label(labels, "host", s->hosts[i].names[0]);
		/* The one it was made of may have the same name. */
		if (s->hosts[i].is_derived)
			metrics_label(labels, "by", "api");
		metrics_sample(m, metric, labels, (uint64_t)at[i]);
	}
}

static void put_hosts(const struct metrics *m)
{
	static const struct metric server = {
		"certificate_expiry_timestamp_seconds", METRIC_GAUGE, "seconds",
		"when the first certificate of the host's own chain expires, since 1970"
	};
	static const struct metric clients = {
		"client_ca_expiry_timestamp_seconds", METRIC_GAUGE, "seconds",
		"when the first of the host's client CAs expires, since 1970"
	};
	static const struct metric hosts = { "hosts", METRIC_GAUGE, "", "hosts in force" };
	static const struct metric unlisted = { "hosts_unlisted", METRIC_GAUGE, "",
		                                "hosts that have no metrics of their own" };
	struct expiries *e = m->world->expiries;

	look_up(e, m->world->snapshot);
	put_one(m, &hosts, m->world->snapshot->hosts_len);
	put_one(m, &unlisted, m->world->snapshot->hosts_len - e->len);
	put_expiries(m, &server, e->server);
	put_expiries(m, &clients, e->clients);
}

void metrics_state(const struct metrics *m)
{
	static const struct metric start = { "start_time_seconds", METRIC_GAUGE, "seconds",
		                             "when the service began, since 1970" };
	static const struct metric workers = { "workers", METRIC_GAUGE, "",
		                               "workers there shall be" };
	static const struct metric version = { "snapshot_version", METRIC_GAUGE, "",
		                               "the newest snapshot of the configuration" };
	static const struct metric applied = { "snapshot_applied_workers", METRIC_GAUGE, "",
		                               "workers that have the newest snapshot in force" };
	static const struct metric draining = { "draining", METRIC_GAUGE, "",
		                                "1: the workers finish, and the service ends" };
	static const struct metric store = {
		"store_writable", METRIC_GAUGE, "",
		"1: the store can be changed; 0: not, or there is none"
	};
	static const struct metric revoked = {
		"revoked_certificates", METRIC_GAUGE, "",
		"entries of the newest list of revoked certificates: file, store and API"
	};
	static const struct metric behind = {
		"revoked_list_pending", METRIC_GAUGE, "",
		"1: a worker has yet to say that the newest list of revoked certificates is in force"
	};
	const struct api_world *w = m->world;
	uint64_t newest = w->snapshot ? w->snapshot->version : 0;

	put_build(m);
	put_one(m, &start, started_s(w));
	put_one(m, &workers, w->workers_len);
	put_one(m, &version, newest);
	put_one(m, &applied, newest ? api_world_applied(w, newest) : 0);
	put_one(m, &draining, w->is_draining);
	put_one(m, &store, w->db && db_is_writable(w->db));
	if (w->revoking) {
		const struct revocations *list = w->revoking->list;

		put_one(m, &revoked, list->all.len);
		put_one(m, &behind, !revocations_is_in_force(list, list->version));
	}
	put_ktls(m);
	if (w->snapshot)
		put_hosts(m);
}
