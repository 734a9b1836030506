/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * byte.h - what each byte may be part of, and a quick way past the dull ones.
 */
#pragma once

#include <endian.h>

#include "base/slice.h"

enum {
	BYTE_TOKEN = 1,   /* tchar: RFC 9110 section 5.6.2 */
	BYTE_VISIBLE = 2, /* VCHAR: 0x21..0x7E */
	BYTE_QUOTED = 4,  /* qdtext: RFC 9110 section 5.6.4 */
	BYTE_LABEL = 8,   /* in a hostname's label: letter, digit, '-', '_' */
	BYTE_ALPHA = 16,
	BYTE_DIGIT = 32,
	BYTE_HEX = 64,
};

/* BYTE_TABLE(F): F(0), F(1), ... F(255), for tables the compiler works out. */
/* clang-format off */
#define BYTE_ROW(F, r)                                                                             \
	F((r) + 0), F((r) + 1), F((r) + 2), F((r) + 3), F((r) + 4), F((r) + 5), F((r) + 6),        \
	F((r) + 7), F((r) + 8), F((r) + 9), F((r) + 10), F((r) + 11), F((r) + 12), F((r) + 13),    \
	F((r) + 14), F((r) + 15)
#define BYTE_TABLE(F)                                                                              \
	BYTE_ROW(F, 0x00), BYTE_ROW(F, 0x10), BYTE_ROW(F, 0x20), BYTE_ROW(F, 0x30),                \
	BYTE_ROW(F, 0x40), BYTE_ROW(F, 0x50), BYTE_ROW(F, 0x60), BYTE_ROW(F, 0x70),                \
	BYTE_ROW(F, 0x80), BYTE_ROW(F, 0x90), BYTE_ROW(F, 0xA0), BYTE_ROW(F, 0xB0),                \
	BYTE_ROW(F, 0xC0), BYTE_ROW(F, 0xD0), BYTE_ROW(F, 0xE0), BYTE_ROW(F, 0xF0)
/* clang-format on */

extern const uint8_t byte_class[256];

static inline bool byte_is(uint8_t c, unsigned int classes)
{
	return (byte_class[c] & classes) != 0;
}

static inline bool byte_is_space(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/** byte_all - is every byte of @s of one of these classes? true when empty */
static inline bool byte_all(struct slice s, unsigned int classes)
{
	for (size_t i = 0; i < s.len; i++)
		if (!byte_is(s.ptr[i], classes))
			return false;
	return true;
}

/** byte_trim - @s without the spaces and tabs at both ends */
static inline struct slice byte_trim(struct slice s)
{
	while (s.len > 0 && byte_is_space(s.ptr[0]))
		s = slice_of(s.ptr + 1, s.len - 1);
	while (s.len > 0 && byte_is_space(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

/*
 * The high bit of each byte of @w that is a control byte (below 0x20, or DEL).
 * Above the lowest such byte there may be false ones: a borrow went through.
 */
static inline uint64_t byte_controls(uint64_t w)
{
	const uint64_t ones = 0x0101010101010101U;
	const uint64_t tops = 0x8080808080808080U;
	uint64_t del = w ^ (ones * 0x7F);

	return ((w - ones * 0x20) & ~w & tops) | ((del - ones) & ~del & tops);
}

/**
 * byte_next_control - first control byte (HTAB too) of @s from @at on
 *
 * Eight at a time: this is where a parser of text spends its life.
 *
 * Return: its index, or s.len.
 */
static inline size_t byte_next_control(struct slice s, size_t at)
{
	uint64_t w;

	for (; s.len - at >= sizeof(w); at += sizeof(w)) {
		memcpy(&w, s.ptr + at, sizeof(w));
		w = byte_controls(le64toh(w));
		if (w != 0)
			return at + (size_t)__builtin_ctzll(w) / 8;
	}
	for (; at < s.len; at++)
		if (s.ptr[at] < 0x20 || s.ptr[at] == 0x7F)
			return at;
	return s.len;
}
