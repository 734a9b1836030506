/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/session_der.h"

#include <errno.h>

enum {
	DER_SEQUENCE = 0x30,
	DER_PEER = 0xA3, /* [3], constructed */
	DER_LONG_TAG = 0x1F,
	DER_LENGTH_BYTES_MAX = 3, /* 16 MiB: sessions are far smaller */
};

struct tlv {
	uint8_t tag;
	struct slice whole;
	struct slice value;
};

/* The first TLV of @in. DER only: the shortest length form. */
static int next(struct slice in, struct tlv *out)
{
	size_t header = 2;
	size_t len;

	if (in.len < header || (in.ptr[0] & DER_LONG_TAG) == DER_LONG_TAG)
		return -EBADMSG;
	len = in.ptr[1];
	if (len >= 0x80) {
		size_t n = len & 0x7F;

		if (n == 0 || n > DER_LENGTH_BYTES_MAX || in.len < header + n || in.ptr[2] == 0)
			return -EBADMSG;
		len = 0;
		for (size_t i = 0; i < n; i++)
			len = len << 8 | in.ptr[header + i];
		if (len < 0x80)
			return -EBADMSG;
		header += n;
	}
	if (len > in.len - header)
		return -EBADMSG;
	out->tag = in.ptr[0];
	out->whole = slice_sub(in, 0, header + len);
	out->value = slice_sub(in, header, len);
	return 0;
}

static void put_sequence_header(struct sink *out, size_t len)
{
	uint8_t header[2 + DER_LENGTH_BYTES_MAX] = { DER_SEQUENCE };
	size_t n = 0;

	while (len >= 0x80 && len >> (8 * n) != 0)
		n++;
	header[1] = n == 0 ? (uint8_t)len : (uint8_t)(0x80 | n);
	for (size_t i = 0; i < n; i++)
		header[2 + i] = (uint8_t)(len >> (8 * (n - 1 - i)));
	sink_put(out, slice_of(header, 2 + n));
}

int session_der_cut(struct slice in, struct sink *out)
{
	struct tlv sequence;
	struct tlv member;
	struct slice rest;
	size_t kept = 0;

	if (next(in, &sequence) < 0 || sequence.tag != DER_SEQUENCE || sequence.whole.len != in.len)
		return -EBADMSG;
	for (rest = sequence.value; rest.len > 0;
	     rest = slice_sub(rest, member.whole.len, rest.len - member.whole.len)) {
		if (next(rest, &member) < 0)
			return -EBADMSG;
		if (member.tag != DER_PEER)
			kept += member.whole.len;
	}
	put_sequence_header(out, kept);
	for (rest = sequence.value; rest.len > 0;
	     rest = slice_sub(rest, member.whole.len, rest.len - member.whole.len)) {
		if (next(rest, &member) < 0)
			return -EBADMSG;
		if (member.tag != DER_PEER)
			sink_put(out, member.whole);
	}
	return 0;
}
