/* SPDX-License-Identifier: GPL-2.0-only */
/* Every way through the program: what it takes, what it costs whom, what it leaves in the maps. */
#include "hello.h"
#include "kit.h"

static struct kit k;
static struct hello h;
static struct outcome o;

static void setup(void)
{
	kit_open(&k);
	kit_name(&k, "a.example", 1);
	kit_name(&k, "default.example", 2);
}

static void teardown(void)
{
	kit_close(&k);
}

TestSuite(bpf_steer, .init = setup, .fini = teardown);

#define EXPECT_OUTCOME(want_reason, want_action, why)                                              \
	do {                                                                                       \
		cr_expect_eq(o.reason, (want_reason), "%s: %s, not %s", (why),                     \
		             reason_name(o.reason), reason_name(want_reason));                     \
		cr_expect_eq(o.action, (want_action), "%s: action %u", (why), o.action);           \
	} while (0)

/* The segment with a ClientHello for @name that completes the handshake of @s. */
static void say_hello(struct frame_spec *s, struct slice name)
{
	hello_build(&h, &shapes[0], name);
	s->payload = hello_slice(&h);
	kit_run_spec(&k, s, &o);
}

static struct frame_spec client(uint32_t number)
{
	struct frame_spec s = frame_default;

	s.client += number;
	return s;
}

Test(bpf_steer, what_is_not_ours_passes_uncounted)
{
	static struct frame f;
	static const struct {
		const char *why;
		struct frame_spec s;
		size_t poke;
		uint8_t value;
		size_t cut;
	} rows[] = {
		{ "another port", { .dport = 9999, .flags = FRAME_SYN }, 0, 0, 0 },
		{ "port 0", { .dport = 0, .flags = FRAME_SYN }, 0, 0, 0 },
		{ "UDP", { .dport = FRAME_PORT }, 14 + 9, 17, 0 },
		{ "UDP over IPv6", { .v6 = true, .dport = FRAME_PORT }, 14 + 6, 17, 0 },
		{ "ARP", { .dport = FRAME_PORT }, 13, 6, 0 },
		{ "three tags", { .tags = 3, .dport = FRAME_PORT }, 0, 0, 0 },
		{ "Ethernet cut short", { .dport = FRAME_PORT }, 0, 0, 14 },
		{ "tag cut short", { .tags = 1, .dport = FRAME_PORT }, 0, 0, 16 },
		{ "IPv4 cut short", { .dport = FRAME_PORT }, 0, 0, 33 },
		{ "IPv6 cut short", { .v6 = true, .dport = FRAME_PORT }, 0, 0, 53 },
		{ "no room for ports", { .dport = FRAME_PORT }, 0, 0, 37 },
		{ "IPv4 header shorter than any", { .dport = FRAME_PORT }, 14, 0x44, 0 },
		{ "IPv4 shorter than its header",
		  { .dport = FRAME_PORT, .length_lie = -30 },
		  0,
		  0,
		  0 },
		{ "IPv6 shorter than its headers",
		  { .v6 = true,
		    .ext = { 0, 60 },
		    .ext_len = 2,
		    .length_lie = -30,
		    .dport = FRAME_PORT },
		  0,
		  0,
		  0 },
		{ "more headers than are followed",
		  { .v6 = true,
		    .ext = { 0, 60, 60, 60, 60, 60, 60, 60, 60 },
		    .ext_len = 9,
		    .dport = FRAME_PORT },
		  0,
		  0,
		  0 },
		{ "a header that is not followed",
		  { .v6 = true, .ext = { 51 }, .ext_len = 1, .dport = FRAME_PORT },
		  0,
		  0,
		  0 },
		{ "IPv4, not the first fragment",
		  { .fragment = 0x2005, .dport = FRAME_PORT },
		  0,
		  0,
		  0 },
		{ "IPv6, not the first fragment",
		  { .v6 = true, .ext = { 44 }, .ext_len = 1, .fragment = 0x51, .dport = FRAME_PORT },
		  0,
		  0,
		  0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		frame_build(&f, &rows[i].s);
		if (rows[i].poke)
			f.bytes[rows[i].poke] = rows[i].value;
		if (rows[i].cut)
			f.len = rows[i].cut;
		kit_run(&k, &f, &o);
		EXPECT_OUTCOME(-1, XDP_PASS, rows[i].why);
	}
}

Test(bpf_steer, any_framing_of_a_hello_is_understood)
{
	static const struct {
		const char *why;
		struct frame_spec s;
	} rows[] = {
		{ "plain", { .tags = 0 } },
		{ "VLAN", { .tags = 1 } },
		{ "QinQ", { .tags = 2 } },
		{ "IPv4 options", { .ip_options = 40 } },
		{ "QinQ and IPv4 options", { .tags = 2, .ip_options = 8 } },
		{ "IPv6", { .v6 = true } },
		{ "IPv6 in QinQ", { .v6 = true, .tags = 2 } },
		{ "hop-by-hop", { .v6 = true, .ext = { 0 }, .ext_len = 1 } },
		{ "hop-by-hop, routing, destination",
		  { .v6 = true, .ext = { 0, 43, 60 }, .ext_len = 3 } },
		{ "as many headers as are followed",
		  { .v6 = true, .ext = { 0, 60, 60, 60, 60, 60, 60, 60 }, .ext_len = 8 } },
		{ "a fragment that is the whole", { .v6 = true, .ext = { 44 }, .ext_len = 1 } },
		{ "don't fragment", { .fragment = 0x4000 } },
		{ "TCP options", { .options = SLICE("\x01\x01\x08\x0a\0\0\0\x01\0\0\0\x02") } },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct frame_spec s = rows[i].s;

		s.client = 0x0a000100 + (uint32_t)i;
		s.sport = 40000;
		s.dport = FRAME_PORT;
		kit_shake(&k, &s);
		say_hello(&s, SLICE("a.example"));
		EXPECT_OUTCOME(ABI_ADMITTED, XDP_PASS, rows[i].why);
		kit_run_spec(&k, &s, &o);
		EXPECT_OUTCOME(ABI_FLOW, XDP_PASS, rows[i].why);
	}
}

Test(bpf_steer, a_first_fragment_for_us_is_dropped)
{
	struct frame_spec s = client(1);
	static struct frame f;

	s.fragment = 0x2000;
	kit_run_spec(&k, &s, &o);
	EXPECT_OUTCOME(ABI_FRAGMENT, XDP_DROP, "IPv4");
	frame_build(&f, &s);
	f.len = f.l4 + 8;
	kit_run(&k, &f, &o);
	EXPECT_OUTCOME(ABI_FRAGMENT, XDP_DROP, "with the ports and little more");
	s.v6 = true;
	s.ext[0] = IP6_FRAG;
	s.ext_len = 1;
	s.fragment = 1;
	kit_run_spec(&k, &s, &o);
	EXPECT_OUTCOME(ABI_FRAGMENT, XDP_DROP, "IPv6");
	s.dport = 9999;
	kit_run_spec(&k, &s, &o);
	EXPECT_OUTCOME(-1, XDP_PASS, "somebody else's");
}

Test(bpf_steer, segments_that_no_tcp_sends_are_dropped)
{
	static const struct {
		const char *why;
		struct frame_spec s;
	} rows[] = {
		{ "SYN and FIN", { .flags = FRAME_SYN | FRAME_FIN } },
		{ "SYN and RST", { .flags = FRAME_SYN | FRAME_RST } },
		{ "no flags", { .flags = 0 } },
		{ "FIN without ACK", { .flags = FRAME_FIN } },
		{ "header shorter than any", { .flags = FRAME_ACK, .doff_lie = 4 } },
		{ "header longer than the segment", { .flags = FRAME_ACK, .doff_lie = 15 } },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct frame_spec s = rows[i].s;

		s.dport = FRAME_PORT;
		kit_run_spec(&k, &s, &o);
		EXPECT_OUTCOME(ABI_BAD_SEGMENT, XDP_DROP, rows[i].why);
	}
}

Test(bpf_steer, without_cookie_or_socket_nothing_gets_in)
{
	static const uint8_t flags[] = { FRAME_ACK, FRAME_ACK | FRAME_FIN, FRAME_ACK | FRAME_RST,
		                         FRAME_RST, FRAME_SYN | FRAME_ACK };
	struct frame_spec s = client(1);

	hello_build(&h, &shapes[0], SLICE("a.example"));
	for (size_t i = 0; i < 4 * ARRAY_LEN(flags); i++) {
		s.flags = flags[i / 4];
		s.payload = i % 2 ? hello_slice(&h) : slice_of(NULL, 0);
		s.v6 = i % 4 / 2;
		kit_run_spec(&k, &s, &o);
		EXPECT_OUTCOME(ABI_STRANGER, XDP_DROP, "strict");
	}
	k.config.flags &= ~(__u32)ABI_STRICT;
	kit_configure(&k);
	kit_run_spec(&k, &s, &o);
	EXPECT_OUTCOME(ABI_UNPROVEN, XDP_PASS, "not strict");
}

Test(bpf_steer, the_end_of_a_handshake_without_data_makes_no_socket)
{
	struct frame_spec s = client(1);

	kit_shake(&k, &s);
	kit_run_spec(&k, &s, &o);
	EXPECT_OUTCOME(ABI_HANDSHAKE_ACK, XDP_DROP, "bare ACK");
	s.flags |= FRAME_FIN;
	kit_run_spec(&k, &s, &o);
	EXPECT_OUTCOME(ABI_NO_HELLO, XDP_TX, "closed before it spoke");
	s.payload = SLICE("GET / HTTP/1.1\r\n\r\n");
	kit_run_spec(&k, &s, &o);
	EXPECT_OUTCOME(ABI_NOT_TLS, XDP_TX, "plain HTTP");
	s.length_lie = 100;
	kit_run_spec(&k, &s, &o);
	EXPECT_OUTCOME(ABI_BAD_SEGMENT, XDP_DROP, "longer than the frame");
}

Test(bpf_steer, a_name_nobody_has_is_treated_as_configured)
{
	static const struct {
		const char *why;
		__u32 unknown;
		struct slice name;
		int reason;
		__u32 action;
	} rows[] = {
		{ "reset", ABI_UNKNOWN_RESET, SLICE("b.example"), ABI_UNKNOWN_NAME, XDP_TX },
		{ "drop", ABI_UNKNOWN_DROP, SLICE("b.example"), ABI_UNKNOWN_NAME, XDP_DROP },
		{ "default host", ABI_UNKNOWN_DEFAULT, SLICE("b.example"), ABI_DEFAULTED,
		  XDP_PASS },
		{ "known, all the same", ABI_UNKNOWN_DROP, SLICE("a.example"), ABI_ADMITTED,
		  XDP_PASS },
		{ "no host can have it", ABI_UNKNOWN_DEFAULT, SLICE(""), ABI_BAD_NAME, XDP_TX },
		{ "nor by dropping", ABI_UNKNOWN_DROP, SLICE(""), ABI_BAD_NAME, XDP_DROP },
	};
	struct abi_flow flow;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct frame_spec s = client((uint32_t)i);

		kit_shake(&k, &s);
		k.config.unknown = rows[i].unknown;
		k.config.default_host = 2;
		kit_configure(&k);
		say_hello(&s, rows[i].name);
		EXPECT_OUTCOME(rows[i].reason, rows[i].action, rows[i].why);
		cr_expect_eq(kit_flow(&k, &s, &flow), rows[i].action == XDP_PASS, "%s",
		             rows[i].why);
		if (rows[i].reason == ABI_DEFAULTED)
			cr_expect_eq(flow.class_id, 2);
	}
}

/* Nobody's limit: what a host's next one costs is one interval. */
Test(bpf_steer, a_host_has_so_many_handshakes_at_once)
{
	const struct abi_host host = { .class_id = 1,
		                       .interval_ns = 1ULL << 60,
		                       .burst_ns = 2ULL << 60 };
	struct abi_host_stats stats[KIT_CPUS_MAX];
	struct frame_spec s;
	__u64 admitted = 0;
	__u64 limited = 0;
	__u32 id = 1;

	kit_put(MAP(&k, hosts), &id, &host);
	for (uint32_t i = 0; i < 5; i++) {
		s = client(i);
		kit_shake(&k, &s);
		say_hello(&s, SLICE("a.example"));
		EXPECT_OUTCOME(i < 3 ? ABI_ADMITTED : ABI_HOST_LIMIT, i < 3 ? XDP_PASS : XDP_DROP,
		               "host");
		if (i < 3) { /* sent once more, it is not charged once more */
			kit_run_spec(&k, &s, &o);
			EXPECT_OUTCOME(ABI_FLOW, XDP_PASS, "again");
		}
	}
	cr_assert_eq(bpf_map_lookup_elem(MAP(&k, hstats), &id, stats), 0);
	for (int cpu = 0; cpu < libbpf_num_possible_cpus(); cpu++) {
		admitted += stats[cpu].admitted;
		limited += stats[cpu].limited;
	}
	cr_expect_eq(admitted, 3);
	cr_expect_eq(limited, 2);
	s = client(9);
	kit_shake(&k, &s);
	k.config.unknown = ABI_UNKNOWN_DEFAULT;
	k.config.default_host = 2;
	kit_configure(&k);
	say_hello(&s, SLICE("default.example"));
	EXPECT_OUTCOME(ABI_ADMITTED, XDP_PASS, "another host is not touched");
}

Test(bpf_steer, a_source_has_so_many_handshakes_at_once)
{
	struct frame_spec s;

	k.config.source_interval_ns = 1ULL << 60;
	k.config.source_burst_ns = 1ULL << 60;
	k.config.source_mask4[1] = htobe64(0xffffffffffffff00);
	for (uint32_t i = 0; i < 4; i++) {
		s = client(i);
		kit_shake(&k, &s);
		say_hello(&s, SLICE("a.example"));
		EXPECT_OUTCOME(i < 2 ? ABI_ADMITTED : ABI_SOURCE_LIMIT, i < 2 ? XDP_PASS : XDP_DROP,
		               "one prefix");
	}
	s = client(0x100);
	kit_shake(&k, &s);
	say_hello(&s, SLICE("a.example"));
	EXPECT_OUTCOME(ABI_ADMITTED, XDP_PASS, "another prefix");
	for (uint32_t i = 0; i < 4; i++) {
		s = client(i << 8);
		s.v6 = true;
		kit_shake(&k, &s);
		say_hello(&s, SLICE("a.example"));
		EXPECT_OUTCOME(i < 2 ? ABI_ADMITTED : ABI_SOURCE_LIMIT, i < 2 ? XDP_PASS : XDP_DROP,
		               "a /64");
	}
}

Test(bpf_steer, a_part_of_a_hello_is_admitted_so_often)
{
	struct abi_flow flow;

	k.config.partial_interval_ns = 1ULL << 60;
	k.config.partial_burst_ns = 1ULL << 60;
	for (uint16_t i = 0; i < 4; i++) {
		struct frame_spec s = client(1);

		s.sport = (uint16_t)(50000 + i);
		kit_shake(&k, &s);
		s.payload = SLICE("\x16\x03\x01\x02\0\x01");
		s.payload.len = i + 1u;
		kit_run_spec(&k, &s, &o);
		EXPECT_OUTCOME(i < 2 ? ABI_PARTIAL : ABI_PARTIAL_LIMIT, i < 2 ? XDP_PASS : XDP_DROP,
		               "part");
		cr_expect_eq(kit_flow(&k, &s, &flow), i < 2);
		kit_run_spec(&k, &s, &o);
		EXPECT_OUTCOME(i < 2 ? ABI_FLOW : ABI_PARTIAL_LIMIT, i < 2 ? XDP_PASS : XDP_DROP,
		               "again");
		kit_forget(&k, &s);
		if (i < 2)
			continue;
		say_hello(&s, SLICE("a.example"));
		EXPECT_OUTCOME(ABI_ADMITTED, XDP_PASS, "a whole one has its own limit");
	}
}

Test(bpf_steer, a_new_connection_of_an_old_four_tuple_is_judged)
{
	struct frame_spec s = client(1);
	struct frame_spec syn = s;

	kit_shake(&k, &s);
	say_hello(&s, SLICE("a.example"));
	EXPECT_OUTCOME(ABI_ADMITTED, XDP_PASS, "first");
	syn.flags = FRAME_SYN;
	kit_run_spec(&k, &syn, &o);
	EXPECT_OUTCOME(ABI_SYN, XDP_PASS, "SYN");
	say_hello(&s, SLICE("b.example"));
	EXPECT_OUTCOME(ABI_UNKNOWN_NAME, XDP_TX, "second");
}

Test(bpf_steer, a_port_may_be_managed_on_some_addresses_only)
{
	struct frame_spec s = client(1);
	struct abi_vip_key key = { .port_be = htons(FRAME_PORT) };
	const struct abi_vip vip = { .group = 3 };
	uint8_t ignored[16];

	k.config.ports[0].group4 = ABI_GROUP_LOOKUP;
	k.config.ports[0].group6 = ABI_GROUP_LOOKUP;
	kit_configure(&k);
	s.flags = FRAME_SYN;
	kit_run_spec(&k, &s, &o);
	EXPECT_OUTCOME(-1, XDP_PASS, "on none");
	frame_addresses(&s, ignored, key.addr);
	kit_put(MAP(&k, vips), &key, &vip);
	kit_run_spec(&k, &s, &o);
	EXPECT_OUTCOME(ABI_SYN, XDP_PASS, "on this one");
	s.v6 = true;
	kit_run_spec(&k, &s, &o);
	EXPECT_OUTCOME(-1, XDP_PASS, "not on that one");
}

struct seen_event {
	struct abi_event last;
	size_t count;
};

static int on_event(void *arg, void *data, size_t len)
{
	struct seen_event *seen = arg;

	cr_assert_eq(len, sizeof(seen->last));
	memcpy(&seen->last, data, sizeof(seen->last));
	seen->count++;
	return 0;
}

Test(bpf_steer, what_is_asked_for_is_reported)
{
	struct seen_event seen = { .count = 0 };
	struct frame_spec s = client(1);
	struct ring_buffer *ring = ring_buffer__new(MAP(&k, events), on_event, &seen, NULL);
	struct abi_flow_key key = kit_flow_key(&s);

	cr_assert_not_null(ring);
	kit_shake(&k, &s);
	k.config.events = 1ULL << ABI_UNKNOWN_NAME | 1ULL << ABI_ADMITTED;
	kit_configure(&k);
	say_hello(&s, SLICE("B.example"));
	cr_assert_geq(ring_buffer__consume(ring), 0);
	cr_expect_eq(seen.count, 1);
	cr_expect_eq(seen.last.reason, ABI_UNKNOWN_NAME);
	cr_expect_eq(seen.last.host_id, ABI_HOST_NONE);
	cr_expect_eq(seen.last.name_len, strlen("b.example"));
	cr_expect_str_eq(seen.last.name, "b.example");
	cr_expect_eq(memcmp(&seen.last.key, &key, sizeof(key)), 0);
	say_hello(&s, SLICE("a.example"));
	kit_run_spec(&k, &s, &o); /* nobody asked for those of a known flow */
	cr_assert_geq(ring_buffer__consume(ring), 0);
	cr_expect_eq(seen.count, 2);
	cr_expect_eq(seen.last.reason, ABI_ADMITTED);
	cr_expect_eq(seen.last.host_id, 1);
	ring_buffer__free(ring);
}

Test(bpf_steer, a_name_without_its_host_is_still_let_in)
{
	const struct abi_name beyond = { .host_id = ABI_HOSTS_MAX };
	struct abi_name_key key = { .name = "lost.example" };
	struct frame_spec s = client(1);
	struct abi_flow flow;

	kit_put(MAP(&k, names), &key, &beyond);
	kit_shake(&k, &s);
	say_hello(&s, SLICE("lost.example"));
	EXPECT_OUTCOME(ABI_ADMITTED, XDP_PASS, "no such host");
	cr_assert(kit_flow(&k, &s, &flow));
	cr_expect_eq(flow.class_id, ABI_CLASS_NONE);
}
