/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * steer.c - nanoseconds for each way through bpf/steer.bpf.c.
 *
 * BPF_PROG_TEST_RUN repeats a frame; the best of several rounds counts, less what the same
 * frame costs with a program that only says XDP_PASS. What changes the frame (an answer)
 * cannot be repeated and is run singly, against a floor of the same kind.
 */
#include <stdio.h>
#include <stdlib.h>

static void check_failed(const char *cond, const char *what)
{
	(void)fprintf(stderr, "steer: %s (%s)\n", what, cond);
	exit(1);
}
#define KIT_CHECK(cond, what, ...)                                                                 \
	do {                                                                                       \
		if (!(cond))                                                                       \
			check_failed(#cond, what);                                                 \
	} while (0)

#include "hello.h"
#include "kit.h"

enum { ROUNDS = 9, REPEATS = 200000, SINGLE_ROUNDS = 3000, HOSTS = 10000, SNI_FIRST_ID = 1 };

#define NAME60  "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqq.qqqqqqqqqqqqqqqqqqqqqqqqq.qqqq"
#define NAME200 LABEL63 "." LABEL63 "." LABEL63 ".example"

struct bench {
	struct kit kit;
	int floor; /* a program that passes everything */
	struct frame frame;
};

static struct bench b;
static struct hello h;

static __u32 run(int prog, __u32 repeat, __u32 *out_action)
{
	static uint8_t out[FRAME_ROOM];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = b.frame.bytes,
	            .data_size_in = (__u32)b.frame.len, .data_out = out,
	            .data_size_out = sizeof(out), .repeat = (int)repeat);

	KIT_CHECK(bpf_prog_test_run_opts(prog, &opts) == 0, "the frame is not taken");
	*out_action = opts.retval;
	return opts.duration;
}

static __u32 best(int prog, __u32 rounds, __u32 repeat, __u32 *out_action)
{
	__u32 least = UINT32_MAX;

	for (__u32 i = 0; i < rounds; i++) {
		__u32 ns = run(prog, repeat, out_action);

		least = ns < least ? ns : least;
	}
	return least;
}

/* @goal: net nanoseconds, 0 without one; @single: the frame is changed by the program */
static void measure(const char *what, const struct frame_spec *s, unsigned int goal, bool single)
{
	static const char *const actions[] = { "aborted", "drop", "pass", "answer", "redirect" };
	const __u32 rounds = single ? SINGLE_ROUNDS : ROUNDS;
	const __u32 repeat = single ? 1 : REPEATS;
	struct outcome o;
	__u32 action;
	__u32 floor;
	__u32 gross;
	int net;

	frame_build(&b.frame, s);
	kit_run(&b.kit, &b.frame, &o); /* which way it takes */
	floor = best(b.floor, rounds, repeat, &action);
	gross = best(b.kit.prog, rounds, repeat, &action);
	kit_stats(&b.kit, b.kit.seen);
	net = (int)gross - (int)floor;
	(void)printf("%-44s %5zu  %-14s %-7s %5u %5u %5d  ", what, b.frame.len,
	             reason_name(o.reason), actions[action], floor, gross, net);
	if (goal)
		(void)printf("%4u %s", goal, net <= (int)goal ? "ok" : "MISSED");
	(void)printf("%s\n", single ? "  (single runs)" : "");
}

static void hello_of(struct frame_spec *s, const struct hello_shape *shape, const char *name)
{
	hello_build(&h, shape, slice_of(name, strlen(name)));
	s->payload = hello_slice(&h);
}

static void open_bench(void)
{
	const struct abi_host slow = { .class_id = 1, .interval_ns = 1ULL << 62 };
	__u32 limited = 9;
	char name[ABI_NAME_SHORT];

	kit_open_for(&b.kit, true);
	b.floor = kit_pass();
	for (int i = 0; i < HOSTS; i++) {
		(void)snprintf(name, sizeof(name), "host%d.customer%d.example.net", i, i % 97);
		kit_name(&b.kit, name, SNI_FIRST_ID);
	}
	kit_name(&b.kit, "a.test.com", 2);
	kit_name(&b.kit, NAME60, 3);
	kit_name(&b.kit, NAME200, 4);
	kit_name(&b.kit, "*.wild.example", 5);
	kit_name(&b.kit, "limited.example", limited);
	kit_put(MAP(&b.kit, hosts), &limited, &slow);
	b.kit.config.unknown = ABI_UNKNOWN_DROP;
	/* limits that are counted and do not bite */
	b.kit.config.source_interval_ns = 1;
	b.kit.config.source_burst_ns = UINT64_MAX / 2;
	b.kit.config.partial_interval_ns = 1;
	b.kit.config.partial_burst_ns = UINT64_MAX / 2;
	kit_configure(&b.kit);
}

static void measure_others(void)
{
	static const uint8_t data[1400] = { 0x17 };
	struct frame_spec s = frame_default;

	s.payload = slice_of(data, sizeof(data));
	s.dport = 9999;
	measure("another port", &s, 5, false);
	s.v6 = true;
	measure("another port, IPv6", &s, 5, false);
	s = frame_default;
	s.sport = 40001;
	measure("bare ACK, no cookie, no socket", &s, 0, false);
	s.v6 = true;
	measure("the same, IPv6", &s, 0, false);
	b.kit.config.flags = ABI_COOKIES;
	kit_configure(&b.kit);
	s.v6 = false;
	measure("bare ACK, no cookie, not strict", &s, 0, false);
	b.kit.config.flags = ABI_COOKIES | ABI_STRICT;
	kit_configure(&b.kit);
	hello_of(&s, &shapes[0], "a.test.com");
	measure("ClientHello with a forged cookie", &s, 0, false);
	s = frame_default;
	kit_shake(&b.kit, &s);
	measure("bare ACK that ends the handshake", &s, 0, false);
}

static void measure_hellos(void)
{
	const struct hello_shape *curl = &shapes[0];
	struct frame_spec s = frame_default;
	static const struct {
		const char *what;
		size_t shape;
		const char *name;
		unsigned int goal;
	} rows[] = {
		{ "ClientHello: OpenSSL 3.0, 10-byte name first", 0, "a.test.com", 550 },
		{ "  Chrome with X25519MLKEM768, name last", 4, "a.test.com", 550 },
		{ "  Firefox", 5, "a.test.com", 550 },
		{ "  45 extensions, name last", 12, "a.test.com", 550 },
		{ "  over two buffers", 13, "a.test.com", 0 },
		{ "  60-byte name", 0, NAME60, 550 },
		{ "  200-byte name", 0, NAME200, 550 },
		{ "  wildcard", 0, "x.wild.example", 550 },
		{ "  unknown name, dropped", 0, "nobody.invalid.example", 400 },
		{ "  no name, dropped", 9, "", 400 },
		{ "  host over its limit", 0, "limited.example", 0 },
		{ "  beyond the window", 14, "a.test.com", 0 },
	};

	kit_shake(&b.kit, &s);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		hello_of(&s, &shapes[rows[i].shape], rows[i].name);
		measure(rows[i].what, &s, rows[i].goal, false);
	}
	hello_of(&s, curl, "a.test.com");
	for (unsigned int i = 0; i < 3; i++) {
		static const char *const what[] = { "  QinQ", "  IPv4 options", "  IPv6" };
		struct frame_spec t = s;

		t.tags = i == 0 ? 2 : 0;
		t.ip_options = i == 1 ? 8 : 0;
		t.v6 = i == 2;
		t.sport = (uint16_t)(41000 + i);
		kit_shake(&b.kit, &t);
		measure(what[i], &t, 550, false);
	}
}

/* Established connections, with the program as it is when it is in use. */
static void measure_flows(void)
{
	static const uint8_t data[1400] = { 0x17 };
	struct frame_spec s = frame_default;
	struct abi_flow flow = { .state = ABI_FLOW_DECIDED };

	for (int v6 = 0; v6 < 2; v6++) {
		struct abi_flow_key key;

		s.v6 = v6;
		key = kit_flow_key(&s);
		kit_put(MAP(&b.kit, flows), &key, &flow);
		s.payload = slice_of(data, sizeof(data));
		measure(v6 ? "data of a known flow, IPv6" : "data of a known flow", &s, 45, false);
		s.payload.len = 0;
		measure(v6 ? "ACK of a known flow, IPv6" : "ACK of a known flow", &s, 45, false);
	}
}

static void measure_answers(void)
{
	struct frame_spec s = frame_default;

	s.flags = FRAME_SYN;
	s.options = SLICE(OPTIONS_LINUX);
	measure("SYN, passed", &s, 0, false);
	b.kit.config.flags = ABI_COOKIES | ABI_STRICT | ABI_TIMESTAMPS;
	kit_flood(&b.kit);
	measure("SYN, answered with a cookie", &s, 0, true);
	s.v6 = true;
	measure("the same, IPv6", &s, 0, true);
	b.kit.config.flags &= ~(__u32)ABI_FLOOD;
	b.kit.config.unknown = ABI_UNKNOWN_RESET;
	kit_configure(&b.kit);
	s = frame_default;
	kit_shake(&b.kit, &s);
	hello_of(&s, &shapes[0], "nobody.invalid.example");
	measure("ClientHello: unknown name, reset", &s, 0, true);
}

int main(void)
{
	(void)printf("%-44s %5s  %-14s %-7s %5s %5s %5s  goal (ns)\n", "segment", "bytes",
	             "counter", "verdict", "floor", "gross", "net");
	open_bench();
	measure_others();
	measure_hellos();
	kit_close(&b.kit);
	open_bench();
	measure_answers();
	kit_close(&b.kit);
	kit_open(&b.kit);
	measure_flows();
	kit_close(&b.kit);
	return 0;
}
