/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * frame.h - Ethernet frames with a TCP segment in them, written from a description.
 */
#pragma once

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>

#include "base/slice.h"

enum {
	FRAME_ROOM = 24000,
	FRAME_SYN = 0x02,
	FRAME_RST = 0x04,
	FRAME_FIN = 0x01,
	FRAME_ACK = 0x10,
	FRAME_PORT = 8443,
	IP6_HOP = 0,
	IP6_ROUTING = 43,
	IP6_FRAG = 44,
	IP6_DEST = 60,
};

struct frame_spec {
	unsigned int tags; /* VLAN: 1, QinQ: 2 */
	bool v6;
	uint8_t ip_options; /* bytes, of four */
	uint8_t ext[10];    /* IPv6 extension headers: numbers, hop-by-hop's is 0 */
	size_t ext_len;
	uint16_t fragment; /* IPv4: flags and offset as on the wire; IPv6: offset and M */
	uint32_t client;   /* last four bytes of its address */
	uint16_t sport;
	uint16_t dport;
	uint32_t seq;
	uint32_t ack;
	uint8_t flags;
	struct slice options; /* TCP */
	struct slice payload;
	int length_lie;   /* added to what the IP header says */
	uint8_t doff_lie; /* instead of the right one */
};

struct frame {
	uint8_t bytes[FRAME_ROOM];
	size_t len;
	size_t l3;
	size_t l4;
};

static const struct frame_spec frame_default = { .client = 0x0a000001,
	                                         .sport = 40000,
	                                         .dport = FRAME_PORT,
	                                         .seq = 1000,
	                                         .flags = FRAME_ACK };

static inline void frame_put(struct frame *f, const void *bytes, size_t len)
{
	must(f->len + len <= sizeof(f->bytes));
	if (len > 0)
		memcpy(f->bytes + f->len, bytes, len);
	f->len += len;
}

static inline uint32_t frame_sum(const uint8_t *p, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	return sum;
}

static inline uint16_t frame_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static inline void frame_put_ethernet(struct frame *f, const struct frame_spec *s)
{
	const uint8_t macs[12] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1 };
	uint16_t proto = htons(s->v6 ? ETH_P_IPV6 : ETH_P_IP);

	frame_put(f, macs, sizeof(macs));
	for (unsigned int i = 0; i < s->tags; i++) {
		uint16_t tag[2] = { htons(s->tags == 2 && i == 0 ? ETH_P_8021AD : ETH_P_8021Q),
			            htons(5) };

		frame_put(f, tag, sizeof(tag));
	}
	frame_put(f, &proto, sizeof(proto));
	f->l3 = f->len;
}

static inline void frame_addresses(const struct frame_spec *s, uint8_t saddr[16], uint8_t daddr[16])
{
	const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	const uint8_t prefix[12] = { 0xfd, 1 };
	const uint8_t server[4] = { 10, 0, 0, 2 };
	uint32_t client = htonl(s->client);

	memcpy(saddr, s->v6 ? prefix : mapped, 12);
	memcpy(daddr, s->v6 ? prefix : mapped, 12);
	memcpy(saddr + 12, &client, 4);
	memcpy(daddr + 12, server, 4);
}

static inline void frame_put_ip4(struct frame *f, const struct frame_spec *s, size_t tcp_len)
{
	struct iphdr ip = { .version = 4, .ttl = 64, .protocol = IPPROTO_TCP };
	const uint8_t nops[40] = { [0 ... 39] = 1 };
	uint8_t addrs[2][16];
	size_t header = sizeof(ip) + s->ip_options;

	frame_addresses(s, addrs[0], addrs[1]);
	ip.ihl = (header / 4) & 15;
	ip.tot_len = htons((uint16_t)((int)(header + tcp_len) + s->length_lie));
	ip.frag_off = htons(s->fragment);
	memcpy(&ip.saddr, addrs[0] + 12, 4);
	memcpy(&ip.daddr, addrs[1] + 12, 4);
	frame_put(f, &ip, sizeof(ip));
	frame_put(f, nops, s->ip_options);
	ip.check = htons(frame_fold(frame_sum(f->bytes + f->l3, header, 0)));
	memcpy(f->bytes + f->l3 + offsetof(struct iphdr, check), &ip.check, 2);
}

static inline void frame_put_ip6(struct frame *f, const struct frame_spec *s, size_t tcp_len)
{
	struct ipv6hdr ip = { .version = 6, .hop_limit = 64 };
	uint8_t addrs[2][16];

	frame_addresses(s, addrs[0], addrs[1]);
	memcpy(&ip.saddr, addrs[0], 16);
	memcpy(&ip.daddr, addrs[1], 16);
	ip.nexthdr = s->ext_len ? s->ext[0] : IPPROTO_TCP;
	ip.payload_len = htons((uint16_t)((int)(tcp_len + s->ext_len * 8) + s->length_lie));
	frame_put(f, &ip, sizeof(ip));
	for (size_t i = 0; i < s->ext_len; i++) {
		uint8_t ext[8] = { i + 1 < s->ext_len ? s->ext[i + 1] : IPPROTO_TCP, 0, 1, 4 };

		if (s->ext[i] == IP6_FRAG) {
			ext[2] = (uint8_t)(s->fragment >> 8);
			ext[3] = (uint8_t)s->fragment;
		}
		frame_put(f, ext, sizeof(ext));
	}
}

static inline void frame_build(struct frame *f, const struct frame_spec *s)
{
	size_t tcp_len = sizeof(struct tcphdr) + s->options.len + s->payload.len;
	struct tcphdr tcp = { .source = htons(s->sport), .dest = htons(s->dport) };
	uint8_t addrs[32];
	uint32_t sum;

	*f = (struct frame){ .len = 0 };
	frame_put_ethernet(f, s);
	if (s->v6)
		frame_put_ip6(f, s, tcp_len);
	else
		frame_put_ip4(f, s, tcp_len);
	f->l4 = f->len;
	tcp.seq = htonl(s->seq);
	tcp.ack_seq = htonl(s->ack);
	tcp.doff = (s->doff_lie ? s->doff_lie : (sizeof(tcp) + s->options.len) / 4) & 15;
	tcp.window = htons(64240);
	frame_put(f, &tcp, sizeof(tcp));
	f->bytes[f->l4 + 13] = s->flags;
	frame_put(f, s->options.ptr, s->options.len);
	frame_put(f, s->payload.ptr, s->payload.len);
	frame_addresses(s, addrs, addrs + 16);
	/* the ones in a mapped address do not change such a sum */
	sum = frame_sum(addrs, sizeof(addrs), 0) + IPPROTO_TCP + (uint32_t)tcp_len;
	tcp.check = htons(frame_fold(frame_sum(f->bytes + f->l4, tcp_len, sum)));
	memcpy(f->bytes + f->l4 + offsetof(struct tcphdr, check), &tcp.check, 2);
}
