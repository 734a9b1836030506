/* SPDX-License-Identifier: GPL-2.0-only */
#include "sys/xdp_read.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"

enum {
	FLOWS_BATCH = 1024,
	FLOWS_ROUNDS_MAX = 4 * ABI_FLOWS_MAX / FLOWS_BATCH, /* a batch may come short */
};

static_assert(ABI_REASONS_LEN <= XDP_REASONS_MAX, "all of them are counted");
static_assert(sizeof(struct abi_listen_stats) <= XDP_CHOICES_MAX * sizeof(uint64_t), "likewise");
static_assert(XDP_FLOW_NAME_MAX == ABI_NAME_SHORT, "as it is there");

const char *xdp_reason(size_t index)
{
#define X(name, field) #field,
	static const char *const names[] = { ABI_REASONS(X) };
#undef X
	return index < ARRAY_LEN(names) ? names[index] : NULL;
}

const char *xdp_choice(size_t index)
{
	static const char *const names[] = { "syn", "flow", "reread", "unsteered", "refused" };

	static_assert(sizeof(struct abi_listen_stats) == ARRAY_LEN(names) * sizeof(__u64),
	              "a name for each");
	return index < ARRAY_LEN(names) ? names[index] : NULL;
}

/* The value of @key, of @words counters, summed over CPUs. */
static int sum(int fd, uint32_t key, size_t words, uint64_t *out)
{
	int cpus = libbpf_num_possible_cpus();
	__u64 *each = cpus > 0 ? calloc((size_t)cpus, words * sizeof(*each)) : NULL;
	int r = each ? 0 : -ENOMEM;

	if (r == 0 && bpf_map_lookup_elem(fd, &key, each) < 0)
		r = -errno;
	for (size_t i = 0; r == 0 && i < words; i++) {
		out[i] = 0;
		for (size_t cpu = 0; cpu < (size_t)cpus; cpu++)
			out[i] += each[cpu * words + i];
	}
	free(each);
	return r;
}

int xdp_read_segments(const struct xdp_table *t, uint64_t out[XDP_REASONS_MAX])
{
	return sum(t->fds[XDP_MAP_STATS], 0, ABI_REASONS_LEN, out);
}

int xdp_read_choices(const struct xdp_table *t, uint64_t out[XDP_CHOICES_MAX])
{
	return sum(t->fds[XDP_MAP_LSTATS], 0, sizeof(struct abi_listen_stats) / sizeof(__u64), out);
}

int xdp_read_host(const struct xdp_table *t, uint32_t id, uint64_t out[2])
{
	return sum(t->fds[XDP_MAP_HSTATS], id, sizeof(struct abi_host_stats) / sizeof(__u64), out);
}

/* --- flows ------------------------------------------------------------------------------ */

struct batch {
	struct abi_flow_key keys[FLOWS_BATCH];
	struct abi_flow values[FLOWS_BATCH];
};

static int tell(const struct abi_flow_key *k, const struct abi_flow *v, xdp_each_flow *each,
                void *arg)
{
	static const char *const states[] = {
		[ABI_FLOW_DECIDED] = "decided",
		[ABI_FLOW_PARTIAL] = "partial",
		[ABI_FLOW_AWAITING] = "awaiting",
	};
	struct xdp_flow f = {
		.peer_port = ntohs(k->sport_be),
		.port = ntohs(k->dport_be),
		.state = v->state < ARRAY_LEN(states) ? states[v->state] : "?",
		.worker = v->worker < ABI_WORKERS_MAX ? (int32_t)v->worker : XDP_WORKER_NONE,
		.since_ns = v->since_ns,
	};

	memcpy(f.peer_ip, k->saddr, sizeof(f.peer_ip));
	memcpy(f.ip, k->daddr, sizeof(f.ip));
	memcpy(f.name, v->name, sizeof(f.name) - 1); /* and the last byte is zero */
	return each(arg, &f);
}

int xdp_read_flows(const struct xdp_table *t, xdp_each_flow *each, void *arg)
{
	struct batch *b = malloc(sizeof(*b));
	__u32 place = 0;
	bool is_last = false;
	int r = b ? 0 : -ENOMEM;

	for (size_t n = 0; r == 0 && !is_last && n < FLOWS_ROUNDS_MAX; n++) {
		__u32 count = FLOWS_BATCH;

		if (bpf_map_lookup_batch(t->fds[XDP_MAP_FLOWS], n ? &place : NULL, &place, b->keys,
		                         b->values, &count, NULL) < 0) {
			is_last = errno == ENOENT;
			r = is_last ? 0 : -errno;
		}
		for (__u32 i = 0; r == 0 && i < count; i++)
			r = tell(&b->keys[i], &b->values[i], each, arg);
	}
	free(b);
	return r;
}
