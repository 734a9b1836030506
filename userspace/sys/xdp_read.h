/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xdp_read.h - what the BPF programs of bpf/ have counted and remember. Takes no rights.
 */
#pragma once

#include "base/slice.h"
#include "sys/xdp_table.h"

enum {
	XDP_REASONS_MAX = 64,
	XDP_CHOICES_MAX = 8,
	XDP_FLOW_NAME_MAX = 64,
	XDP_WORKER_NONE = -1,
};

/** xdp_reason - its name, NULL past the last; in the order of xdp_read_segments() */
const char *xdp_reason(size_t index);
/** xdp_choice - the same of xdp_read_choices() */
const char *xdp_choice(size_t index);

/**
 * xdp_read_segments - what became of segments for our ports, summed over CPUs
 * xdp_read_choices - how new connections were given to workers
 * xdp_read_host - of host @id: handshakes admitted, and over its limit
 *
 * Return: 0 or -errno.
 */
MUST_USE int xdp_read_segments(const struct xdp_table *t, uint64_t out[XDP_REASONS_MAX]);
MUST_USE int xdp_read_choices(const struct xdp_table *t, uint64_t out[XDP_CHOICES_MAX]);
MUST_USE int xdp_read_host(const struct xdp_table *t, uint32_t id, uint64_t out[2]);

/* A connection as XDP knows it. */
struct xdp_flow {
	uint8_t peer_ip[16], ip[16]; /* IPv4 mapped into IPv6 */
	uint16_t peer_port, port;
	const char *state;            /* "decided", "partial", "awaiting" */
	int32_t worker;               /* that it was given to; XDP_WORKER_NONE: none yet */
	uint64_t since_ns;            /* CLOCK_MONOTONIC */
	char name[XDP_FLOW_NAME_MAX]; /* as a client sent it: any bytes but NUL; empty: none known */
};

/**
 * xdp_read_flows - every flow, in no order
 * @each: must not write to the maps. Return: 0 go on; < 0 is returned
 *
 * One that comes or goes meanwhile may be missed or told twice.
 *
 * Return: 0 or -errno. Source: bpf(2), BPF_MAP_LOOKUP_BATCH.
 */
typedef int xdp_each_flow(void *arg, const struct xdp_flow *flow);
MUST_USE int xdp_read_flows(const struct xdp_table *t, xdp_each_flow *each, void *arg);
