/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reply.bpf.h - a frame turned round: the answer to a segment, sent from where it came.
 */
#ifndef REPLY_BPF_H
#define REPLY_BPF_H

#include "parse.bpf.h"

/*
 * The same value, provably in 1..@mask + 1 if it was: what helpers with a length want.
 * A comparison is no proof for Linux 6.1.
 */
#define LENGTH_UPTO(len, mask)                                                                     \
	({                                                                                         \
		__u64 len_ = (__u64)(len)-1;                                                       \
		asm volatile("%0 &= %1" : "+r"(len_) : "i"(mask));                                 \
		len_ + 1;                                                                          \
	})

enum { REPLY_TTL = 64, REPLY_OPTIONS_MAX = 20 };

struct reply {
	__u32 seq;
	__u32 ack_seq;
	__u16 window;
	__u8 flags; /* TCP_* */
	__u8 options_len;
	__be32 options[REPLY_OPTIONS_MAX / 4];
};

struct reply_tcp {
	struct tcphdr head;
	__be32 options[REPLY_OPTIONS_MAX / 4];
};

static __always_inline __u16 checksum_fold(__s64 sum)
{
	__u32 c = (__u32)sum;

	c = (c & 0xffff) + (c >> 16);
	c = (c & 0xffff) + (c >> 16);
	return ~c;
}

static __always_inline void reply_tcp(const struct segment *seg, const struct reply *r,
                                      struct reply_tcp *out)
{
	__builtin_memset(out, 0, sizeof(*out));
	out->head.source = seg->key.dport_be;
	out->head.dest = seg->key.sport_be;
	out->head.seq = bpf_htonl(r->seq);
	out->head.ack_seq = bpf_htonl(r->ack_seq);
	((__u8 *)&out->head)[12] = (__u8)((sizeof(out->head) + r->options_len) / 4 << 4);
	((__u8 *)&out->head)[13] = r->flags;
	out->head.window = bpf_htons(r->window);
	__builtin_memcpy(out->options, r->options, sizeof(out->options));
}

/* Behind the options there are zeroes, which a checksum does not see. */
static __always_inline long reply_put6(struct xdp_md *ctx, const struct segment *seg,
                                       struct reply_tcp *tcp, __u32 len)
{
	struct ipv6hdr ip = { .version = 6,
		              .payload_len = bpf_htons(len),
		              .nexthdr = IPPROTO_TCP,
		              .hop_limit = REPLY_TTL };
	__s64 sum = bpf_htons(IPPROTO_TCP) + bpf_htons(len);

	__builtin_memcpy(&ip.saddr, seg->key.daddr, 16);
	__builtin_memcpy(&ip.daddr, seg->key.saddr, 16);
	sum = bpf_csum_diff(NULL, 0, (__be32 *)&ip.saddr, 32, sum);
	sum = bpf_csum_diff(NULL, 0, (__be32 *)tcp, sizeof(*tcp), sum);
	tcp->head.check = checksum_fold(sum);
	return bpf_xdp_store_bytes(ctx, seg->l3, &ip, sizeof(ip));
}

static __always_inline long reply_put4(struct xdp_md *ctx, const struct segment *seg,
                                       struct reply_tcp *tcp, __u32 len)
{
	struct iphdr ip = { .version = 4,
		            .ihl = sizeof(ip) / 4,
		            .tot_len = bpf_htons(sizeof(ip) + len),
		            .frag_off = bpf_htons(0x4000),
		            .ttl = REPLY_TTL,
		            .protocol = IPPROTO_TCP };
	__s64 sum = bpf_htons(IPPROTO_TCP) + bpf_htons(len);

	__builtin_memcpy(&ip.saddr, seg->key.daddr + 12, 4);
	__builtin_memcpy(&ip.daddr, seg->key.saddr + 12, 4);
	ip.check = checksum_fold(bpf_csum_diff(NULL, 0, (__be32 *)&ip, sizeof(ip), 0));
	sum = bpf_csum_diff(NULL, 0, (__be32 *)&ip.saddr, 8, sum);
	sum = bpf_csum_diff(NULL, 0, (__be32 *)tcp, sizeof(*tcp), sum);
	tcp->head.check = checksum_fold(sum);
	return bpf_xdp_store_bytes(ctx, seg->l3, &ip, sizeof(ip));
}

static __always_inline long reply_turn_ethernet(struct xdp_md *ctx)
{
	__u8 macs[2][ETH_ALEN];
	__u8 turned[2][ETH_ALEN];

	if (bpf_xdp_load_bytes(ctx, 0, macs, sizeof(macs)))
		return -1;
	__builtin_memcpy(turned[0], macs[1], ETH_ALEN);
	__builtin_memcpy(turned[1], macs[0], ETH_ALEN);
	return bpf_xdp_store_bytes(ctx, 0, turned, sizeof(turned));
}

/*
 * VLAN tags stay, IP options and extension headers go. The frame is only ever cut: no
 * answer is longer than what it answers.
 */
static __always_inline int reply_send(struct xdp_md *ctx, const struct segment *seg,
                                      const struct reply *r, const bool v6)
{
	const __u32 ip_len = v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	__u32 len = sizeof(struct tcphdr) + r->options_len;
	struct reply_tcp tcp;
	int size = seg->l3 + ip_len + len;

	if (bpf_xdp_adjust_tail(ctx, size - (int)bpf_xdp_get_buff_len(ctx)))
		return XDP_DROP;
	reply_tcp(seg, r, &tcp);
	if (v6 ? reply_put6(ctx, seg, &tcp, len) : reply_put4(ctx, seg, &tcp, len))
		return XDP_DROP;
	if (bpf_xdp_store_bytes(ctx, seg->l3 + ip_len, &tcp, LENGTH_UPTO(len, 63)) ||
	    reply_turn_ethernet(ctx))
		return XDP_DROP;
	return XDP_TX;
}

/* Source: RFC 9293 section 3.10.7.1: the reset takes its sequence number from the ACK. */
static __always_inline int reset_send(struct xdp_md *ctx, const struct segment *seg, const bool v6)
{
	struct reply r = { .flags = TCP_RST };
	const struct tcphdr *tcp;

	if (!ctx || !seg || seg->l3 > L3_MAX || seg->l4 > L4_MAX)
		return XDP_DROP;
	tcp = frame_at(ctx, seg->l4);
	if ((void *)(tcp + 1) > frame_end(ctx))
		return XDP_DROP;
	r.seq = bpf_ntohl(tcp->ack_seq);
	return reply_send(ctx, seg, &r, v6);
}

__noinline int reset_send4(struct xdp_md *ctx, const struct segment *seg)
{
	return reset_send(ctx, seg, false);
}

__noinline int reset_send6(struct xdp_md *ctx, const struct segment *seg)
{
	return reset_send(ctx, seg, true);
}

#endif
