/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * listener.bpf.c - SK_REUSEPORT: which worker's listener takes a connection.
 *
 * With SYN cookies that is asked when the ClientHello makes the socket. What
 * steer.bpf.c found out is in sluice_flows; if it did not see the name, the segments
 * may have been glued together since, and a second reading finds it. Nothing is refused
 * here: who cannot be steered goes to any worker that takes new connections, and when
 * nobody says which do, where the kernel's hash says.
 */
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>

#include <bpf/bpf_endian.h>

#include "clienthello.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY);
	__uint(max_entries, ABI_GROUPS_MAX *ABI_WORKERS_MAX);
	__type(key, __u32);
	__type(value, __u64);
} sluice_workers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct abi_listen_stats);
} sluice_lstats SEC(".maps");

static __always_inline bool read_key(struct sk_reuseport_md *md, struct abi_flow_key *key)
{
	struct iphdr ip4;

	if (md->eth_protocol == bpf_htons(ETH_P_IPV6))
		return !bpf_skb_load_bytes_relative(md, offsetof(struct ipv6hdr, saddr), key->saddr,
		                                    32, BPF_HDR_START_NET);
	if (bpf_skb_load_bytes_relative(md, 0, &ip4, sizeof(ip4), BPF_HDR_START_NET))
		return false;
	key->saddr[10] = key->saddr[11] = 0xff;
	key->daddr[10] = key->daddr[11] = 0xff;
	__builtin_memcpy(key->saddr + 12, &ip4.saddr, 4);
	__builtin_memcpy(key->daddr + 12, &ip4.daddr, 4);
	return true;
}

/* Read the ClientHello. Return: host_id, or ABI_HOST_NONE. */
static __always_inline __u32 reread(struct sk_reuseport_md *md, struct scratch *s, __u32 header)
{
	__u64 n;

	if (md->len <= header)
		return ABI_HOST_NONE;
	n = md->len - header;
	if (n > ABI_HELLO_WINDOW)
		n = ABI_HELLO_WINDOW;
	n = (n - 1) & 0xfff; /* which Linux 6.1 takes for a proof that it is neither 0 nor more */
	if (bpf_skb_load_bytes(md, header, s->hello, n + 1))
		return ABI_HOST_NONE;
	return hello_read(s, md->len - header) == HELLO_NAME ? hello_host(s) : ABI_HOST_NONE;
}

/* Give it to a worker of that class. Return: worker, ABI_WORKER_NONE when there is none to give it to. */
static __always_inline __u32 give(struct sk_reuseport_md *md, const struct abi_flow_key *key,
                                  __u32 class_id)
{
	const struct abi_class *class = bpf_map_lookup_elem(&sluice_classes, &class_id);
	const struct abi_config *c = config();
	const bool v6 = md->eth_protocol == bpf_htons(ETH_P_IPV6);
	struct abi_port port;
	__u32 worker;
	__u32 group;
	__u32 index;

	if (!class || !c || !class->workers_len)
		return ABI_WORKER_NONE;
	port = managed_port(c, key->dport_be);
	if (!port.port_be || !managed_group(port, key, v6, &group))
		return ABI_WORKER_NONE;
	index = md->hash % class->workers_len & (ABI_CLASS_WORKERS_MAX - 1);
	worker = class->workers[index];
	if (worker >= ABI_WORKERS_MAX)
		return ABI_WORKER_NONE;
	index = ABI_WORKER_INDEX(group, worker);
	return bpf_sk_select_reuseport(md, &sluice_workers, &index, 0) ? ABI_WORKER_NONE : worker;
}

/* What the flow says, or a second reading. Return: class_id; ABI_CLASS_NONE: any worker. */
static __always_inline __u32 choose(struct sk_reuseport_md *md, struct abi_listen_stats *stats,
                                    struct abi_flow *flow, __u32 header)
{
	struct scratch *s = scratch();
	struct abi_host *host;
	__u32 host_id;

	if (flow && flow->state == ABI_FLOW_DECIDED) {
		stats->flow += flow->class_id != ABI_CLASS_NONE;
		return flow->class_id;
	}
	if (!s)
		return ABI_CLASS_NONE;
	host_id = reread(md, s, header);
	host = bpf_map_lookup_elem(&sluice_hosts, &host_id);
	if (!host || host->class_id == ABI_CLASS_NONE)
		return ABI_CLASS_NONE;
	stats->reread++;
	if (flow) {
		flow->host_id = host_id;
		flow->class_id = host->class_id;
		__builtin_memcpy(flow->name, s->name, sizeof(flow->name));
		flow->name[ABI_NAME_SHORT - 1] = '\0';
		flow->state = ABI_FLOW_DECIDED;
	}
	return host->class_id;
}

SEC("sk_reuseport")
int sluice_listener(struct sk_reuseport_md *md)
{
	struct abi_flow_key key = { 0 };
	struct abi_listen_stats *stats;
	struct abi_flow *flow = NULL;
	__u32 class_id = ABI_CLASS_NONE;
	struct tcphdr tcp;
	__u32 zero = 0;
	__u32 worker;

	stats = bpf_map_lookup_elem(&sluice_lstats, &zero);
	if (!stats || bpf_skb_load_bytes(md, 0, &tcp, sizeof(tcp)) || !read_key(md, &key))
		return SK_PASS;
	key.sport_be = tcp.source;
	key.dport_be = tcp.dest;
	if (tcp.syn) {
		stats->syn++;
	} else {
		flow = bpf_map_lookup_elem(&sluice_flows, &key);
		class_id = choose(md, stats, flow, tcp.doff * 4);
		stats->unsteered += class_id == ABI_CLASS_NONE;
	}
	worker = give(md, &key, class_id == ABI_CLASS_NONE ? ABI_CLASS_ALL : class_id);
	stats->refused += worker == ABI_WORKER_NONE && class_id != ABI_CLASS_NONE;
	if (flow)
		flow->worker = worker;
	return SK_PASS;
}

char LICENSE[] SEC("license") = "GPL";
