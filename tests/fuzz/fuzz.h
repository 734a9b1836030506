/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fuzz.h - what the targets share: second opinions, slow and simple on purpose.
 *
 * Nothing here calls the code under test: an oracle that borrows a helper from
 * it would repeat its mistakes.
 */
#pragma once

#include "proto/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const struct head_limits widest = {
	.head_bytes = HEAD_BYTES_MAX,
	.target_bytes = HEAD_BYTES_MAX,
	.fields = HEAD_FIELDS_MAX,
};

static inline int slow_lower(int c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/* Is @s this text, any case? */
static inline bool slow_is(struct slice s, const char *text)
{
	size_t i = 0;

	while (i < s.len && text[i] != '\0' && slow_lower(s.ptr[i]) == slow_lower(text[i]))
		i++;
	return i == s.len && text[i] == '\0';
}

static inline size_t slow_count(const struct head *h, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < h->fields_len; i++)
		n += slow_is(h->fields[i].name, name);
	return n;
}

static inline bool slow_inside(struct slice outer, struct slice inner)
{
	return inner.len == 0 ||
	       (inner.ptr >= outer.ptr && inner.ptr + inner.len <= outer.ptr + outer.len);
}
