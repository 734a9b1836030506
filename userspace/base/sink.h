/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sink.h - bounded output: bytes are appended until the storage is full.
 *
 * Running out of room is remembered, not returned: a renderer writes all it has
 * and its caller asks once, at the end, whether it fitted. After an overflow
 * nothing more is written, so what is there is a prefix and never has a hole.
 */
#pragma once

#include "base/slice.h"

struct sink {
	uint8_t *ptr; /* storage, borrowed */
	size_t len;   /* bytes written */
	size_t cap;   /* bytes of storage */
	bool overflow;
};

static inline struct sink sink_of(void *ptr, size_t cap)
{
	return (struct sink){ .ptr = ptr, .cap = cap };
}

static inline size_t sink_room(const struct sink *s)
{
	return s->cap - s->len;
}

static inline void sink_put(struct sink *s, struct slice bytes)
{
	if (s->overflow || bytes.len > sink_room(s)) {
		s->overflow = true;
		return;
	}
	slice_copy(s->ptr + s->len, bytes);
	s->len += bytes.len;
}

static inline void sink_putc(struct sink *s, char c)
{
	sink_put(s, slice_of(&c, 1));
}

static inline struct slice sink_slice(const struct sink *s)
{
	return slice_of(s->ptr, s->len);
}
