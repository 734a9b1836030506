/* SPDX-License-Identifier: GPL-2.0-only */
/* The program and the C parser read every ClientHello alike, and as expected. */
#include "hello.h"
#include "kit.h"
#include "proto/clienthello.h"

static_assert((int)CLIENTHELLO_WINDOW == ABI_HELLO_WINDOW, "the same window");
static_assert((int)CLIENTHELLO_EXTENSIONS == ABI_HELLO_EXTENSIONS, "the same walk");

enum { RANDOM_ROUNDS = 6000, RANDOM_CHANGES = 3 };

static const char *const known[] = { "a.example",
	                             "b.example.com",
	                             "*.wild.example",
	                             LABEL63,
	                             "x" LABEL63,
	                             LABEL63 "." LABEL63 "." LABEL63 "." LABEL63,
	                             "*." LABEL63 "." LABEL63,
	                             "z" };

static struct kit k;
static struct frame_spec s;
static struct hello h;

static void setup(void)
{
	kit_open(&k);
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		kit_name(&k, known[i], (__u32)i + 1);
	s = frame_default;
	kit_shake(&k, &s);
}

static void teardown(void)
{
	kit_close(&k);
}

TestSuite(bpf_hello, .init = setup, .fini = teardown);

static bool is_known(struct slice name, size_t *out_id)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (!slice_eq(name, slice_of(known[i], strlen(known[i]))))
			continue;
		*out_id = i + 1;
		return true;
	}
	return false;
}

/* Which of the known names covers it; 0 none. */
static size_t host_of(const struct hostname *name)
{
	const uint8_t *dot = memchr(name->bytes, '.', name->len);
	struct hostname wild;
	size_t id;

	if (is_known(hostname_slice(name), &id))
		return id;
	if (!dot || dot == name->bytes)
		return 0;
	wild.len = (uint8_t)(name->len - (dot - name->bytes) + 1);
	wild.bytes[0] = '*';
	memcpy(wild.bytes + 1, dot, wild.len - 1u);
	return is_known(hostname_slice(&wild), &id) ? id : 0;
}

static int reason_of(enum clienthello found, const struct hostname *name)
{
	static const int reasons[] = {
		[CLIENTHELLO_NO_NAME] = ABI_NO_NAME, [CLIENTHELLO_BAD_NAME] = ABI_BAD_NAME,
		[CLIENTHELLO_MORE] = ABI_PARTIAL,    [CLIENTHELLO_BEYOND] = ABI_PARTIAL,
		[CLIENTHELLO_NOT_TLS] = ABI_NOT_TLS, [CLIENTHELLO_BAD] = ABI_BAD_HELLO,
	};

	if (found == CLIENTHELLO_NAME)
		return host_of(name) ? ABI_ADMITTED : ABI_UNKNOWN_NAME;
	return reasons[found];
}

static void expect_flow(const struct abi_flow *flow, const struct hostname *name, const char *why)
{
	const size_t shown = name->len < ABI_NAME_SHORT ? name->len : ABI_NAME_SHORT - 1;

	cr_expect_eq(flow->state, ABI_FLOW_DECIDED, "%s", why);
	cr_expect_eq(flow->host_id, host_of(name), "%s", why);
	cr_expect_eq(flow->class_id, flow->host_id, "%s", why);
	cr_expect_eq(flow->worker, ABI_WORKER_NONE, "%s", why);
	cr_expect_eq(strlen(flow->name), shown, "%s: %s", why, flow->name);
	cr_expect_eq(memcmp(flow->name, name->bytes, shown), 0, "%s: %s", why, flow->name);
}

/* Both read @first; verdict, reason and flow follow from what the C parser says. */
static enum clienthello judge_both(struct slice first, const char *why)
{
	static struct outcome o;
	struct hostname name = { .len = 0 };
	enum clienthello found = clienthello_name(first, &name);
	const int reason = reason_of(found, &name);
	const bool passes = reason == ABI_ADMITTED || reason == ABI_PARTIAL;
	struct abi_flow flow;
	bool has_flow;

	s.payload = first;
	kit_run_spec(&k, &s, &o);
	cr_assert_eq(o.reason, reason, "%s, %zu bytes: BPF says %s, C says %s", why, first.len,
	             reason_name(o.reason), reason_name(reason));
	cr_expect_eq(o.action, passes ? XDP_PASS : XDP_TX, "%s: %u", why, o.action);
	has_flow = kit_flow(&k, &s, &flow);
	cr_expect_eq(has_flow, passes, "%s", why);
	if (reason == ABI_ADMITTED && has_flow)
		expect_flow(&flow, &name, why);
	if (reason == ABI_PARTIAL && has_flow)
		cr_expect_eq(flow.state, ABI_FLOW_PARTIAL, "%s", why);
	kit_forget(&k, &s);
	return found;
}

Test(bpf_hello, each_shape_is_read_whole)
{
	static const struct {
		const char *why;
		enum clienthello want;
	} odd[] = { { "no name", CLIENTHELLO_NO_NAME },
		    { "no extensions", CLIENTHELLO_NO_NAME },
		    { "beyond the window", CLIENTHELLO_BEYOND },
		    { "name twice", CLIENTHELLO_BAD } };

	for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
		enum clienthello want = CLIENTHELLO_NAME;

		for (size_t j = 0; j < ARRAY_LEN(odd); j++)
			if (strcmp(odd[j].why, shapes[i].why) == 0)
				want = odd[j].want;
		hello_build(&h, &shapes[i], SLICE("b.example.com"));
		cr_expect_eq(judge_both(hello_slice(&h), shapes[i].why), want, "%s", shapes[i].why);
		hello_build(&h, &shapes[i], SLICE("nobody.example.com"));
		cr_expect_eq(judge_both(hello_slice(&h), shapes[i].why), want, "%s", shapes[i].why);
	}
}

Test(bpf_hello, each_shape_cut_at_every_byte_is_not_refused)
{
	for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
		hello_build(&h, &shapes[i], SLICE("b.example.com"));
		for (size_t n = 1; n < h.len && strcmp(shapes[i].why, "name twice") != 0; n++) {
			enum clienthello found = judge_both(slice_of(h.bytes, n), shapes[i].why);

			cr_expect(found == CLIENTHELLO_MORE || found == CLIENTHELLO_NAME ||
			                  found == CLIENTHELLO_BEYOND ||
			                  (found == CLIENTHELLO_NO_NAME && !h.sni),
			          "%s, %zu bytes", shapes[i].why, n);
			if (h.sni && n < h.sni + 9 + 13)
				cr_expect_neq(found, CLIENTHELLO_NAME, "%s, %zu", shapes[i].why, n);
		}
	}
}

/* Each length field with each of some values: never a difference. */
Test(bpf_hello, each_length_field_may_lie)
{
	static const int deltas[] = { -40, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 40, 255, 4000, 60000 };

	for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
		hello_build(&h, &shapes[i], SLICE("b.example.com"));
		const struct {
			size_t at;
			size_t bytes;
		} fields[] = { { 3, 2 },
			       { 6, 3 },
			       { h.session_id, 1 },
			       { h.ciphers, 2 },
			       { h.compression, 1 },
			       { h.extensions, 2 },
			       { h.sni + 2, 2 },
			       { h.sni + 4, 2 },
			       { h.sni + 7, 2 },
			       { h.sni + 6, 1 },
			       { 0, 1 },
			       { 1, 1 },
			       { 5, 1 } };

		for (size_t j = 0; j < ARRAY_LEN(fields) * ARRAY_LEN(deltas); j++) {
			const size_t at = fields[j / ARRAY_LEN(deltas)].at;
			const size_t bytes = fields[j / ARRAY_LEN(deltas)].bytes;
			const size_t right = hello_get(&h, at, bytes);

			hello_set(&h, at, bytes, right + (size_t)deltas[j % ARRAY_LEN(deltas)]);
			(void)judge_both(hello_slice(&h), shapes[i].why);
			hello_set(&h, at, bytes, right);
		}
	}
}

static const struct {
	const char *why;
	struct slice name;
	int reason;
	size_t host;
} names[] = {
	{ "exact", SLICE("a.example"), ABI_ADMITTED, 1 },
	{ "upper case", SLICE("A.ExAmPlE"), ABI_ADMITTED, 1 },
	{ "dot at the end", SLICE("a.example."), ABI_ADMITTED, 1 },
	{ "two dots at the end", SLICE("a.example.."), ABI_UNKNOWN_NAME, 0 },
	{ "NUL at the end", SLICE("a.example\0"), ABI_BAD_NAME, 0 },
	{ "NUL and more", SLICE("a.example\0.evil.example"), ABI_BAD_NAME, 0 },
	{ "NUL in front", SLICE("\0a.example"), ABI_BAD_NAME, 0 },
	{ "empty", SLICE(""), ABI_BAD_NAME, 0 },
	{ "a dot", SLICE("."), ABI_BAD_NAME, 0 },
	{ "one byte", SLICE("z"), ABI_ADMITTED, 8 },
	{ "one byte, unknown", SLICE("y"), ABI_UNKNOWN_NAME, 0 },
	{ "wildcard", SLICE("www.wild.example"), ABI_ADMITTED, 3 },
	{ "wildcard, upper case, dot", SLICE("WWW.Wild.Example."), ABI_ADMITTED, 3 },
	{ "the wildcard itself", SLICE("*.wild.example"), ABI_BAD_NAME, 0 },
	{ "wildcard is one label", SLICE("a.b.wild.example"), ABI_UNKNOWN_NAME, 0 },
	{ "wildcard is not none", SLICE("wild.example"), ABI_UNKNOWN_NAME, 0 },
	{ "no label before the dot", SLICE(".wild.example"), ABI_UNKNOWN_NAME, 0 },
	{ "63 bytes", SLICE(LABEL63), ABI_ADMITTED, 4 },
	{ "64 bytes", SLICE("x" LABEL63), ABI_ADMITTED, 5 },
	{ "64 bytes with a dot", SLICE(LABEL63 "."), ABI_ADMITTED, 4 },
	{ "65 bytes with a dot", SLICE("x" LABEL63 "."), ABI_ADMITTED, 5 },
	{ "255 bytes", SLICE(LABEL63 "." LABEL63 "." LABEL63 "." LABEL63), ABI_ADMITTED, 6 },
	{ "255 bytes, unknown", SLICE(LABEL63 "." LABEL63 "." LABEL63 "-" LABEL63),
	  ABI_UNKNOWN_NAME, 0 },
	{ "256 bytes", SLICE(LABEL63 "." LABEL63 "." LABEL63 "." LABEL63 "."), ABI_BAD_NAME, 0 },
	{ "long wildcard", SLICE("WWW." LABEL63 "." LABEL63), ABI_ADMITTED, 7 },
	{ "long name, short wildcard", SLICE(LABEL63 ".wild.example"), ABI_ADMITTED, 3 },
	{ "8-bit", SLICE("\xe1.example"), ABI_UNKNOWN_NAME, 0 },
	{ "what differs from a letter in one bit", SLICE("a.ex\x01mple"), ABI_UNKNOWN_NAME, 0 },
	{ "bytes around the letters", SLICE("@[`{.example"), ABI_UNKNOWN_NAME, 0 },
};

Test(bpf_hello, names_are_matched_as_hosts_are)
{
	static struct outcome o;
	struct abi_flow flow;

	for (size_t i = 0; i < ARRAY_LEN(names) * ARRAY_LEN(shapes); i++) {
		const struct hello_shape *shape = &shapes[i % ARRAY_LEN(shapes)];
		const size_t n = i / ARRAY_LEN(shapes);

		hello_build(&h, shape, names[n].name);
		(void)judge_both(hello_slice(&h), names[n].why);
		if (strcmp(shape->why, "the name alone") != 0)
			continue;
		kit_run_spec(&k, &s, &o);
		cr_expect_eq(o.reason, names[n].reason, "%s: %s", names[n].why,
		             reason_name(o.reason));
		if (kit_flow(&k, &s, &flow))
			cr_expect_eq(flow.host_id, names[n].host, "%s", names[n].why);
		else
			cr_expect_eq(names[n].host, 0, "%s", names[n].why);
		kit_forget(&k, &s);
	}
}

/* Two records: what the second one brings is not in reach. */
Test(bpf_hello, a_message_in_two_records_is_not_misread)
{
	static struct hello two;

	for (size_t cut = 1; cut < 120; cut++) {
		hello_build(&h, &shapes[0], SLICE("b.example.com"));
		two = h;
		memcpy(two.bytes + 5 + cut + 5, h.bytes + 5 + cut, h.len - 5 - cut);
		two.len = h.len + 5;
		hello_set(&two, 3, 2, cut);
		hello_set(&two, 5 + cut, 3, 0x160301);
		hello_set(&two, 5 + cut + 3, 2, h.len - 5 - cut);
		cr_expect_eq(judge_both(hello_slice(&two), "two records"), CLIENTHELLO_BEYOND,
		             "cut at %zu", cut);
	}
}

/* xorshift, so that every run is the same. */
static uint32_t random_next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

Test(bpf_hello, random_changes_make_no_difference)
{
	uint32_t state = 0x51ce;
	size_t seen[CLIENTHELLO_BAD + 1] = { 0 };

	for (size_t i = 0; i < RANDOM_ROUNDS; i++) {
		const struct hello_shape *shape = &shapes[random_next(&state) % ARRAY_LEN(shapes)];
		const size_t name = random_next(&state) % ARRAY_LEN(names);
		const size_t changes = random_next(&state) % (RANDOM_CHANGES + 1);
		size_t len;

		hello_build(&h, shape, names[name].name);
		for (size_t j = 0; j < changes; j++) {
			/* most of them where the structure is */
			const size_t near = random_next(&state) % 2 ? h.len : 48;
			const size_t at =
				(random_next(&state) % 2 ? h.sni : 0) + random_next(&state) % near;

			h.bytes[at % h.len] ^= (uint8_t)(1u << random_next(&state) % 8);
		}
		len = random_next(&state) % 4 ? h.len : 1 + random_next(&state) % h.len;
		seen[judge_both(slice_of(h.bytes, len), shape->why)]++;
	}
	for (size_t i = 0; i < ARRAY_LEN(seen); i++)
		cr_expect_gt(seen[i], 20, "outcome %zu came %zu times only", i, seen[i]);
}
