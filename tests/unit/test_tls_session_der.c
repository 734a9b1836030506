/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/session_der.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

static const struct {
	const char *why;
	const char *in;
	size_t in_len;
	const char *out; /* NULL: refused */
	size_t out_len;
} rows[] = {
#define ROW(why, in, out)                                                                          \
	{                                                                                          \
		why, in, sizeof(in) - 1, out, sizeof(out) - 1                                      \
	}
#define BAD(why, in)                                                                               \
	{                                                                                          \
		why, in, sizeof(in) - 1, NULL, 0                                                   \
	}
	ROW("no certificate", "\x30\x05\x02\x01\x01\xA1\x00", "\x30\x05\x02\x01\x01\xA1\x00"),
	ROW("the certificate goes", "\x30\x08\x02\x01\x01\xA3\x01x\xA4\x00",
	    "\x30\x05\x02\x01\x01\xA4\x00"),
	ROW("only the certificate", "\x30\x03\xA3\x01x", "\x30\x00"),
	ROW("empty", "\x30\x00", "\x30\x00"),
	ROW("[3] inside another member stays", "\x30\x05\xA4\x03\xA3\x01x",
	    "\x30\x05\xA4\x03\xA3\x01x"),
	ROW("[3] primitive is something else", "\x30\x03\x83\x01x", "\x30\x03\x83\x01x"),
	BAD("nothing", ""),
	BAD("not a SEQUENCE", "\x31\x00"),
	BAD("no length", "\x30"),
	BAD("longer than there is", "\x30\x06\x02\x01\x01\xA1\x00"),
	BAD("something behind it", "\x30\x05\x02\x01\x01\xA1\x00x"),
	BAD("member longer than the SEQUENCE", "\x30\x03\x02\x02\x01"),
	BAD("member without length", "\x30\x01\x02"),
	BAD("indefinite length", "\x30\x80\x00\x00"),
	BAD("long tag", "\x30\x03\xBF\x20\x00"),
	BAD("long form of a short length", "\x30\x81\x03\x02\x01\x01"),
	BAD("length with a leading zero", "\x30\x82\x00\x81\x02"),
	BAD("length of four bytes", "\x30\x84\x01\x00\x00\x00\x02"),
	BAD("length that ends", "\x30\x82\x01"),
#undef ROW
#undef BAD
};

Test(tls_session_der, cuts_the_certificate_and_nothing_else)
{
	for (size_t n = 0; n < ARRAY_LEN(rows); n++) {
		uint8_t room[64];
		struct sink out = sink_of(room, sizeof(room));
		int rc = session_der_cut(slice_of(rows[n].in, rows[n].in_len), &out);

		cr_expect_eq(rc, rows[n].out ? 0 : -EBADMSG, "%s", rows[n].why);
		if (rows[n].out)
			cr_expect(slice_eq(sink_slice(&out),
			                   slice_of(rows[n].out, rows[n].out_len)),
			          "%s", rows[n].why);
	}
}

/* Lengths of one, two and three bytes, in and out. */
Test(tls_session_der, writes_the_shortest_length)
{
	static const size_t sizes[] = { 1, 100, 120, 127, 128, 200, 250, 256, 300, 65000, 70000 };

	for (size_t n = 0; n < ARRAY_LEN(sizes); n++) {
		size_t len = sizes[n];
		uint8_t *in = calloc(1, len + 20);
		uint8_t *room = calloc(1, len + 20);
		uint8_t body[5] = { 0x04, 0x83, (uint8_t)(len >> 16), (uint8_t)(len >> 8),
			            (uint8_t)len };
		struct sink member = sink_of(room, len + 20);
		struct sink whole = sink_of(in, len + 20);
		struct sink again;

		/* Build SEQUENCE { OCTET STRING } by hand, shortest form. */
		if (len >= 0x10000)
			sink_put(&member, slice_of(body, 5));
		else if (len >= 0x100)
			sink_put(&member, slice_of((uint8_t[]){ 4, 0x82, body[3], body[4] }, 4));
		else if (len >= 0x80)
			sink_put(&member, slice_of((uint8_t[]){ 4, 0x81, body[4] }, 3));
		else
			sink_put(&member, slice_of((uint8_t[]){ 4, body[4] }, 2));
		member.len += len;
		len = member.len;
		if (len >= 0x10000)
			sink_put(&whole, slice_of((uint8_t[]){ 0x30, 0x83, (uint8_t)(len >> 16),
			                                       (uint8_t)(len >> 8), (uint8_t)len },
			                          5));
		else if (len >= 0x100)
			sink_put(&whole, slice_of((uint8_t[]){ 0x30, 0x82, (uint8_t)(len >> 8),
			                                       (uint8_t)len },
			                          4));
		else if (len >= 0x80)
			sink_put(&whole, slice_of((uint8_t[]){ 0x30, 0x81, (uint8_t)len }, 3));
		else
			sink_put(&whole, slice_of((uint8_t[]){ 0x30, (uint8_t)len }, 2));
		sink_put(&whole, sink_slice(&member));
		cr_assert_not(whole.overflow);

		again = sink_of(room, sizes[n] + 20);
		cr_assert_eq(session_der_cut(sink_slice(&whole), &again), 0, "%zu", sizes[n]);
		cr_expect(slice_eq(sink_slice(&again), sink_slice(&whole)), "%zu", sizes[n]);
		free(in);
		free(room);
	}
}

Test(tls_session_der, too_little_room_is_said)
{
	uint8_t room[4];
	struct sink out = sink_of(room, sizeof(room));

	cr_expect_eq(session_der_cut(SLICE("\x30\x05\x02\x01\x01\xA1\x00"), &out), 0);
	cr_expect(out.overflow);
}
