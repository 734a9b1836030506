/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * token.h - what an SQE carries and its CQE brings back.
 *
 *   63    56 55            32 31                      0
 *   +-------+----------------+------------------------+
 *   |  op   |      slot      |       generation       |
 *   +-------+----------------+------------------------+
 *
 * slot indexes the table the op belongs to; generation says which tenant of that
 * slot asked. A completion whose generation is not the tenant's is counted and
 * dropped, so a pointer never makes the round trip through the kernel.
 */
#pragma once

#include <stdint.h>

#include "base/must.h"

/* X(constant, handler, table, brings): core/loop.c makes its tables from this, so
 * an op without on_<handler>() or drop_<brings>() does not compile. <table> is
 * what slot indexes; <brings> is what a completion owns even when nobody wants
 * it any more: an fd, none. 0 is no op: a zeroed user_data is a bug. */
#define OPS(X)                                                                                     \
	X(ACCEPT, accept, worker, fd)                                                              \
	X(CHANNEL, channel, worker, none)                                                          \
	X(LOG, log, worker, none)                                                                  \
	X(CANCEL, cancel, worker, none)                                                            \
	X(CLIENT, client, conn, none)                                                              \
	X(ORIGIN, origin, link, none)

#define X(constant, handler, table, brings) OP_##constant,
enum op { OP_NONE, OPS(X) OP_MAX };
#undef X

enum { TOKEN_SLOT_BITS = 24 };

struct token {
	enum op op;
	uint32_t slot;
	uint32_t gen;
};

static inline uint64_t token_pack(struct token t)
{
	must(t.op > OP_NONE && t.op < OP_MAX);
	must(t.slot < (1U << TOKEN_SLOT_BITS));
	return ((uint64_t)t.op << 56) | ((uint64_t)t.slot << 32) | t.gen;
}

static inline struct token token_unpack(uint64_t user_data)
{
	return (struct token){
		.op = (enum op)(user_data >> 56),
		.slot = (uint32_t)(user_data >> 32) & ((1U << TOKEN_SLOT_BITS) - 1),
		.gen = (uint32_t)user_data,
	};
}

static_assert(OP_MAX <= 256, "op must fit the top byte of user_data");
