/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * body.h - follows one message body to its end, whatever frames it.
 *
 * The caller hands in what has arrived; body_take() says how much of it is body,
 * how much may be forwarded as it is, and what is to be sent after that (a
 * cleaned trailer section). It keeps counters only, no bytes.
 */
#pragma once

#include "base/sink.h"
#include "proto/chunked.h"
#include "proto/framing.h"
#include "proto/reserved.h"

struct body {
	uint8_t kind;    /* enum body_kind */
	bool is_trailer; /* chunked: the last chunk is behind */
	bool is_done;
	uint64_t left; /* BODY_LENGTH: bytes to come */
	uint64_t max;  /* chunked: most data bytes allowed */
	struct chunked chunked;
};

/** body_begin - a body framed like this; a body of no bytes is done at once */
void body_begin(struct body *b, const struct framing *f, uint64_t max);

struct body_taken {
	size_t forward;  /* leading bytes of @in to send on as they are */
	size_t consumed; /* bytes of @in that are dealt with; >= forward */
};

/**
 * body_take - the next bytes of a body
 * @in:       what has arrived and was not consumed by an earlier call
 * @reserved: field names removed from a trailer section; NULL for a response
 * @tail:     gets what is to be sent behind the forwarded bytes: the trailer section
 * @out:      written on success
 *
 * Bytes behind the body are left unconsumed. A trailer section is consumed whole
 * or not at all: hand it in again with more.
 *
 * Return: REFUSAL_NONE, or a reason of chunked_walk(), trailer_end(),
 *         rewrite_trailer().
 */
MUST_USE enum refusal body_take(struct body *b, struct slice in, const struct reserved *reserved,
                                struct sink *tail, struct body_taken *out);

/**
 * body_end - the sender ended the connection
 *
 * Return: true when that was the proper end (BODY_UNTIL_CLOSE, or done before).
 */
bool body_end(struct body *b);

/** body_wants - bytes known to be still missing: UINT64_MAX when the body does not say */
uint64_t body_wants(const struct body *b);

/**
 * body_opaque - bytes to come that nobody has to look at
 *
 * Return: the rest of a known length, or of the data of the chunk that has begun;
 *         UINT64_MAX until the connection's end; 0 else (between chunks, a tunnel, done).
 */
uint64_t body_opaque(const struct body *b);

/** body_skip - @n of them, 1..body_opaque(), were moved unseen: as body_take() over them */
void body_skip(struct body *b, uint64_t n);
