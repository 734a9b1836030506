/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xdp.h - the words and numbers of the file's `xdp:`.
 */
#pragma once

#include "conf/file.h"

/* Where the programs are put. */
#define XDP_MODES(X)                                                                               \
	X(AUTO, "auto", "the driver's own XDP, else the kernel's generic one")                     \
	X(NATIVE, "native", "the driver's own or none")                                            \
	X(GENERIC, "generic", "the kernel's, behind the driver: slower, any interface")            \
	X(OFF, "off", "nowhere, whatever interfaces says")

#define X(name, word, help) XDP_MODE_##name,
enum xdp_mode { XDP_MODES(X) XDP_MODE_MAX };
#undef X

/* What becomes of a name that no host has, and of no name. */
#define XDP_UNKNOWNS(X)                                                                            \
	X(RESET, "reset", "a reset")                                                               \
	X(DROP, "drop", "nothing: the client waits and tries again")                               \
	X(DEFAULT, "default", "it goes on to the worker, which has a default host or refuses")

#define X(name, word, help) XDP_UNKNOWN_##name,
enum xdp_unknown { XDP_UNKNOWNS(X) XDP_UNKNOWN_MAX };
#undef X

/* So many handshakes a second, and so many at once. Rate 0: as many as they like. */
struct xdp_limit {
	uint32_t rate, burst;
};

enum { XDP_RATE_MAX = 1000000, XDP_PARTIAL_RATE = 1000 };

/* What may change in a reload. */
struct xdp_rules {
	enum xdp_unknown unknown;
	bool is_strict;
	struct xdp_limit source;  /* each client address, /64 for IPv6 */
	struct xdp_limit partial; /* the same, for those whose name was not in the first segment */
	struct xdp_limit host;
};

/**
 * conf_xdp_mode - where to; XDP_MODE_OFF without interfaces
 * conf_xdp_rules - the rest, with its defaults
 * @has_default: one of the hosts takes unknown names, so that `unknown_name` is default
 *               when it is not written
 */
enum xdp_mode conf_xdp_mode(const struct conf_file *f, struct positions *positions,
                            struct mistakes *mistakes);
void conf_xdp_rules(const struct conf_file *f, bool has_default, struct positions *positions,
                    struct mistakes *mistakes, struct xdp_rules *out);
