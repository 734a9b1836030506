/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * parse.bpf.h - from a frame to its TCP header.
 *
 * Ethernet, up to two VLAN tags, IPv4 with options, IPv6 with extension headers. What
 * it does not understand is not ours and goes to the kernel.
 */
#ifndef PARSE_BPF_H
#define PARSE_BPF_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>

#include <bpf/bpf_endian.h>

#include "maps.bpf.h"

enum {
	VLAN_TAGS_MAX = 2,
	IP6_HEADERS_MAX = 8,
	IP6_FRAGMENT = 44,
	IP4_MORE = 0x2000,
	IP4_OFFSET = 0x1fff,
	L3_MAX = 14 + 4 * VLAN_TAGS_MAX,
	L4_MAX = 511, /* TCP headers further into the frame are not looked for */
	PORTS_BYTES = 4,

	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_ACK = 0x10,
};

/* Where things are, from the start of the frame. */
struct frame {
	__u32 l3;     /* IP header */
	__u32 l4;     /* TCP header */
	__u32 l4_len; /* TCP header and payload, as the IP header says */
	bool v6;
	bool fragment; /* the first of several: perhaps no more than the ports are there */
};

/* A segment for a managed port. */
struct segment {
	struct abi_flow_key key;
	__u32 l3;
	__u32 l4;
	__u32 payload; /* offset */
	__u32 payload_len;
	__u32 seq;
	__u32 group; /* set of listeners it is for */
	__u32 flags; /* TCP_* */
	__u32 v6;
};

struct vlan_tag {
	__be16 tci;
	__be16 proto;
};

struct ip6_extension {
	__u8 next;
	__u8 len; /* in units of 8 bytes, not counting the first */
	__be16 fragment_offset;
	__be32 id;
};

/*
 * clang 14 would keep ctx->data in a 32-bit register, which the verifier takes for a
 * number and no longer for a pointer.
 */
static __always_inline void *frame_begin(const struct xdp_md *ctx)
{
	void *p;

	asm volatile("%0 = *(u32 *)(%1 + %2)"
	             : "=r"(p)
	             : "r"(ctx), "i"(__builtin_offsetof(struct xdp_md, data)));
	return p;
}

static __always_inline void *frame_end(const struct xdp_md *ctx)
{
	void *p;

	asm volatile("%0 = *(u32 *)(%1 + %2)"
	             : "=r"(p)
	             : "r"(ctx), "i"(__builtin_offsetof(struct xdp_md, data_end)));
	return p;
}

/*
 * @begin + @at as one pointer: two sums, one that is compared with the end and one that
 * is read through, are two pointers for the verifier.
 */
static __always_inline void *frame_at(const struct xdp_md *ctx, __u32 at)
{
	void *p = frame_begin(ctx) + at;

	asm volatile("" : "+r"(p));
	return p;
}

static __always_inline bool parse_ip4(struct frame *f, const struct iphdr *ip, const void *end)
{
	__u32 header;
	__u32 total;

	if ((void *)(ip + 1) > end || ip->protocol != IPPROTO_TCP)
		return false;
	if (ip->frag_off & bpf_htons(IP4_OFFSET))
		return false; /* without its first, the datagram is never put together */
	f->fragment = (ip->frag_off & bpf_htons(IP4_MORE)) != 0;
	header = ip->ihl * 4;
	total = bpf_ntohs(ip->tot_len);
	if (header < sizeof(*ip) || total < header)
		return false;
	f->l4 = f->l3 + header;
	f->l4_len = total - header;
	return true;
}

static __always_inline bool parse_ip6(struct frame *f, const struct ipv6hdr *ip,
                                      const struct xdp_md *ctx, const void *end)
{
	__u32 at = f->l3 + sizeof(*ip);
	__u32 len;
	__u8 next;

	if ((void *)(ip + 1) > end)
		return false;
	next = ip->nexthdr;
	len = bpf_ntohs(ip->payload_len);
	for (int i = 0; i < IP6_HEADERS_MAX && next != IPPROTO_TCP; i++) {
		const struct ip6_extension *ext;
		__u32 ext_len;

		if (at > L4_MAX)
			return false;
		ext = frame_at(ctx, at);
		if ((void *)(ext + 1) > end)
			return false;
		if (next == IP6_FRAGMENT) {
			__u16 offset = bpf_ntohs(ext->fragment_offset);

			if (offset & ~7)
				return false;
			f->fragment = offset & 1; /* 0: a whole datagram, just so marked */
			ext_len = sizeof(*ext);
		} else if (next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING ||
		           next == IPPROTO_DSTOPTS) {
			ext_len = (ext->len + 1) * 8;
		} else {
			return false;
		}
		next = ext->next;
		at += ext_len;
		if (len < ext_len)
			return false;
		len -= ext_len;
	}
	f->l4 = at;
	f->l4_len = len;
	return next == IPPROTO_TCP;
}

/* Return: false when the frame is no TCP that we understand. */
static __always_inline bool parse_frame(const struct xdp_md *ctx, struct frame *f)
{
	const void *begin = frame_begin(ctx);
	const void *end = frame_end(ctx);
	const struct ethhdr *eth = begin;
	const void *at = eth + 1;
	__be16 proto;

	if (at > end)
		return false;
	proto = eth->h_proto;
	f->l3 = sizeof(*eth);
	for (int i = 0; i < VLAN_TAGS_MAX; i++) {
		const struct vlan_tag *tag = at;

		if (proto != bpf_htons(ETH_P_8021Q) && proto != bpf_htons(ETH_P_8021AD))
			break;
		if ((void *)(tag + 1) > end)
			return false;
		proto = tag->proto;
		at = tag + 1;
		f->l3 += sizeof(*tag);
	}
	f->v6 = proto == bpf_htons(ETH_P_IPV6);
	f->fragment = 0;
	if (f->v6)
		return parse_ip6(f, at, ctx, end) && f->l4 <= L4_MAX;
	return proto == bpf_htons(ETH_P_IP) && parse_ip4(f, at, end);
}

/* The four bytes of ports, or NULL. Fragments' and whole TCP headers begin with them. */
static const __always_inline __be16 *parse_ports(const struct xdp_md *ctx, const struct frame *f)
{
	const __be16 *ports;

	if (f->l4 > L4_MAX)
		return NULL;
	ports = frame_at(ctx, f->l4);
	return (void *)ports + PORTS_BYTES > frame_end(ctx) ? NULL : ports;
}

static __always_inline bool parse_addresses(const struct xdp_md *ctx, const struct frame *f,
                                            struct abi_flow_key *out)
{
	const void *ip = frame_at(ctx, f->l3);
	const struct ipv6hdr *ip6 = ip;
	const struct iphdr *ip4 = ip;

	if (f->v6) {
		if ((void *)(ip6 + 1) > frame_end(ctx))
			return false;
		__builtin_memcpy(out->saddr, &ip6->saddr, 16);
		__builtin_memcpy(out->daddr, &ip6->daddr, 16);
		return true;
	}
	if ((void *)(ip4 + 1) > frame_end(ctx))
		return false;
	__builtin_memset(out->saddr, 0, 10);
	__builtin_memset(out->daddr, 0, 10);
	__builtin_memset(out->saddr + 10, 0xff, 2);
	__builtin_memset(out->daddr + 10, 0xff, 2);
	__builtin_memcpy(out->saddr + 12, &ip4->saddr, 4);
	__builtin_memcpy(out->daddr + 12, &ip4->daddr, 4);
	return true;
}

/* Return: false when lengths or flags are what no TCP sends. */
static __always_inline bool parse_tcp(const struct xdp_md *ctx, const struct frame *f,
                                      struct segment *out)
{
	const struct tcphdr *tcp;
	__u32 header;

	if (f->l4 > L4_MAX)
		return false;
	tcp = frame_at(ctx, f->l4);
	if ((void *)(tcp + 1) > frame_end(ctx))
		return false;
	out->flags = ((const __u8 *)tcp)[13];
	out->seq = bpf_ntohl(tcp->seq);
	header = tcp->doff * 4;
	if (header < sizeof(*tcp) || header > f->l4_len)
		return false;
	out->payload = f->l4 + header;
	out->payload_len = f->l4_len - header;
	if (out->flags & TCP_SYN)
		return !(out->flags & (TCP_FIN | TCP_RST));
	return out->flags & (TCP_ACK | TCP_RST);
}

#endif
