/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * clienthello.bpf.h - the host name in the first bytes of a connection.
 *
 * Reads scratch()->hello, which the caller has filled, so it serves XDP and the
 * listeners alike. userspace/proto/clienthello.c gives the same answers in plain C;
 * tests/bpf holds the two against each other.
 *
 * Offsets are compared with what is there first and masked then: the mask changes
 * nothing, it is what the verifier understands.
 */
#ifndef CLIENTHELLO_BPF_H
#define CLIENTHELLO_BPF_H

#include "maps.bpf.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "names are compared in words whose first byte is the lowest"
#endif

enum hello {
	HELLO_NAME,
	HELLO_NO_NAME,
	HELLO_BAD_NAME,
	HELLO_MORE, /* ends before the name */
	HELLO_BEYOND, /* the name is not in the first record, the window or the extensions looked at */
	HELLO_NOT_TLS,
	HELLO_BAD,
};

enum {
	HELLO_MASK = 0xfff,
	HELLO_RECORD_MAX = 16384,
	HELLO_BYTES_MAX = 131396, /* as OpenSSL */
	HELLO_SESSION_ID_MAX = 32,
	HELLO_NAME_MAX = 255,
	TLS_HANDSHAKE = 0x16,
	TLS_CLIENT_HELLO = 1,
};

#define WORD_EACH(byte) (0x0101010101010101ULL * (byte))

static __always_inline __u32 hello_u8(const struct scratch *s, __u32 at)
{
	return s->hello[at & HELLO_MASK];
}

static __always_inline __u32 hello_u16(const struct scratch *s, __u32 at)
{
	return hello_u8(s, at) << 8 | hello_u8(s, at + 1);
}

/* What is in the way of reading @n bytes at @at, if anything. */
#define HELLO_NEED(at, n)                                                                          \
	do {                                                                                       \
		if ((at) + (n) > end)                                                              \
			return HELLO_BAD;                                                          \
		if ((at) + (n) > limit)                                                            \
			return short_of;                                                           \
	} while (0)

/* The server_name extension at @at, of @len bytes: one host_name and nothing else. */
static __always_inline enum hello hello_server_name(struct scratch *s, __u32 at, __u32 len)
{
	const __u32 limit = s->limit & HELLO_MASK;

	if (s->name_len || len < 5)
		return HELLO_BAD;
	if (at + 9 > limit)
		return s->short_of;
	if (hello_u16(s, at + 4) != len - 2 || hello_u8(s, at + 6) != 0 ||
	    hello_u16(s, at + 7) != len - 5)
		return HELLO_BAD;
	if (len == 5 || len - 5 > HELLO_NAME_MAX)
		return HELLO_BAD_NAME;
	if (at + 4 + len > limit)
		return s->short_of;
	s->name_at = at + 9;
	s->name_len = len - 5;
	return HELLO_NAME;
}

/*
 * Extensions from @at to @end. A second server_name is an error, so the walk goes on
 * behind the first one as far as there are bytes. What it has found and how far it may
 * read are in @s: in registers each would be a state of its own in every round.
 */
static __always_inline enum hello hello_extensions(struct scratch *s, __u32 at, __u32 end)
{
	const __u32 limit = s->limit & HELLO_MASK;
	const enum hello short_of = s->short_of;
	enum hello r = HELLO_BEYOND;

	for (int i = 0; i <= ABI_HELLO_EXTENSIONS; i++) {
		__u32 len;

		if (at == end) {
			r = HELLO_NO_NAME;
			break;
		}
		if (i == ABI_HELLO_EXTENSIONS)
			break;
		if (at + 4 > end)
			return HELLO_BAD;
		if (at + 4 > limit) {
			r = short_of;
			break;
		}
		len = hello_u16(s, at + 2);
		if (at + 4 + len > end)
			return HELLO_BAD;
		if (hello_u16(s, at) == 0) {
			enum hello name = hello_server_name(s, at, len);

			if (name != HELLO_NAME)
				return name;
		}
		at += 4 + len;
	}
	return s->name_len ? HELLO_NAME : r;
}

/* The headers of record and message. Return: the end of the message, or a negative enum hello. */
static __always_inline int hello_headers(struct scratch *s, __u32 n)
{
	__u32 len;

	s->limit = n < ABI_HELLO_WINDOW ? n : ABI_HELLO_WINDOW;
	s->short_of = n < ABI_HELLO_WINDOW ? HELLO_MORE : HELLO_BEYOND;
	if (n < 1)
		return -HELLO_MORE;
	if (s->hello[0] != TLS_HANDSHAKE)
		return -HELLO_NOT_TLS;
	if (n < 2)
		return -HELLO_MORE;
	if (s->hello[1] != 3)
		return -HELLO_NOT_TLS;
	if (n < 5)
		return -HELLO_MORE;
	len = hello_u16(s, 3);
	if (len == 0 || len > HELLO_RECORD_MAX)
		return -HELLO_BAD;
	if (n < 6)
		return -HELLO_MORE;
	if (s->hello[5] != TLS_CLIENT_HELLO)
		return -HELLO_NOT_TLS;
	if (s->limit >= 5 + len) {
		s->limit = 5 + len; /* the next record's header is no part of the message */
		s->short_of = HELLO_BEYOND;
	}
	if (s->limit < 9)
		return -s->short_of;
	len = hello_u8(s, 6) << 16 | hello_u16(s, 7);
	return len > HELLO_BYTES_MAX ? -HELLO_BAD : 9 + len;
}

/**
 * hello_walk - find server_name in the first @n bytes of a connection
 *
 * Return: enum hello; with HELLO_NAME scratch()->name_at and name_len (1..255) are set.
 * Source: RFC 8446 sections 4.1.2 and 5.1, RFC 6066 section 3.
 */
__noinline int hello_walk(__u32 n)
{
	struct scratch *s = scratch();
	enum hello short_of;
	__u32 limit;
	__u32 at = 43; /* behind record and handshake headers, version, random */
	__u32 end;
	__u32 len;
	int r;

	if (!s)
		return HELLO_BEYOND;
	s->name_len = 0;
	r = hello_headers(s, n);
	if (r < 0)
		return -r;
	end = r;
	limit = s->limit & HELLO_MASK;
	short_of = s->short_of;

	HELLO_NEED(at, 1);
	len = hello_u8(s, at);
	if (len > HELLO_SESSION_ID_MAX)
		return HELLO_BAD;
	at += 1 + len;
	HELLO_NEED(at, 2);
	len = hello_u16(s, at); /* cipher suites */
	if (len < 2 || len % 2)
		return HELLO_BAD;
	at += 2 + len;
	HELLO_NEED(at, 1);
	len = hello_u8(s, at); /* compression methods */
	if (len == 0)
		return HELLO_BAD;
	at += 1 + len;
	if (at == end)
		return HELLO_NO_NAME;
	HELLO_NEED(at, 2);
	len = hello_u16(s, at);
	at += 2;
	if (at + len != end)
		return HELLO_BAD;
	return hello_extensions(s, at, end);
}

/* Eight bytes, ASCII letters into lower case. */
static __always_inline __u64 word_lower(__u64 w)
{
	__u64 low = w & WORD_EACH(0x7f);
	__u64 from_a = low + WORD_EACH(0x80 - 'A');
	__u64 past_z = low + WORD_EACH(0x7f - 'Z');

	return w | ((~w & WORD_EACH(0x80) & (from_a ^ past_z)) >> 2);
}

/* Top bits of the bytes that are zero; the lowest one is right, those above it may not be. */
static __always_inline __u64 word_zeroes(__u64 w)
{
	return (w - WORD_EACH(1)) & ~w & WORD_EACH(0x80);
}

/* Which byte the lowest top bit in @bits belongs to: 0..7. */
static __always_inline __u32 word_first(__u64 bits)
{
	return (((bits & -bits) >> 7) * 0x0001020304050607ULL) >> 56;
}

/*
 * A key: @len bytes of the hello from @at, in lower case, zeroes behind. @len is at most
 * the last byte but one of @words words.
 */
static __always_inline void key_fill(struct scratch *s, __u8 *key, __u32 at, __u32 len,
                                     const int words)
{
	for (int i = 0; i < words; i++)
		*(__u64 *)(key + i * 8) =
			word_lower(*(__u64 *)(s->hello + (at & HELLO_MASK) + i * 8));
	len &= words * 8 - 1;
	for (int i = 0; i < words; i++)
		*(__u64 *)(key + len + i * 8) = 0;
}

/*
 * @found when no top bit is in @bits, else the place of the lowest. Without a branch: each
 * one would double what the verifier has to follow.
 */
static __always_inline __u64 word_choose(__u64 bits, __u64 base, __u64 found)
{
	__u64 any = (bits | -bits) >> 63;

	asm volatile("" : "+r"(any));
	return found ^ ((found ^ (base + word_first(bits))) & -any);
}

/* Where the first zero of a key is, and its first dot; 0 without one. */
static __always_inline __u32 key_scan(const __u8 *key, __u32 *dot, const int words)
{
	__u64 zero = 0;
	__u64 found = 0;

	for (int i = words - 1; i >= 0; i--) {
		__u64 w = *(const __u64 *)(key + i * 8);

		found = word_choose(word_zeroes(w ^ WORD_EACH('.')), i * 8, found);
		zero = word_choose(word_zeroes(w), i * 8, zero);
	}
	*dot = found;
	return zero;
}

/*
 * The key of the name that hello_walk() found. A name nobody can have: empty, with a NUL,
 * or with a star in front, which only the configuration writes.
 */
static __always_inline enum hello hello_key(struct scratch *s, __u32 at, __u32 len, const int words)
{
	__u32 zero;

	key_fill(s, s->name, at, len, words);
	zero = key_scan(s->name, &s->dot, words);
	s->name_len = len;
	return zero == len && s->name[0] != '*' ? HELLO_NAME : HELLO_BAD_NAME;
}

/* The key of the wildcard that would cover it: "*" in the place of the first label's last byte. */
static __always_inline __u32 hello_wild(struct scratch *s, const int words)
{
	__u32 len = s->name_len - s->dot + 1;

	key_fill(s, s->wild, s->name_at + s->dot - 1, len, words);
	s->wild[0] = '*';
	return len;
}

/* Two of each, because 256 bytes cost more than 64 and are rarely sent. */
__noinline int hello_key_short(__u32 at, __u32 len)
{
	struct scratch *s = scratch();

	return s ? hello_key(s, at, len, ABI_NAME_SHORT / 8) : HELLO_BEYOND;
}

__noinline int hello_key_long(__u32 at, __u32 len)
{
	struct scratch *s = scratch();

	return s ? hello_key(s, at, len, ABI_NAME_LONG / 8) : HELLO_BEYOND;
}

__noinline int hello_wild_short(void)
{
	struct scratch *s = scratch();

	return s ? hello_wild(s, ABI_NAME_SHORT / 8) : 0;
}

__noinline int hello_wild_long(void)
{
	struct scratch *s = scratch();

	return s ? hello_wild(s, ABI_NAME_LONG / 8) : 0;
}

/**
 * hello_read - what the first @n bytes of a connection ask for
 * @s: hello filled up to @n or ABI_HELLO_WINDOW, whichever comes first
 *
 * Return: enum hello; with HELLO_NAME the name's key is in @s.
 */
static __always_inline int hello_read(struct scratch *s, __u32 n)
{
	int r = hello_walk(n);
	__u32 len;

	len = s->name_len;
	s->name_len = 0;
	if (r != HELLO_NAME)
		return r;
	if (len == 0)
		return HELLO_BEYOND; /* cannot be; the verifier does not know */
	if (hello_u8(s, s->name_at + len - 1) == '.')
		len--;
	if (len == 0)
		return HELLO_BAD_NAME;
	if (len < ABI_NAME_SHORT)
		return hello_key_short(s->name_at, len);
	return hello_key_long(s->name_at, len);
}

/* The host whose name is in @s: exactly, then by wildcard. ABI_HOST_NONE: nobody's. */
static __always_inline __u32 hello_host(struct scratch *s)
{
	const bool is_short = s->name_len < ABI_NAME_SHORT;
	struct abi_name *found;
	__u32 wild_len;

	found = is_short ? bpf_map_lookup_elem(&sluice_names, s->name)
	                 : bpf_map_lookup_elem(&sluice_lnames, s->name);
	if (!found && s->dot) { /* 0: no dot, or no label before it */
		wild_len = is_short ? hello_wild_short() : hello_wild_long();
		found = wild_len < ABI_NAME_SHORT ? bpf_map_lookup_elem(&sluice_names, s->wild)
		                                  : bpf_map_lookup_elem(&sluice_lnames, s->wild);
	}
	return found ? found->host_id : ABI_HOST_NONE;
}

#endif
