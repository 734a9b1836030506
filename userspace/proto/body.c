/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/body.h"

#include "proto/rewrite.h"

void body_begin(struct body *b, const struct framing *f, uint64_t max)
{
	*b = (struct body){ .kind = (uint8_t)f->kind, .left = f->length, .max = max };
	b->is_done = f->kind == BODY_NONE;
}

static enum refusal take_chunked(struct body *b, struct slice in, const struct reserved *reserved,
                                 struct sink *tail, struct body_taken *out)
{
	struct body_taken taken = { 0 };
	enum refusal why;
	size_t len = 0;

	if (!b->is_trailer) {
		why = chunked_walk(&b->chunked, in, b->max, &taken.forward, &b->is_trailer);
		if (why != REFUSAL_NONE)
			return why;
		taken.consumed = taken.forward;
	}
	if (b->is_trailer && taken.consumed < in.len) {
		struct slice rest = slice_sub(in, taken.consumed, in.len - taken.consumed);

		if (rest.len > TRAILER_BYTES_MAX)
			rest.len = TRAILER_BYTES_MAX;
		why = trailer_end(rest, &len);
		if (why == REFUSAL_NONE && len > 0)
			why = rewrite_trailer(slice_sub(rest, 0, len), reserved, tail);
		if (why != REFUSAL_NONE)
			return why;
		taken.consumed += len;
		b->is_done = len > 0;
	}
	*out = taken;
	return REFUSAL_NONE;
}

static void skip_length(struct body *b, uint64_t n)
{
	b->left -= n;
	b->is_done = b->left == 0;
}

enum refusal body_take(struct body *b, struct slice in, const struct reserved *reserved,
                       struct sink *tail, struct body_taken *out)
{
	size_t n = in.len;

	if (b->is_done) {
		*out = (struct body_taken){ 0 };
		return REFUSAL_NONE;
	}
	if (b->kind == BODY_CHUNKED)
		return take_chunked(b, in, reserved, tail, out);
	if (b->kind == BODY_LENGTH) {
		if (n > b->left)
			n = (size_t)b->left;
		skip_length(b, n);
	}
	*out = (struct body_taken){ .forward = n, .consumed = n };
	return REFUSAL_NONE;
}

bool body_end(struct body *b)
{
	if (b->kind == BODY_UNTIL_CLOSE)
		b->is_done = true;
	return b->is_done;
}

uint64_t body_wants(const struct body *b)
{
	if (b->is_done)
		return 0;
	if (b->kind == BODY_LENGTH)
		return b->left;
	return UINT64_MAX;
}

uint64_t body_opaque(const struct body *b)
{
	if (b->is_done)
		return 0;
	switch ((enum body_kind)b->kind) {
	case BODY_LENGTH:
		return b->left;
	case BODY_CHUNKED:
		return chunked_opaque(&b->chunked);
	case BODY_UNTIL_CLOSE:
		return UINT64_MAX;
	case BODY_NONE:
	case BODY_TUNNEL:
		break;
	}
	return 0;
}

void body_skip(struct body *b, uint64_t n)
{
	must(n <= body_opaque(b));
	if (b->kind == BODY_LENGTH)
		skip_length(b, n);
	else if (b->kind == BODY_CHUNKED)
		chunked_skip(&b->chunked, n);
}
