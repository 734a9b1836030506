/* SPDX-License-Identifier: GPL-2.0-only */
#include <criterion/criterion.h>

#include "heads.h"
#include "proto/identity_fields.h"

static const struct identity_header all_rows[] = {
	{ .name = SLICE("Der"), .render = render_der_base64 },
	{ .name = SLICE("Sha"), .render = render_sha256_hex },
	{ .name = SLICE("Verdict"), .render = render_verdict },
	{ .name = SLICE("Client-Cert"), .render = render_rfc9440_leaf },
	{ .name = SLICE("Client-Cert-Chain"), .render = render_rfc9440_chain },
};
static const struct identity_headers all = { .len = ARRAY_LEN(all_rows), .row = all_rows };

static const struct identity_meta somebody = {
	.presented = true,
	.verified = true,
	.verdict = SLICE("SUCCESS"),
	.der = SLICE("foobar"),
	.sha256 = { 0xAB, [31] = 0x01 },
	.chain_len = 2,
	.chain = { SLICE("fo"), SLICE("foob") },
};

Test(identity, every_header_of_a_verified_client)
{
	uint8_t room[512];
	struct sink s = sink_of(room, sizeof(room));

	identity_render(&all, &somebody, &s);
	cr_expect(!s.overflow);
	EXPECT_SLICE(
		sink_slice(&s),
		SLICE("Der: Zm9vYmFy\r\n"
	              "Sha: ab00000000000000000000000000000000000000000000000000000000000001\r\n"
	              "Verdict: SUCCESS\r\n"
	              "Client-Cert: :Zm9vYmFy:\r\n"
	              "Client-Cert-Chain: :Zm8=:, :Zm9vYg==:\r\n"),
		"all");
}

Test(identity, rfc_9440_says_nothing_of_a_client_that_did_not_verify)
{
	struct identity_meta who = somebody;
	uint8_t room[512];
	struct sink s = sink_of(room, sizeof(room));

	who.verified = false;
	who.verdict = SLICE("FAILED:certificate has expired");
	identity_render(&all, &who, &s);
	EXPECT_SLICE(
		sink_slice(&s),
		SLICE("Der: Zm9vYmFy\r\n"
	              "Sha: ab00000000000000000000000000000000000000000000000000000000000001\r\n"
	              "Verdict: FAILED:certificate has expired\r\n"),
		"failed");
}

Test(identity, nobody_has_a_verdict_and_no_more)
{
	const struct identity_meta nobody = { .verdict = SLICE("NONE") };
	uint8_t room[512];
	struct sink s = sink_of(room, sizeof(room));

	identity_render(&all, &nobody, &s);
	EXPECT_SLICE(sink_slice(&s), SLICE("Verdict: NONE\r\n"), "nobody");
}

Test(identity, a_chain_of_none_is_no_header)
{
	struct identity_meta who = somebody;
	uint8_t room[512];
	struct sink s = sink_of(room, sizeof(room));
	const struct identity_headers chain = { .len = 1, .row = &all_rows[4] };

	who.chain_len = 0;
	identity_render(&chain, &who, &s);
	cr_expect_eq(s.len, 0);
}

Test(identity, a_value_cannot_end_its_line)
{
	struct identity_meta who = somebody;
	uint8_t room[512];
	struct sink s = sink_of(room, sizeof(room));
	const struct identity_header v = { .name = SLICE("V"), .render = render_verdict };
	const struct identity_headers one = { .len = 1, .row = &v };

	who.verdict = SLICE("FAILED:a\r\nClient-Cert: b\0\xe9\x7f\t");
	identity_render(&one, &who, &s);
	EXPECT_SLICE(sink_slice(&s), SLICE("V: FAILED:a??Client-Cert: b????\r\n"),
	             "printable ASCII");
}

Test(identity, what_does_not_fit_is_seen_and_what_is_left_out_needs_no_room)
{
	struct identity_meta who = somebody;
	const struct identity_header two[] = {
		{ .name = SLICE("V"), .render = render_verdict },
		{ .name = SLICE("Client-Cert"), .render = render_rfc9440_leaf },
	};
	const struct identity_headers rows = { .len = 2, .row = two };
	uint8_t room[12];
	struct sink s = sink_of(room, sizeof(room));

	identity_render(&rows, &who, &s);
	cr_expect(s.overflow);
	who.verified = false;
	s = sink_of(room, sizeof(room));
	identity_render(&rows, &who, &s);
	cr_expect(!s.overflow);
	EXPECT_SLICE(sink_slice(&s), SLICE("V: SUCCESS\r\n"), "exactly its room");
}

Test(identity, keys_are_equal_when_headers_are)
{
	const struct identity_header by_template = { .name = SLICE("V"),
		                                     .template = SLICE("${certVerify}") };
	const struct identity_header other_template = { .name = SLICE("V"),
		                                        .template = SLICE("${certSerial}") };
	const struct identity_header by_renderer = { .name = SLICE("V"), .render = render_verdict };
	const struct identity_header other_name = { .name = SLICE("W"), .render = render_verdict };
	const struct identity_header *const rows[] = { &by_template, &other_template, &by_renderer,
		                                       &other_name };
	uint8_t room[ARRAY_LEN(rows)][64];
	struct sink key[ARRAY_LEN(rows)];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct identity_headers h = { .len = 1, .row = rows[i] };
		uint8_t again[64];
		struct sink twice = sink_of(again, sizeof(again));

		key[i] = sink_of(room[i], sizeof(room[i]));
		identity_headers_key(&h, &key[i]);
		identity_headers_key(&h, &twice);
		cr_expect(slice_eq(sink_slice(&key[i]), sink_slice(&twice)));
		for (size_t j = 0; j < i; j++)
			cr_expect_not(slice_eq(sink_slice(&key[i]), sink_slice(&key[j])));
	}
}
