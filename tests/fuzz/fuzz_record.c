/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two oracles for the record engine. Bytes that nobody sealed never open. What was
 * sealed opens to the very bytes, however the wire is cut, and so do control
 * records: the two ends never disagree about a key.
 *
 * Input: version and suite, a byte for how much arrives at a time, then operations,
 * each a byte and a length, over the rest as plaintext.
 */
#include <errno.h>

#include "../unit/tls_state.h"
#include "tls/control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { WIRE_MAX = 1 << 20, OPS_MAX = RECORD_EMPTY_MAX };

static struct aead_cache *cache;
static uint8_t wire[WIRE_MAX];
static uint8_t sent[WIRE_MAX];
static uint8_t plain[WIRE_MAX];

static void never_opens_junk(struct record_state r, struct slice in)
{
	struct record_opened o;
	int rc = record_open(cache, &r, in, plain, &o);

	must(rc <= 0);
	must(rc >= -255);
	must(in.len < RECORD_WIRE_MAX || rc < 0);
}

/* Opens what has arrived; appends data to plain, acts on the rest. Bytes consumed. */
static size_t take(struct record_state *p, struct slice in, size_t *len)
{
	static uint8_t piece[RECORD_WIRE_MAX];
	size_t at = 0;

	for (;;) {
		struct record_opened o;
		uint8_t alert = 0;
		int rc = record_open(cache, p, slice_sub(in, at, in.len - at), piece, &o);

		must(rc >= 0);
		if (rc == 0)
			return at;
		at += o.wire_len;
		if (o.type == RECORD_APPLICATION_DATA) {
			memcpy(plain + *len, piece, o.plain_len);
			*len += o.plain_len;
			continue;
		}
		must(control_record(p, o.type, slice_of(piece, o.plain_len), &alert) !=
		     CONTROL_FATAL);
	}
}

/* Fills wire from the operations; bytes of application data put into sent. */
static size_t act(struct record_state *r, struct slice in, struct sink *out)
{
	size_t data = 0;

	for (size_t i = 0; i < OPS_MAX && in.len >= 3; i++) {
		uint8_t op = in.ptr[0];
		size_t n = get_be16(in.ptr + 1);

		in = slice_sub(in, 3, in.len - 3);
		if (n > in.len)
			n = in.len;
		if (op % 8 == 1) {
			must(record_update_tx(cache, r, op & 8, out) ==
			     (record_is_tls13(r) ? 0 : -ENOTSUP));
			continue;
		}
		if (op % 8 == 2)
			r->plain_max = (uint16_t)(512U << (op >> 6));
		if (op % 8 == 3)
			n = 0;
		must(record_seal(cache, r, RECORD_APPLICATION_DATA, slice_sub(in, 0, n), out) == 0);
		memcpy(sent + data, in.ptr, n);
		data += n;
		in = slice_sub(in, n, in.len - n);
	}
	return data;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice in = slice_of(data, len < 65536 ? len : 65536);
	struct sink out = sink_of(wire, sizeof(wire));
	struct record_state r;
	struct record_state p;
	size_t step;
	size_t want;
	size_t got = 0;
	size_t at = 0;

	if (!cache)
		must(aead_cache_new(4, &cache) == 0);
	if (in.len < 2)
		return 0;
	r = test_state(in.ptr[0] & 1 ? 0x0304 : 0x0303, (in.ptr[0] >> 1) % SUITE_MAX, in.ptr[0]);
	p = test_peer(&r);
	step = (size_t)in.ptr[1] * 37 + 1;
	in = slice_sub(in, 2, in.len - 2);
	never_opens_junk(r, in);

	want = act(&r, in, &out);
	p.key_updates_max = OPS_MAX;
	for (size_t end = 0; at < out.len;) {
		end = end + step < out.len ? end + step : out.len;
		at += take(&p, slice_of(wire + at, end - at), &got);
	}
	must(at == out.len);
	must(got == want);
	must(want == 0 || memcmp(plain, sent, want) == 0);
	return 0;
}
