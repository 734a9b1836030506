/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * maps.bpf.h - the maps that steer and listener share. Who loads the second object gives
 * it the maps of the first (bpf_map__reuse_fd) except "sluice_scratch".
 */
#ifndef MAPS_BPF_H
#define MAPS_BPF_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>

#include <bpf/bpf_helpers.h>

#include "abi.h"

#define ARRAY_MAP(map, val, entries)                                                               \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                  \
		__uint(max_entries, entries);                                                      \
		__type(key, __u32);                                                                \
		__type(value, val);                                                                \
	} map SEC(".maps")

ARRAY_MAP(sluice_config, struct abi_config, 1);
ARRAY_MAP(sluice_hosts, struct abi_host, ABI_HOSTS_MAX);
ARRAY_MAP(sluice_classes, struct abi_class, ABI_CLASSES_MAX);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ABI_VIPS_MAX);
	__type(key, struct abi_vip_key);
	__type(value, struct abi_vip);
} sluice_vips SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ABI_NAMES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct abi_name_key);
	__type(value, struct abi_name);
} sluice_names SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ABI_NAMES_LONG_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct abi_lname_key);
	__type(value, struct abi_name);
} sluice_lnames SEC(".maps");

/* LRU: an evicted flow costs its next segment a look for its socket, no more. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, ABI_FLOWS_MAX);
	__type(key, struct abi_flow_key);
	__type(value, struct abi_flow);
} sluice_flows SEC(".maps");

/* What a SYN offers. */
struct syn_offer {
	__u32 tsval_be;
	__u8 mss;
	__u8 sack;
	__u8 timestamp;
	__u8 wscale; /* TS_NO_WSCALE: not offered (cookie.bpf.h) */
};

struct syn_options {
	struct syn_offer offer;
	__u32 at;
	__u32 len;
	__u8 header[64];
};

/* Too large for the stack. One segment at a time is looked at on a CPU. */
struct scratch {
	__u8 hello[4096 + 512];       /* first bytes of the payload; stale behind them */
	__u8 name[2 * ABI_NAME_LONG]; /* key, and room for zeroes behind it */
	__u8 wild[2 * ABI_NAME_LONG]; /* key of the wildcard that would cover it */
	struct abi_flow flow;         /* about to be inserted */
	struct abi_source source;     /* about to be inserted */
	struct syn_options syn;       /* being answered */
	__u32 name_at;                /* in hello */
	__u32 name_len;               /* as sent; then without the dot at the end */
	__u32 dot;                    /* in name, the first one; 0: none */
	__u32 limit;                  /* bytes of hello that the walk may read */
	__u32 short_of;               /* enum hello: what it is when they do not suffice */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} sluice_scratch SEC(".maps");

static __always_inline struct scratch *scratch(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&sluice_scratch, &zero);
}

static __always_inline const struct abi_config *config(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&sluice_config, &zero);
}

/*
 * Is that port looked at? By value: for the verifier a pointer to one of sixteen is sixteen
 * programs. Return: what ports[] says of it, port_be 0 when it is not there.
 */
static __always_inline struct abi_port managed_port(const struct abi_config *c, __be16 port_be)
{
	struct abi_port found = { 0 };

	for (int i = 0; i < ABI_PORTS_MAX; i++) {
		if (!c->ports[i].port_be)
			break;
		if (c->ports[i].port_be == port_be) {
			found = c->ports[i];
			break;
		}
	}
	return found;
}

/* Return: false when nobody listens there; else the set of listeners that does. */
static __always_inline bool managed_group(struct abi_port port, const struct abi_flow_key *flow,
                                          bool v6, __u32 *out_group)
{
	struct abi_vip_key key = { .port_be = flow->dport_be };
	const struct abi_vip *vip;

	*out_group = v6 ? port.group6 : port.group4;
	if (*out_group != ABI_GROUP_LOOKUP)
		return true;
	__builtin_memcpy(key.addr, flow->daddr, sizeof(key.addr));
	vip = bpf_map_lookup_elem(&sluice_vips, &key);
	if (!vip)
		return false;
	*out_group = vip->group;
	return true;
}

#endif
