/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cookie.bpf.h - SYN cookies: whether a segment brings one, and ours in a SYN-ACK.
 *
 * The kernel takes a cookie only while one of its own is at most two minutes old for
 * that listener, so flood mode lets a SYN through now and then. It unpacks window
 * scale and SACK from the timestamp, which works only while it adds no secret to it
 * (tcp_timestamps=2): without ABI_TIMESTAMPS we offer neither.
 */
#ifndef COOKIE_BPF_H
#define COOKIE_BPF_H

#include "parse.bpf.h"
#include "reply.bpf.h"

enum {
	TCP_HEADER_MAX = 60,
	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_MSS = 2,
	OPTION_WSCALE = 3,
	OPTION_SACK = 4,
	OPTION_TIMESTAMP = 8,
	OPTIONS_MAX = 24,   /* looked at in one SYN */
	TS_NO_WSCALE = 0xf, /* the kernel's encoding: include/net/tcp.h, net/ipv4/syncookies.c */
	TS_SACK = 0x10,
	TS_BITS = 0x3f,
};

#define NS_PER_MS 1000000

/*
 * The verifier has to see pointers into the frame, so the two families are two functions.
 * Return: 0 when @l4 acknowledges a cookie of this machine; the first three bytes of a
 * connection all count as its first.
 */
__noinline int cookie_check4(struct xdp_md *ctx, __u32 l3, __u32 l4)
{
	struct iphdr *ip;
	struct tcphdr *tcp;

	if (!ctx || l3 > L3_MAX || l4 > L4_MAX)
		return -1;
	ip = frame_at(ctx, l3);
	tcp = frame_at(ctx, l4);
	if ((void *)(ip + 1) > frame_end(ctx) || (void *)(tcp + 1) > frame_end(ctx))
		return -1;
	return bpf_tcp_raw_check_syncookie_ipv4(ip, tcp);
}

__noinline int cookie_check6(struct xdp_md *ctx, __u32 l3, __u32 l4)
{
	struct ipv6hdr *ip;
	struct tcphdr *tcp;

	if (!ctx || l3 > L3_MAX || l4 > L4_MAX)
		return -1;
	ip = frame_at(ctx, l3);
	tcp = frame_at(ctx, l4);
	if ((void *)(ip + 1) > frame_end(ctx) || (void *)(tcp + 1) > frame_end(ctx))
		return -1;
	return bpf_tcp_raw_check_syncookie_ipv6(ip, tcp);
}

static __always_inline bool cookie_valid(struct xdp_md *ctx, const struct segment *seg)
{
	return (seg->v6 ? cookie_check6(ctx, seg->l3, seg->l4)
	                : cookie_check4(ctx, seg->l3, seg->l4)) == 0;
}

/*
 * One option. Called in a loop by bpf_loop(): unrolled, it would be most of what is verified.
 * What it finds lies in a map, not on the caller's stack: Linux < 6.7 verifies one round,
 * takes what that leaves on the stack for what all rounds leave, and removes the branches
 * that are then never taken, e.g. all that ask for an option behind the first.
 */
static long syn_read_option(__u32 i, void *unused)
{
	struct scratch *s = scratch();
	struct syn_options *o;
	__u32 at;
	__u8 kind;
	__u8 size;

	(void)i;
	(void)unused;
	if (!s)
		return 1;
	o = &s->syn;
	at = o->at;
	if (at >= o->len || at > TCP_HEADER_MAX - 2)
		return 1;
	kind = o->header[at & 63];
	if (kind == OPTION_END)
		return 1;
	if (kind == OPTION_NOP) {
		o->at = at + 1;
		return 0;
	}
	size = o->header[(at + 1) & 63];
	if (size < 2 || at + size > o->len)
		return 1;
	if (kind == OPTION_MSS && size == 4) {
		o->offer.mss = 1;
	} else if (kind == OPTION_SACK && size == 2) {
		o->offer.sack = 1;
	} else if (kind == OPTION_WSCALE && size == 3) {
		__u8 wscale = o->header[(at + 2) & 63];

		o->offer.wscale = wscale > 14 ? 14 : wscale;
	} else if (kind == OPTION_TIMESTAMP && size == 10) {
		o->offer.timestamp = 1;
		o->offer.tsval_be = o->header[(at + 2) & 63] | o->header[(at + 3) & 63] << 8 |
		                    o->header[(at + 4) & 63] << 16 |
		                    (__u32)o->header[(at + 5) & 63] << 24;
	}
	o->at = at + size;
	return 0;
}

/* Now in milliseconds, its low bits what the client offered; never ahead of now. */
static __always_inline __u32 syn_timestamp(const struct syn_offer *offer)
{
	__u32 now = bpf_ktime_get_ns() / NS_PER_MS;
	__u32 value = (now & ~TS_BITS) | offer->wscale | (offer->sack ? TS_SACK : 0);

	return (__s32)(value - now) > 0 ? value - (TS_BITS + 1) : value;
}

/* As many options as the client sent at most, so the frame never has to grow. Return: their bytes. */
static __always_inline __u32 syn_write_options(const struct abi_config *c, bool v6,
                                               const struct syn_offer *offer, __be32 out[5])
{
	if (!offer->mss)
		return 0;
	out[0] = bpf_htonl(OPTION_MSS << 24 | 4 << 16 | (v6 ? c->mss6 : c->mss4));
	if (!offer->timestamp || !(c->flags & ABI_TIMESTAMPS))
		return 4;
	out[1] = bpf_htonl(
		(offer->sack ? OPTION_SACK << 24 | 2 << 16 : OPTION_NOP << 24 | OPTION_NOP << 16) |
		OPTION_TIMESTAMP << 8 | 10);
	out[2] = bpf_htonl(syn_timestamp(offer));
	out[3] = offer->tsval_be;
	if (offer->wscale == TS_NO_WSCALE)
		return 16;
	out[4] = bpf_htonl(OPTION_NOP << 24 | OPTION_WSCALE << 16 | 3 << 8 | c->wscale);
	return 20;
}

/* The SYN's TCP header into memory of known size: the helper takes no other. Return: bytes; 0 cannot. */
static __always_inline __u32 syn_copy_header(struct xdp_md *ctx, __u32 l4, __u32 len, __u8 out[64])
{
	len = LENGTH_UPTO(len, 63);
	if (len < sizeof(struct tcphdr) || len > TCP_HEADER_MAX)
		return 0;
	return bpf_xdp_load_bytes(ctx, l4, out, LENGTH_UPTO(len, 63)) ? 0 : len;
}

/* Return: the cookie, the sequence number to answer with; negative: none can be made. */
static __always_inline __s64 syn_cookie(struct xdp_md *ctx, __u32 l3, __u8 header[64], __u32 len,
                                        const bool v6)
{
	struct ipv6hdr *ip6;
	struct iphdr *ip4;

	if (l3 > L3_MAX)
		return -1;
	if (v6) {
		ip6 = frame_at(ctx, l3);
		if ((void *)(ip6 + 1) > frame_end(ctx))
			return -1;
		return bpf_tcp_raw_gen_syncookie_ipv6(ip6, (void *)header, LENGTH_UPTO(len, 63));
	}
	ip4 = frame_at(ctx, l3);
	if ((void *)(ip4 + 1) > frame_end(ctx))
		return -1;
	return bpf_tcp_raw_gen_syncookie_ipv4(ip4, (void *)header, LENGTH_UPTO(len, 63));
}

static __always_inline int syn_answer(struct xdp_md *ctx, const struct segment *seg, const bool v6)
{
	const struct abi_config *c = config();
	struct scratch *s = scratch();
	struct reply r = { .flags = TCP_SYN | TCP_ACK };
	struct syn_options *o;
	__s64 cookie;

	if (!ctx || !seg || !c || !s)
		return XDP_PASS;
	o = &s->syn;
	o->offer = (struct syn_offer){ .wscale = TS_NO_WSCALE };
	o->at = sizeof(struct tcphdr);
	o->len = syn_copy_header(ctx, seg->l4, seg->payload - seg->l4, o->header);
	if (!o->len)
		return XDP_PASS;
	cookie = syn_cookie(ctx, seg->l3, o->header, o->len, v6);
	if (cookie < 0)
		return XDP_PASS;
	bpf_loop(OPTIONS_MAX, syn_read_option, NULL, 0);
	r.options_len = syn_write_options(c, v6, &o->offer, r.options);
	r.seq = (__u32)cookie;
	r.ack_seq = seg->seq + 1;
	r.window = c->window;
	return reply_send(ctx, seg, &r, v6);
}

__noinline int syn_answer4(struct xdp_md *ctx, const struct segment *seg)
{
	return syn_answer(ctx, seg, false);
}

__noinline int syn_answer6(struct xdp_md *ctx, const struct segment *seg)
{
	return syn_answer(ctx, seg, true);
}

#endif
