/* SPDX-License-Identifier: GPL-2.0-only */
#include <criterion/criterion.h>

#include "heads.h"
#include "proto/identity.h"

static const struct identity_headers all = {
	.len = IDENTITY_FIELD_MAX,
	.row = { { SLICE("Der"), IDENTITY_FIELD_DER_BASE64 },
	         { SLICE("Sha"), IDENTITY_FIELD_SHA256_HEX },
	         { SLICE("Verdict"), IDENTITY_FIELD_VERDICT },
	         { SLICE("Client-Cert"), IDENTITY_FIELD_RFC9440_LEAF },
	         { SLICE("Client-Cert-Chain"), IDENTITY_FIELD_RFC9440_CHAIN } },
};

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
	const struct identity_headers chain = {
		.len = 1, .row = { { SLICE("Client-Cert-Chain"), IDENTITY_FIELD_RFC9440_CHAIN } }
	};

	who.chain_len = 0;
	identity_render(&chain, &who, &s);
	cr_expect_eq(s.len, 0);
}

Test(identity, a_value_cannot_end_its_line)
{
	struct identity_meta who = somebody;
	uint8_t room[512];
	struct sink s = sink_of(room, sizeof(room));
	const struct identity_headers one = { .len = 1,
		                              .row = { { SLICE("V"), IDENTITY_FIELD_VERDICT } } };

	who.verdict = SLICE("FAILED:a\r\nClient-Cert: b\0\xe9\x7f\t");
	identity_render(&one, &who, &s);
	EXPECT_SLICE(sink_slice(&s), SLICE("V: FAILED:a??Client-Cert: b????\r\n"),
	             "printable ASCII");
}

Test(identity, what_does_not_fit_is_seen_and_what_is_left_out_needs_no_room)
{
	struct identity_meta who = somebody;
	const struct identity_headers rows = {
		.len = 2,
		.row = { { SLICE("V"), IDENTITY_FIELD_VERDICT },
		         { SLICE("Client-Cert"), IDENTITY_FIELD_RFC9440_LEAF } },
	};
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
