/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kit.h - the loaded program, run on hand-made frames: BPF_PROG_TEST_RUN, no interface
 * needed. Nothing is pinned, so nothing is left behind.
 */
#pragma once

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <stdlib.h>

#include "abi.h"
#include "frame.h"
#include "steer.skel.h"

#ifndef KIT_CHECK /* bench/steer.c has its own */
#include <criterion/criterion.h>
#define KIT_CHECK cr_assert
#endif

enum { KIT_CPUS_MAX = 1024, KIT_ISN = 1000, KIT_NAMES = 8 };

struct kit {
	struct steer *skel;
	int prog;
	struct abi_config config;
	__u64 seen[ABI_REASONS_LEN];
};

struct outcome {
	__u32 action;
	int reason; /* enum abi_reason; -1: not counted, so not ours */
	uint8_t out[FRAME_ROOM];
	size_t out_len;
};

static const char *const reason_names[] = {
#define X(name, field) #field,
	ABI_REASONS(X)
#undef X
};

static inline const char *reason_name(int reason)
{
	return reason < 0 ? "not ours" : reason_names[reason];
}

#define MAP(kit, name) bpf_map__fd((kit)->skel->maps.sluice_##name)

static inline void kit_put(int map, const void *key, const void *value)
{
	KIT_CHECK(bpf_map_update_elem(map, key, value, BPF_ANY) == 0, "map %d", map);
}

static inline void kit_configure(struct kit *k)
{
	__u32 zero = 0;

	kit_put(MAP(k, config), &zero, &k->config);
}

/* Names as user space writes them, host_id and class_id the same number. */
static inline void kit_name(struct kit *k, const char *name, __u32 id)
{
	struct abi_lname_key key = { .name = "" };
	struct abi_host host = { .class_id = id };
	struct abi_name value = { .host_id = id };

	KIT_CHECK(strlen(name) < sizeof(key.name), "%s", name);
	memcpy(key.name, name, strlen(name));
	kit_put(strlen(name) < ABI_NAME_SHORT ? MAP(k, names) : MAP(k, lnames), &key, &value);
	kit_put(MAP(k, hosts), &id, &host);
}

static inline void kit_stats(const struct kit *k, __u64 sums[ABI_REASONS_LEN])
{
	static struct abi_stats per_cpu[KIT_CPUS_MAX];
	__u32 zero = 0;

	KIT_CHECK(libbpf_num_possible_cpus() <= KIT_CPUS_MAX, "more CPUs than expected");
	KIT_CHECK(bpf_map_lookup_elem(MAP(k, stats), &zero, per_cpu) == 0, "no counters");
	memset(sums, 0, ABI_REASONS_LEN * sizeof(*sums));
	for (int cpu = 0; cpu < libbpf_num_possible_cpus(); cpu++)
		for (size_t i = 0; i < ABI_REASONS_LEN; i++)
			sums[i] += ((const __u64 *)&per_cpu[cpu])[i];
}

/* @always_judge: even if the flow is known, for measurements */
static inline void kit_open_for(struct kit *k, bool always_judge)
{
	*k = (struct kit){
		.config = { .flags = ABI_COOKIES | ABI_STRICT,
		            .default_host = ABI_HOST_NONE,
		            .mss4 = 1460,
		            .mss6 = 1440,
		            .window = 64240,
		            .wscale = 7,
		            .source_mask4 = { ~0ULL, ~0ULL },
		            .source_mask6 = { ~0ULL, 0 },
		            .ports = { { .port_be = htons(FRAME_PORT), .group4 = 0, .group6 = 1 } } }
	};
	k->skel = steer__open();
	KIT_CHECK(k->skel, "the object cannot be read");
	k->skel->rodata->always_judge = always_judge;
	KIT_CHECK(steer__load(k->skel) == 0, "needs CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON");
	k->prog = bpf_program__fd(k->skel->progs.sluice_steer);
	kit_configure(k);
}

static inline void kit_open(struct kit *k)
{
	kit_open_for(k, false);
}

static inline void kit_close(struct kit *k)
{
	steer__destroy(k->skel);
}

/* A program that lets everything pass. Return: its descriptor. */
static inline int kit_pass(void)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .prog_flags = BPF_F_XDP_HAS_FRAGS);
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "pass", "GPL", insns, ARRAY_LEN(insns), &opts);

	KIT_CHECK(fd >= 0, "a program of two instructions does not load");
	return fd;
}

/* One run; exactly one counter grows, or none. */
static inline void kit_run(struct kit *k, const struct frame *f, struct outcome *out)
{
	__u64 now[ABI_REASONS_LEN];
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = f->bytes, .data_size_in = (__u32)f->len,
	            .data_out = out->out, .data_size_out = sizeof(out->out));

	KIT_CHECK(bpf_prog_test_run_opts(k->prog, &run) == 0, "frame of %zu bytes", f->len);
	kit_stats(k, now);
	out->action = run.retval;
	out->out_len = run.data_size_out;
	out->reason = -1;
	for (int i = 0; i < ABI_REASONS_LEN; i++) {
		if (now[i] == k->seen[i])
			continue;
		KIT_CHECK(now[i] == k->seen[i] + 1, "counted twice");
		KIT_CHECK(out->reason == -1, "two reasons for one segment");
		out->reason = i;
	}
	memcpy(k->seen, now, sizeof(now));
}

static inline void kit_run_spec(struct kit *k, const struct frame_spec *s, struct outcome *out)
{
	static struct frame f;

	frame_build(&f, s);
	kit_run(k, &f, out);
}

static inline struct abi_flow_key kit_flow_key(const struct frame_spec *s)
{
	struct abi_flow_key key = { .sport_be = htons(s->sport), .dport_be = htons(s->dport) };

	frame_addresses(s, key.saddr, key.daddr);
	return key;
}

static inline bool kit_flow(const struct kit *k, const struct frame_spec *s, struct abi_flow *out)
{
	struct abi_flow_key key = kit_flow_key(s);

	return bpf_map_lookup_elem(MAP(k, flows), &key, out) == 0;
}

static inline void kit_forget(struct kit *k, const struct frame_spec *s)
{
	struct abi_flow_key key = kit_flow_key(s);

	(void)bpf_map_delete_elem(MAP(k, flows), &key);
}

/* SYNs of this group are answered with cookies from now on. */
static inline void kit_flood(struct kit *k)
{
	const struct abi_group never = { .syn_tat_ns = UINT64_MAX / 2 };

	k->config.flags |= ABI_FLOOD;
	k->config.syn_interval_ns = 1;
	k->config.syn_burst_ns = 0;
	kit_configure(k);
	for (__u32 i = 0; i < ABI_GROUPS_MAX; i++)
		kit_put(MAP(k, groups), &i, &never);
}

/* TCP options of Linux, Windows, and a scanner that sends none. */
#define OPTIONS_LINUX   "\x02\x04\x05\xb4\x04\x02\x08\x0a\x01\x02\x03\x04\0\0\0\0\x01\x03\x03\x07"
#define OPTIONS_WINDOWS "\x02\x04\x05\xb4\x01\x03\x03\x08\x01\x01\x04\x02"

/*
 * Make @s the segment that completes a handshake: a cookie is had by asking for one.
 * One cookie serves any number of runs for the same four-tuple.
 */
static inline void kit_shake(struct kit *k, struct frame_spec *s)
{
	const struct abi_config before = k->config;
	static struct outcome o;
	struct frame_spec syn = *s;
	struct tcphdr tcp;

	syn.flags = FRAME_SYN;
	syn.seq = KIT_ISN;
	syn.options = SLICE(OPTIONS_LINUX);
	syn.payload.len = 0;
	syn.ext_len = 0;
	syn.ip_options = 0;
	syn.fragment = 0;
	syn.length_lie = 0;
	syn.doff_lie = 0;
	kit_flood(k);
	kit_run_spec(k, &syn, &o);
	KIT_CHECK(o.action == XDP_TX, "no cookie: %s", reason_name(o.reason));
	memcpy(&tcp, o.out + 14 + 4UL * s->tags + (s->v6 ? 40 : 20), sizeof(tcp));
	s->seq = KIT_ISN + 1;
	s->ack = ntohl(tcp.seq) + 1;
	s->flags |= FRAME_ACK;
	k->config = before;
	kit_configure(k);
}
