/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * steer.bpf.c - XDP: who may make a socket here, and which worker it is for.
 *
 * Looks at TCP for the managed ports, lets everything else through untouched and
 * uncounted. A segment passes when its connection is known, has a socket, or brings a
 * cookie of ours and a ClientHello for a name that we have. The order of questions is
 * from cheap to dear: docs/xdp.md. What fails inside here passes: the worker decides.
 *
 * Floor: Linux 6.1 (bpf_tcp_raw_*). No kernel struct is read, so no vmlinux.h.
 * Functions that are not static are verified once and by themselves; inlined, the whole
 * would be beyond the verifier.
 */
#include "clienthello.bpf.h"
#include "cookie.bpf.h"
#include "limit.bpf.h"
#include "parse.bpf.h"
#include "reply.bpf.h"

/*
 * For measurements alone: run after run with the same segment. Set before loading; when it
 * is not, the verifier removes what depends on it.
 */
const volatile bool always_judge = false;

enum { SOCKET_LISTENS = 10, SOCKET_SYN_RECEIVED = 12 };

ARRAY_MAP(sluice_hlimit, struct abi_limit, ABI_HOSTS_MAX);
ARRAY_MAP(sluice_groups, struct abi_group, ABI_GROUPS_MAX);

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct abi_stats);
} sluice_stats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, ABI_HOSTS_MAX);
	__type(key, __u32);
	__type(value, struct abi_host_stats);
} sluice_hstats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, ABI_EVENTS_BYTES);
} sluice_events SEC(".maps");

__noinline int event_send(const struct segment *seg, __u32 why, __u32 host_id)
{
	const struct scratch *s = scratch();
	struct abi_event *e;

	if (!seg || !s)
		return 0;
	e = bpf_ringbuf_reserve(&sluice_events, sizeof(*e), 0);
	if (!e)
		return 0; /* nobody reads as fast; the counters are complete */
	e->at_ns = bpf_ktime_get_ns();
	e->key = seg->key;
	e->reason = why;
	e->host_id = host_id;
	e->name_len = s->name_len;
	__builtin_memcpy(e->name, s->name, sizeof(e->name));
	e->name[ABI_NAME_SHORT - 1] = '\0';
	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
	return 0;
}

/* Every segment of ours leaves through here, once. */
static __always_inline int leave_for(const struct abi_config *c, const struct segment *seg,
                                     enum abi_reason why, int action, __u32 host_id)
{
	__u32 zero = 0;
	__u64 *stats = bpf_map_lookup_elem(&sluice_stats, &zero);

	if (stats)
		stats[why]++; /* per CPU: no atomic */
	if (c->events & 1ULL << why)
		event_send(seg, why, host_id);
	return action;
}

static __always_inline int leave(const struct abi_config *c, const struct segment *seg,
                                 enum abi_reason why, int action)
{
	return leave_for(c, seg, why, action, ABI_HOST_NONE);
}

static __always_inline int refuse(struct xdp_md *ctx, const struct abi_config *c,
                                  const struct segment *seg, enum abi_reason why)
{
	leave(c, seg, why, XDP_DROP);
	if (c->unknown == ABI_UNKNOWN_DROP)
		return XDP_DROP;
	return seg->v6 ? reset_send6(ctx, seg) : reset_send4(ctx, seg);
}

/* s->flow.since_ns and state are set. */
static __always_inline void remember(const struct segment *seg, struct scratch *s, __u32 host_id,
                                     __u32 class_id)
{
	struct abi_flow_key key =
		seg->key; /* Linux < 6.2 takes no key from a function's argument */

	s->flow.host_id = host_id;
	s->flow.class_id = class_id;
	s->flow.worker = ABI_WORKER_NONE;
	s->flow.seq = seg->seq;
	if (s->flow.state == ABI_FLOW_DECIDED && s->name_len) {
		__builtin_memcpy(s->flow.name, s->name, sizeof(s->flow.name));
		s->flow.name[ABI_NAME_SHORT - 1] = '\0';
	} else {
		__builtin_memset(s->flow.name, 0, sizeof(s->flow.name));
	}
	bpf_map_update_elem(&sluice_flows, &key, &s->flow, BPF_ANY);
}

static __always_inline int admit(const struct abi_config *c, const struct segment *seg,
                                 struct scratch *s, __u32 host_id, enum abi_reason why)
{
	struct abi_host *host = bpf_map_lookup_elem(&sluice_hosts, &host_id);
	struct abi_limit *limit = bpf_map_lookup_elem(&sluice_hlimit, &host_id);
	struct abi_host_stats *stats = bpf_map_lookup_elem(&sluice_hstats, &host_id);
	__u64 now = bpf_ktime_get_ns();

	if (!limit_source(c, &seg->key, now, seg->v6, false))
		return leave_for(c, seg, ABI_SOURCE_LIMIT, XDP_DROP, host_id);
	if (host && limit && !limit_take(&limit->tat_ns, now, host->interval_ns, host->burst_ns)) {
		if (stats)
			stats->limited++;
		return leave_for(c, seg, ABI_HOST_LIMIT, XDP_DROP, host_id);
	}
	if (stats)
		stats->admitted++;
	s->flow.since_ns = now;
	s->flow.state = ABI_FLOW_DECIDED;
	remember(seg, s, host_id, host ? host->class_id : ABI_CLASS_NONE);
	return leave_for(c, seg, why, XDP_PASS, host_id);
}

static __always_inline int admit_partial(const struct abi_config *c, const struct segment *seg,
                                         struct scratch *s)
{
	s->flow.since_ns = bpf_ktime_get_ns();
	s->flow.state = ABI_FLOW_PARTIAL;
	if (!limit_source(c, &seg->key, s->flow.since_ns, seg->v6, true))
		return leave(c, seg, ABI_PARTIAL_LIMIT, XDP_DROP);
	remember(seg, s, ABI_HOST_NONE, ABI_CLASS_NONE);
	return leave(c, seg, ABI_PARTIAL, XDP_PASS);
}

/* The first data of a connection, which is not empty. */
__noinline int judge(struct xdp_md *ctx, const struct segment *seg)
{
	const struct abi_config *c = config();
	struct scratch *s = scratch();
	enum abi_reason why = ABI_NO_NAME;
	__u32 host_id = ABI_HOST_NONE;
	__u32 n;

	if (!ctx || !seg || !c || !s)
		return XDP_PASS;
	n = seg->payload_len < ABI_HELLO_WINDOW ? seg->payload_len : ABI_HELLO_WINDOW;
	s->name_len = 0;
	if (bpf_xdp_load_bytes(ctx, seg->payload, s->hello, LENGTH_UPTO(n, 0xfff)))
		return leave(c, seg, ABI_BAD_SEGMENT, XDP_DROP); /* shorter than it says */
	switch (hello_read(s, seg->payload_len)) {
	case HELLO_NAME:
		host_id = hello_host(s);
		why = ABI_UNKNOWN_NAME;
		break;
	case HELLO_NO_NAME:
		break;
	case HELLO_MORE:
	case HELLO_BEYOND:
		return admit_partial(c, seg, s);
	case HELLO_BAD_NAME:
		return refuse(ctx, c, seg, ABI_BAD_NAME);
	case HELLO_NOT_TLS:
		return refuse(ctx, c, seg, ABI_NOT_TLS);
	default:
		return refuse(ctx, c, seg, ABI_BAD_HELLO);
	}
	if (host_id != ABI_HOST_NONE)
		return admit(c, seg, s, host_id, ABI_ADMITTED);
	if (c->unknown == ABI_UNKNOWN_DEFAULT)
		return admit(c, seg, s, c->default_host, ABI_DEFAULTED);
	return refuse(ctx, c, seg, why);
}

/* Return: the state of the socket that would get the segment; 0 none. */
__noinline int socket_state(struct xdp_md *ctx, const struct segment *seg)
{
	struct bpf_sock_tuple t;
	struct bpf_sock *sk;
	__u32 size = sizeof(t.ipv6);
	int state;

	if (!ctx || !seg)
		return 0;
	if (seg->v6) {
		__builtin_memcpy(t.ipv6.saddr, seg->key.saddr, 16);
		__builtin_memcpy(t.ipv6.daddr, seg->key.daddr, 16);
		t.ipv6.sport = seg->key.sport_be;
		t.ipv6.dport = seg->key.dport_be;
	} else {
		__builtin_memcpy(&t.ipv4.saddr, seg->key.saddr + 12, 4);
		__builtin_memcpy(&t.ipv4.daddr, seg->key.daddr + 12, 4);
		t.ipv4.sport = seg->key.sport_be;
		t.ipv4.dport = seg->key.dport_be;
		size = sizeof(t.ipv4);
	}
	sk = size == sizeof(t.ipv4)
	             ? bpf_skc_lookup_tcp(ctx, &t, sizeof(t.ipv4), BPF_F_CURRENT_NETNS, 0)
	             : bpf_skc_lookup_tcp(ctx, &t, sizeof(t.ipv6), BPF_F_CURRENT_NETNS, 0);
	if (!sk)
		return 0;
	state = sk->state;
	bpf_sk_release(sk);
	return state;
}

/* The kernel has completed, or is about to complete, this handshake: the data is next. */
static __always_inline int await(struct xdp_md *ctx, const struct abi_config *c,
                                 const struct segment *seg)
{
	struct scratch *s = scratch();

	if (seg->payload_len)
		return judge(ctx, seg);
	if (s && !(seg->flags & (TCP_FIN | TCP_RST))) {
		s->flow.since_ns = bpf_ktime_get_ns();
		s->flow.state = ABI_FLOW_AWAITING;
		remember(seg, s, ABI_HOST_NONE, ABI_CLASS_NONE);
	}
	return leave(c, seg, ABI_AWAITING, XDP_PASS);
}

/* Of no flow we know, and no cookie in it that counts. */
static __always_inline int stranger(struct xdp_md *ctx, const struct abi_config *c,
                                    const struct segment *seg)
{
	int state;

	if ((c->flags & (ABI_COOKIES | ABI_STRICT)) == ABI_COOKIES)
		return leave(c, seg, ABI_UNPROVEN, XDP_PASS);
	state = socket_state(ctx, seg);
	if (state == SOCKET_SYN_RECEIVED && !(seg->flags & TCP_SYN))
		return await(ctx, c, seg);
	if (state && state != SOCKET_LISTENS)
		return leave(c, seg, ABI_SOCKET, XDP_PASS);
	if (!(c->flags & ABI_STRICT))
		return leave(c, seg, ABI_UNPROVEN, XDP_PASS);
	/* without ABI_COOKIES the kernel may still have sent one, when its queue was full */
	if (!(c->flags & ABI_COOKIES) && !(seg->flags & (TCP_SYN | TCP_RST)) &&
	    cookie_valid(ctx, seg))
		return await(ctx, c, seg);
	return leave(c, seg, ABI_STRANGER, XDP_DROP);
}

static __always_inline int on_syn(struct xdp_md *ctx, const struct abi_config *c,
                                  const struct segment *seg)
{
	__u32 index = seg->group;
	struct abi_group *group;
	int action;

	bpf_map_delete_elem(&sluice_flows, &seg->key); /* a new connection is judged anew */
	if ((c->flags & (ABI_COOKIES | ABI_FLOOD)) != (ABI_COOKIES | ABI_FLOOD))
		return leave(c, seg, ABI_SYN, XDP_PASS);
	group = bpf_map_lookup_elem(&sluice_groups, &index);
	if (!group ||
	    limit_take(&group->syn_tat_ns, bpf_ktime_get_ns(), c->syn_interval_ns, c->syn_burst_ns))
		return leave(c, seg, ABI_SYN, XDP_PASS);
	action = seg->v6 ? syn_answer6(ctx, seg) : syn_answer4(ctx, seg);
	return leave(c, seg, action == XDP_TX ? ABI_SYN_ANSWERED : ABI_BROKEN, action);
}

static __always_inline int on_segment(struct xdp_md *ctx, const struct abi_config *c,
                                      const struct segment *seg)
{
	const struct abi_flow *flow;

	if ((seg->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN)
		return on_syn(ctx, c, seg);
	flow = bpf_map_lookup_elem(&sluice_flows, &seg->key);
	if (flow && always_judge)
		flow = NULL;
	if (flow && flow->state != ABI_FLOW_AWAITING)
		return leave(c, seg, ABI_FLOW, XDP_PASS);
	if (flow) {
		if (seg->payload_len && seg->seq == flow->seq)
			return judge(ctx, seg);
		return leave(c, seg, ABI_AWAITING, XDP_PASS);
	}
	if (!(c->flags & ABI_COOKIES) || seg->flags & (TCP_SYN | TCP_RST) ||
	    !cookie_valid(ctx, seg))
		return stranger(ctx, c, seg);
	if (seg->payload_len)
		return judge(ctx, seg);
	if (seg->flags & TCP_FIN)
		return refuse(ctx, c, seg, ABI_NO_HELLO);
	return leave(c, seg, ABI_HANDSHAKE_ACK, XDP_DROP);
}

SEC("xdp.frags")
int sluice_steer(struct xdp_md *ctx)
{
	const struct abi_config *c = config();
	struct abi_port port;
	const __be16 *ports;
	struct segment seg;
	struct frame f;

	if (!c || !parse_frame(ctx, &f))
		return XDP_PASS;
	ports = parse_ports(ctx, &f);
	if (!ports)
		return XDP_PASS;
	port = managed_port(c, ports[1]);
	if (!port.port_be)
		return XDP_PASS;
	seg.key.sport_be = ports[0];
	seg.key.dport_be = ports[1];
	seg.l3 = f.l3;
	seg.l4 = f.l4;
	seg.v6 = f.v6;
	seg.seq = 0;
	seg.flags = 0;
	seg.payload = 0;
	seg.payload_len = 0;
	if (!parse_addresses(ctx, &f, &seg.key) || !managed_group(port, &seg.key, f.v6, &seg.group))
		return XDP_PASS;
	if (f.fragment)
		return leave(c, &seg, ABI_FRAGMENT, XDP_DROP);
	if (!parse_tcp(ctx, &f, &seg))
		return leave(c, &seg, ABI_BAD_SEGMENT, XDP_DROP);
	return on_segment(ctx, c, &seg);
}

char LICENSE[] SEC("license") = "GPL";
