/* SPDX-License-Identifier: GPL-2.0-only */
/* What the program sends: byte for byte what a TCP would. */
#include "hello.h"
#include "kit.h"

static struct kit k;
static struct outcome o;

static void setup(void)
{
	kit_open(&k);
}

static void teardown(void)
{
	kit_close(&k);
}

TestSuite(bpf_reply, .init = setup, .fini = teardown);

/* An answer taken apart. */
struct answer {
	struct tcphdr tcp;
	uint8_t flags;
	struct slice options;
};

static void expect_ip4(const uint8_t *ip, size_t tcp_len, const char *why)
{
	struct iphdr head;

	memcpy(&head, ip, sizeof(head));
	cr_expect_eq(head.ihl, 5, "%s", why);
	cr_expect_eq(ntohs(head.tot_len), sizeof(head) + tcp_len, "%s", why);
	cr_expect_eq(frame_fold(frame_sum(ip, sizeof(head), 0)), 0, "%s: IP checksum", why);
}

/* To whom it came from, in one piece, with right checksums; @s is what it answers. */
static void take_apart(const struct frame_spec *s, struct answer *out, const char *why)
{
	const uint8_t macs[12] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
	const size_t l3 = 14 + 4 * s->tags;
	const size_t l4 = l3 + (s->v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr));
	const size_t tcp_len = o.out_len - l4;
	uint8_t addrs[32];
	uint32_t sum;

	cr_assert_eq(o.action, XDP_TX, "%s: %s", why, reason_name(o.reason));
	cr_assert_geq(o.out_len, l4 + sizeof(out->tcp), "%s", why);
	cr_expect_eq(memcmp(o.out, macs, sizeof(macs)), 0, "%s: MAC addresses", why);
	if (s->v6) {
		cr_expect_eq((size_t)(o.out[l3 + 4] << 8 | o.out[l3 + 5]), tcp_len, "%s", why);
		cr_expect_eq(o.out[l3 + 6], IPPROTO_TCP, "%s", why);
	} else {
		expect_ip4(o.out + l3, tcp_len, why);
	}
	frame_addresses(s, addrs + 16, addrs);
	cr_expect_eq(memcmp(o.out + l4 - (s->v6 ? 32 : 8), addrs + (s->v6 ? 0 : 12),
	                    s->v6 ? 16 : 4),
	             0, "%s: source", why);
	cr_expect_eq(memcmp(o.out + l4 - (s->v6 ? 16 : 4), addrs + (s->v6 ? 16 : 28),
	                    s->v6 ? 16 : 4),
	             0, "%s: destination", why);
	sum = frame_sum(addrs, sizeof(addrs), IPPROTO_TCP + (uint32_t)tcp_len);
	cr_expect_eq(frame_fold(frame_sum(o.out + l4, tcp_len, sum)), 0, "%s: TCP checksum", why);
	memcpy(&out->tcp, o.out + l4, sizeof(out->tcp));
	cr_expect_eq(out->tcp.doff * 4UL, tcp_len, "%s", why);
	cr_expect_eq(ntohs(out->tcp.source), s->dport, "%s", why);
	cr_expect_eq(ntohs(out->tcp.dest), s->sport, "%s", why);
	out->flags = o.out[l4 + 13];
	out->options = slice_of(o.out + l4 + sizeof(out->tcp), tcp_len - sizeof(out->tcp));
}

static const struct {
	const char *why;
	struct frame_spec s;
} framings[] = {
	{ "IPv4", { .tags = 0 } },
	{ "QinQ", { .tags = 2 } },
	{ "IPv4 options", { .ip_options = 40 } },
	{ "IPv6", { .v6 = true } },
	{ "IPv6 in a VLAN, extension headers",
	  { .v6 = true, .tags = 1, .ext = { 0, 60 }, .ext_len = 2 } },
};

Test(bpf_reply, a_reset_is_one_the_client_believes)
{
	static struct hello h;
	struct answer a;

	hello_build(&h, &shapes[0], SLICE("nobody.example"));
	for (size_t i = 0; i < ARRAY_LEN(framings); i++) {
		struct frame_spec s = framings[i].s;

		s.client = 0x0a000001;
		s.sport = 40001;
		s.dport = FRAME_PORT;
		kit_shake(&k, &s);
		s.payload = hello_slice(&h);
		kit_run_spec(&k, &s, &o);
		take_apart(&s, &a, framings[i].why);
		cr_expect_eq(a.flags, FRAME_RST, "%s", framings[i].why);
		cr_expect_eq(ntohl(a.tcp.seq), s.ack, "%s", framings[i].why);
		cr_expect_eq(a.options.len, 0, "%s", framings[i].why);
	}
}

#define MSS4 "\x02\x04\x05\xb4"

static const struct {
	const char *why;
	__u32 flags;
	struct slice asked;
	struct slice given; /* "T": our timestamp */
} syns[] = {
	{ "Linux, timestamps cannot carry options", 0, SLICE(OPTIONS_LINUX), SLICE(MSS4) },
	{ "Linux", ABI_TIMESTAMPS, SLICE(OPTIONS_LINUX),
	  SLICE(MSS4 "\x04\x02\x08\x0aTTTT\x01\x02\x03\x04\x01\x03\x03\x07") },
	{ "Windows: no timestamp, so nothing to carry them", ABI_TIMESTAMPS, SLICE(OPTIONS_WINDOWS),
	  SLICE(MSS4) },
	{ "none asked for, none given", ABI_TIMESTAMPS, SLICE(""), SLICE("") },
	{ "timestamp without scale and SACK", ABI_TIMESTAMPS,
	  SLICE(MSS4 "\x01\x01\x08\x0a\x09\x08\x07\x06\0\0\0\0"),
	  SLICE(MSS4 "\x01\x01\x08\x0aTTTT\x09\x08\x07\x06") },
	{ "an end before the rest", ABI_TIMESTAMPS,
	  SLICE(MSS4 "\0\x02\x08\x0a\x01\x02\x03\x04\0\0\0\0"), SLICE(MSS4) },
	{ "an option longer than the header", ABI_TIMESTAMPS, SLICE(MSS4 "\x08\x0a\x01\x02"),
	  SLICE(MSS4) },
	{ "an option of length 0", ABI_TIMESTAMPS, SLICE(MSS4 "\x08\0\x01\x02"), SLICE(MSS4) },
};

static void expect_options(struct slice got, size_t row)
{
	cr_assert_eq(got.len, syns[row].given.len, "%s: %zu bytes", syns[row].why, got.len);
	for (size_t i = 0; i < got.len; i++)
		if (syns[row].given.ptr[i] != 'T')
			cr_expect_eq(got.ptr[i], syns[row].given.ptr[i], "%s: byte %zu",
			             syns[row].why, i);
}

/* The kernel reads scale, SACK and ECN from the low six bits. */
static void expect_timestamp(struct slice options, size_t row)
{
	const uint8_t *ts = memchr(syns[row].given.ptr, 'T', syns[row].given.len);
	const bool all = slice_eq(syns[row].asked, SLICE(OPTIONS_LINUX));

	if (!ts || options.len != syns[row].given.len)
		return;
	cr_expect_eq(options.ptr[ts - syns[row].given.ptr + 3] & 0x3f, all ? 0x17 : 0x0f, "%s",
	             syns[row].why);
}

Test(bpf_reply, a_syn_is_answered_as_the_kernel_will_understand)
{
	for (size_t i = 0; i < ARRAY_LEN(syns) * ARRAY_LEN(framings); i++) {
		const size_t row = i % ARRAY_LEN(syns);
		struct frame_spec s = framings[i / ARRAY_LEN(syns)].s;
		struct answer a;

		s.client = 0x0a000001;
		s.sport = 40002;
		s.dport = FRAME_PORT;
		s.seq = 0xffffffff;
		s.flags = FRAME_SYN;
		s.options = syns[row].asked;
		k.config.flags = ABI_COOKIES | ABI_STRICT | syns[row].flags;
		k.config.mss6 = k.config.mss4;
		kit_flood(&k);
		kit_run_spec(&k, &s, &o);
		cr_expect_eq(o.reason, ABI_SYN_ANSWERED, "%s: %s", syns[row].why,
		             reason_name(o.reason));
		take_apart(&s, &a, syns[row].why);
		cr_expect_eq(a.flags, FRAME_SYN | FRAME_ACK, "%s", syns[row].why);
		cr_expect_eq(ntohl(a.tcp.ack_seq), 0, "%s", syns[row].why);
		cr_expect_eq(ntohs(a.tcp.window), 64240, "%s", syns[row].why);
		expect_options(a.options, row);
		expect_timestamp(a.options, row);
	}
}

/* The kernel takes our cookies only while it makes one itself now and then. */
Test(bpf_reply, of_each_listener_a_syn_passes_now_and_then)
{
	const struct abi_group fresh = { .syn_tat_ns = 0 };
	struct frame_spec s = frame_default;
	__u32 index = 0;

	s.flags = FRAME_SYN;
	kit_flood(&k);
	k.config.syn_interval_ns = 1ULL << 60;
	kit_configure(&k);
	kit_put(MAP(&k, groups), &index, &fresh);
	kit_run_spec(&k, &s, &o);
	cr_expect_eq(o.reason, ABI_SYN, "%s", reason_name(o.reason));
	for (int i = 0; i < 3; i++) {
		kit_run_spec(&k, &s, &o);
		cr_expect_eq(o.reason, ABI_SYN_ANSWERED, "%s", reason_name(o.reason));
	}
	k.config.flags &= ~(__u32)ABI_COOKIES;
	kit_configure(&k);
	kit_run_spec(&k, &s, &o);
	cr_expect_eq(o.reason, ABI_SYN, "the kernel would take none of our cookies");
}
