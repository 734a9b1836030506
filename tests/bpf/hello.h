/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hello.h - ClientHellos by shape: which extensions of which sizes in which order. What
 * is in them is filler, except server_name.
 */
#pragma once

#include "base/slice.h"

enum { HELLO_ROOM = 20000, SHAPE_EXTENSIONS = 80, SNI = 0 };

/* A client's ClientHello without its contents. */
struct hello_shape {
	const char *why;
	uint8_t session_id;
	uint16_t ciphers; /* how many */
	struct {
		uint16_t type; /* SNI: server_name, its len is that of the name */
		uint16_t len;
	} ext[SHAPE_EXTENSIONS];
	size_t ext_len;
};

/* Bytes, and where in them the length fields are. */
struct hello {
	uint8_t bytes[HELLO_ROOM];
	size_t len;
	size_t session_id;
	size_t ciphers;
	size_t compression;
	size_t extensions;
	size_t sni; /* its type; 0: none */
};

/* clang-format off */
static const struct hello_shape shapes[] = {
	{ "curl, OpenSSL 3.0", 32, 31,
	  { { 0, 0 }, { 11, 4 }, { 10, 22 }, { 13172, 0 }, { 16, 14 }, { 22, 0 }, { 23, 0 },
	    { 49, 0 }, { 13, 42 }, { 43, 5 }, { 45, 2 }, { 51, 38 }, { 21, 170 } }, 13 },
	{ "OpenSSL 3.0, TLS 1.2 only", 0, 28,
	  { { 0, 0 }, { 11, 4 }, { 10, 12 }, { 35, 0 }, { 22, 0 }, { 23, 0 }, { 13, 48 } }, 7 },
	{ "OpenSSL 3.5, X25519MLKEM768", 32, 31,
	  { { 65281, 1 }, { 0, 0 }, { 11, 4 }, { 10, 18 }, { 35, 0 }, { 16, 14 }, { 22, 0 }, { 23, 0 },
	    { 13, 54 }, { 43, 5 }, { 45, 2 }, { 51, 1258 }, { 27, 7 } }, 13 },
	{ "Chrome, GREASE, name early", 32, 16,
	  { { 0x2a2a, 0 }, { 0, 0 }, { 23, 0 }, { 65281, 1 }, { 10, 12 }, { 11, 2 }, { 35, 0 },
	    { 16, 14 }, { 5, 5 }, { 13, 18 }, { 18, 0 }, { 51, 1263 }, { 45, 2 }, { 43, 7 }, { 27, 3 },
	    { 17613, 5 }, { 65037, 186 }, { 0xdada, 1 } }, 18 },
	{ "Chrome, permuted, name last", 32, 16,
	  { { 0x4a4a, 0 }, { 51, 1263 }, { 45, 2 }, { 65037, 250 }, { 16, 14 }, { 18, 0 }, { 5, 5 },
	    { 27, 3 }, { 35, 192 }, { 43, 7 }, { 13, 18 }, { 65281, 1 }, { 11, 2 }, { 10, 12 }, { 23, 0 },
	    { 17613, 5 }, { 0x8a8a, 1 }, { 0, 0 } }, 18 },
	{ "Firefox", 32, 17,
	  { { 0, 0 }, { 23, 0 }, { 65281, 1 }, { 10, 16 }, { 11, 2 }, { 16, 14 }, { 5, 5 }, { 34, 10 },
	    { 18, 0 }, { 51, 1327 }, { 43, 5 }, { 13, 24 }, { 45, 2 }, { 28, 2 }, { 27, 7 }, { 65037, 281 } }, 16 },
	{ "Go", 32, 13,
	  { { 0, 0 }, { 11, 2 }, { 65281, 1 }, { 23, 0 }, { 18, 0 }, { 5, 5 }, { 10, 12 }, { 13, 26 },
	    { 50, 26 }, { 16, 14 }, { 43, 5 }, { 51, 1258 } }, 12 },
	{ "resumed, with an early key and ticket behind the name", 32, 3,
	  { { 11, 2 }, { 0, 0 }, { 10, 8 }, { 43, 5 }, { 45, 2 }, { 51, 38 }, { 13, 30 }, { 41, 260 } }, 8 },
	{ "the name alone", 0, 1, { { 0, 0 } }, 1 },
	{ "no name", 32, 4, { { 43, 5 }, { 51, 38 }, { 13, 20 } }, 3 },
	{ "no extensions", 32, 4, { { 0, 0 } }, 0 },
	{ "45 extensions, name first", 32, 4,
	  { { 0, 0 }, { 1, 1 }, { 2, 2 }, { 3, 3 }, { 4, 4 }, { 5, 5 }, { 6, 6 }, { 7, 7 }, { 8, 8 },
	    { 9, 9 }, { 10, 10 }, { 11, 11 }, { 12, 12 }, { 13, 13 }, { 14, 14 }, { 15, 15 }, { 16, 16 },
	    { 17, 17 }, { 18, 18 }, { 19, 19 }, { 20, 20 }, { 21, 21 }, { 22, 22 }, { 23, 23 }, { 24, 1 },
	    { 25, 1 }, { 26, 1 }, { 27, 1 }, { 28, 1 }, { 29, 1 }, { 30, 1 }, { 31, 1 }, { 32, 1 }, { 33, 1 },
	    { 34, 1 }, { 35, 1 }, { 36, 1 }, { 37, 1 }, { 38, 1 }, { 39, 1 }, { 40, 1 }, { 41, 1 }, { 42, 1 },
	    { 43, 1 }, { 44, 1 } }, 45 },
	{ "45 extensions, name last", 32, 4,
	  { { 1, 1 }, { 2, 2 }, { 3, 3 }, { 4, 4 }, { 5, 5 }, { 6, 6 }, { 7, 7 }, { 8, 8 }, { 9, 0 },
	    { 10, 10 }, { 11, 11 }, { 12, 12 }, { 13, 13 }, { 14, 14 }, { 15, 15 }, { 16, 16 }, { 17, 17 },
	    { 18, 18 }, { 19, 0 }, { 20, 20 }, { 21, 21 }, { 22, 22 }, { 23, 23 }, { 24, 1 }, { 25, 1 },
	    { 26, 1 }, { 27, 1 }, { 28, 1 }, { 29, 0 }, { 30, 1 }, { 31, 1 }, { 32, 1 }, { 33, 1 }, { 34, 1 },
	    { 35, 1 }, { 36, 1 }, { 37, 1 }, { 38, 1 }, { 39, 0 }, { 40, 1 }, { 41, 1 }, { 42, 1 }, { 43, 1 },
	    { 44, 1 }, { 0, 0 } }, 45 },
	{ "two buffers, name far behind", 32, 4, { { 1, 1000 }, { 2, 1000 }, { 3, 800 }, { 0, 0 } }, 4 },
	{ "beyond the window", 32, 4, { { 1, 2000 }, { 2, 2000 }, { 3, 800 }, { 0, 0 } }, 4 },
	{ "name before, the rest beyond the window", 32, 4,
	  { { 0, 0 }, { 1, 2000 }, { 2, 2000 }, { 3, 800 } }, 4 },
	{ "name twice", 32, 4, { { 0, 0 }, { 13, 20 }, { 0, 0 }, { 51, 38 } }, 4 },
};
/* clang-format on */

static inline void hello_put(struct hello *h, size_t bytes, size_t value)
{
	must(h->len + bytes <= sizeof(h->bytes));
	for (size_t i = bytes; i > 0; i--)
		h->bytes[h->len++] = (uint8_t)(value >> (8 * (i - 1)));
}

/* Filler that is never zero and holds no dot. */
static inline void hello_fill(struct hello *h, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		hello_put(h, 1, 0x80 | (h->len * 7 % 0x7f));
}

static inline void hello_set(struct hello *h, size_t at, size_t bytes, size_t value)
{
	must(at + bytes <= h->len);
	for (size_t i = 0; i < bytes; i++)
		h->bytes[at + i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
}

static inline size_t hello_get(const struct hello *h, size_t at, size_t bytes)
{
	size_t value = 0;

	for (size_t i = 0; i < bytes; i++)
		value = value << 8 | h->bytes[at + i];
	return value;
}

static inline void hello_put_name(struct hello *h, struct slice name)
{
	h->sni = h->len;
	hello_put(h, 2, SNI);
	hello_put(h, 2, name.len + 5);
	hello_put(h, 2, name.len + 3);
	hello_put(h, 1, 0);
	hello_put(h, 2, name.len);
	for (size_t i = 0; i < name.len; i++)
		hello_put(h, 1, name.ptr[i]);
}

/* The length fields of record, message and extensions, from how much there is. */
static inline void hello_close(struct hello *h)
{
	hello_set(h, 3, 2, h->len - 5);
	hello_set(h, 6, 3, h->len - 9);
	if (h->extensions)
		hello_set(h, h->extensions, 2, h->len - h->extensions - 2);
}

static inline void hello_build(struct hello *h, const struct hello_shape *shape, struct slice name)
{
	*h = (struct hello){ .len = 0 };
	hello_put(h, 3, 0x160301);
	hello_put(h, 2, 0);
	hello_put(h, 4, 0x01000000);
	hello_put(h, 2, 0x0303);
	hello_fill(h, 32);
	h->session_id = h->len;
	hello_put(h, 1, shape->session_id);
	hello_fill(h, shape->session_id);
	h->ciphers = h->len;
	hello_put(h, 2, (size_t)2 * shape->ciphers);
	hello_fill(h, (size_t)2 * shape->ciphers);
	h->compression = h->len;
	hello_put(h, 2, 0x0100);
	if (shape->ext_len) {
		h->extensions = h->len;
		hello_put(h, 2, 0);
	}
	for (size_t i = 0; i < shape->ext_len; i++) {
		if (shape->ext[i].type == SNI) {
			hello_put_name(h, name);
			continue;
		}
		hello_put(h, 2, shape->ext[i].type);
		hello_put(h, 2, shape->ext[i].len);
		hello_fill(h, shape->ext[i].len);
	}
	hello_close(h);
}

static inline struct slice hello_slice(const struct hello *h)
{
	return slice_of(h->bytes, h->len);
}

/* Name rows: what a client may put into server_name. */
#define LABEL63 "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-123456789"
