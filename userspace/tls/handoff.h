/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * handoff.h - from our record engine to the kernel's: one way, at a record boundary.
 *
 * The SSL object is gone by then (tls/handshake.h); what is handed over is struct
 * record_state. Order: ULP, RX, TX. Until RX is installed nothing has happened and the
 * userspace engine goes on; once it is, any failure ends the connection.
 */
#pragma once

#include "sys/ktls.h"
#include "tls/record.h"

/* What became of a connection's records. X(CONSTANT, "label", "help"). Counted in worker_stats.handoffs[]. */
#define HANDOFFS(X)                                                                                \
	X(DONE, "kernel", "both directions are in the kernel")                                     \
	X(OFF, "off", "options.ktls is off")                                                       \
	X(UNSUPPORTED, "unsupported", "this kernel cannot take this version and suite")            \
	X(FRAGMENT, "max_fragment_length",                                                         \
	  "the client asked for records smaller than 16384 bytes")                                 \
	X(ULP_REFUSED, "ulp_refused",                                                              \
	  "TCP_ULP failed, as for a client that has ended its direction")                          \
	X(RX_REFUSED, "rx_refused", "TLS_RX failed; the userspace engine went on")                 \
	X(TX_REFUSED, "tx_refused", "TLS_TX failed behind TLS_RX; the connection was ended")       \
	X(LATER, "later", "not counted: not at a record boundary, or something is unsent")

#define X(name, label, help) HANDOFF_##name,
enum handoff { HANDOFFS(X) HANDOFF_MAX };
#undef X

const char *handoff_label(enum handoff h);

/* A connection that may be handed over. */
struct handoff_conn {
	int fd;                 /* connected TCP socket */
	struct record_state *r; /* the engine's state */
	struct ktls_sent *
		sent; /* before: bytes TCP was given so far, the caller's count; DONE fills the rest */
	size_t in_left;  /* ciphertext read and not yet opened, bytes */
	size_t out_left; /* ciphertext sealed and not yet sent, bytes */
	bool is_trusted; /* its certificate verified: it is not expected to make us decrypt twice */
};

/**
 * handoff_to_kernel - give both directions to the kernel
 *
 * DONE: keys are cleansed from *c->r; version, suite and counters stay and, for TLS 1.3
 * where the kernel can rekey, the traffic secrets. TLS 1.3: the kernel is told that padding is rare.
 *
 * Return: LATER: in_left or out_left is not 0, or a handshake message is half here: ask again;
 *         DONE; TX_REFUSED: the socket is of no more use; any other: stay with the userspace
 *         engine for good, everything as it was (a ULP without keys passes plain bytes).
 */
enum handoff handoff_to_kernel(const struct ktls_sys *sys, const struct ktls_support *can,
                               const struct handoff_conn *c);

/**
 * handoff_rekey - install the key that r->rx or r->tx now has (keys_next()), then cleanse it
 *
 * TX: c->sent starts anew behind what was sent under the key before. in_left and out_left do not count.
 * Return: 0; -errno: end the connection.
 */
MUST_USE int handoff_rekey(const struct ktls_sys *sys, const struct handoff_conn *c,
                           enum ktls_dir dir);
