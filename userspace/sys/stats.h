/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stats.h - the counters each worker keeps, in a page that others may read.
 *
 * One memfd, made by the master, holds struct worker_stats for each worker, by
 * worker id; it outlives a worker that dies, so counters never go back. Only
 * the worker writes its part, plain stores of aligned 64-bit words; readers take
 * each word as it is.
 *
 * X(name, "help"). Metrics and docs take them from here.
 */
#pragma once

#include <stdint.h>

#include "base/must.h"

/* clang-format off */
#define WORKER_STATS(X)                                                                            \
	X(generation,             "times this worker was started")                                 \
	X(pid,                    "its process")                                                   \
	X(snapshot_version,       "version of the snapshot in force")                              \
	X(conns_accepted,         "client connections accepted")                                   \
	X(conns_open,             "client connections open now")                                   \
	X(conns_refused,          "closed at accept: table full or descriptors used up")           \
	X(handshakes_started,     "handshakes begun: first bytes arrived")                         \
	X(handshakes_full,        "handshakes completed with certificates")                        \
	X(handshakes_resumed,     "handshakes completed from a session")                           \
	X(handshakes_failed,      "handshakes that ended the connection")                          \
	X(handshakes_revoked,     "of those: with a revoked certificate, by list or CRL")          \
	X(sessions_stored,        "TLS sessions put into the cache")                               \
	X(sessions_evicted,       "TLS sessions dropped to make room")                             \
	X(sessions_hit,           "TLS sessions found")                                            \
	X(sessions_miss,          "TLS sessions asked for and not found or no longer good")        \
	X(tickets_sealed,         "TLS sessions given to their clients, sealed")                   \
	X(tickets_too_large,      "TLS sessions whose certificates fit no ticket")                 \
	X(verified_hit,           "client chains found verified already")                          \
	X(verified_miss,          "client chains to be verified: not found, or no longer good")    \
	X(verified_evicted,       "verified client chains dropped to make room")                   \
	X(identities_hit,         "client certificates found in the cache")                        \
	X(identities_miss,        "client certificates parsed and rendered")                       \
	X(identities_evicted,     "client certificates dropped to make room")                      \
	X(ocsp_asked,             "questions about certificates given to control")                 \
	X(ocsp_good,              "answers from control: good")                                    \
	X(ocsp_revoked,           "answers from control: revoked")                                 \
	X(ocsp_unknown,           "answers from control: not known to the responder")              \
	X(ocsp_failed,            "answers from control: no status to be had")                     \
	X(ocsp_held,              "connections held until an answer came")                         \
	X(ocsp_timeouts,          "of these, no answer came in time")                              \
	X(ocsp_let_pass,          "connections let pass whose certificate nobody called good: soft") \
	X(ocsp_refused,           "connections ended because nobody called their certificate good: hard") \
	X(ocsp_too_large,         "questions not asked: certificates too large")                   \
	X(requests,               "requests forwarded or refused")                                 \
	X(requests_refused,       "requests refused by us with a 4xx or 5xx")                      \
	X(headers_stripped,       "reserved header fields removed from requests")                  \
	X(identity_injected,      "requests sent on with identity headers")                        \
	X(bytes_from_clients,     "plaintext bytes read from clients")                             \
	X(bytes_to_clients,       "plaintext bytes sent to clients")                               \
	X(records_opened,         "TLS records opened by the userspace engine")                    \
	X(records_sealed,         "TLS records sealed by the userspace engine")                    \
	X(key_updates,            "KeyUpdates received")                                           \
	X(key_updates_refused,    "KeyUpdates that ended the connection: this kernel cannot rekey") \
	X(ktls_support,           "what kernel TLS can do here: bits of ktls_pack(), 0 without it") \
	X(ktls_conns_open,        "connections whose records the kernel keeps, now")               \
	X(ktls_bad_records,       "records that the kernel could not open: EBADMSG, EMSGSIZE")     \
	X(ktls_control_records,   "records that are not data, taken from the kernel")              \
	X(bodies_up_splice,       "request bodies that went at least in part by splice")           \
	X(bodies_up_kernel,       "request bodies by recv and send over kernel TLS")               \
	X(bodies_up_user,         "request bodies through the userspace record engine")            \
	X(bodies_down_splice,     "response bodies that went at least in part by splice")          \
	X(bodies_down_kernel,     "response bodies by recv and send over kernel TLS")              \
	X(bodies_down_user,       "response bodies through the userspace record engine")           \
	X(bytes_spliced_up,       "body bytes spliced from clients to origins")                    \
	X(bytes_spliced_down,     "body bytes spliced from origins to clients")                    \
	X(pipes_exhausted,        "bodies that were to be spliced and found no pipe")              \
	X(truncations,            "clients that ended without close_notify")                       \
	X(origin_dials,           "connections opened to origins")                                 \
	X(origin_dial_failures,   "connections to origins that failed")                            \
	X(origin_reuses,          "requests sent on an origin connection already open")            \
	X(proxy_taken,            "PROXY headers taken from trusted sources")                      \
	X(proxy_sent,             "origin connections begun with a PROXY header")                  \
	X(buffers_exhausted,      "connections ended because no buffer was left")                  \
	X(stale_cqes,             "completions for a connection that was gone")                    \
	X(log_lines_dropped,      "access log lines lost because the log did not keep up")         \
	X(turns,                  "turns of the event loop")                                       \
	X(cqes,                   "completions handled")
/* clang-format on */

enum { STATS_REASONS_MAX = 64, STATS_HANDOFFS_MAX = 16 };

/* Up to how many microseconds a time falls into each bucket; the last has no end. */
#define STATS_TIME_BOUNDS                                                                          \
	250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, \
		5000000, 10000000, UINT64_MAX

/* The words of a distribution of times: a count for each bucket, then the sum in microseconds. */
enum { STATS_TIME_BUCKETS = 16, STATS_TIME_WORDS = 17 };

struct worker_stats {
#define X(name, help) uint64_t name;
	WORKER_STATS(X)
#undef X
	uint64_t ended[STATS_REASONS_MAX];     /* by enum conn_reason */
	uint64_t refused[STATS_REASONS_MAX];   /* by enum refusal */
	uint64_t handoffs[STATS_HANDOFFS_MAX]; /* by enum handoff */
	uint64_t handshake_times[STATS_TIME_WORDS];
	uint64_t first_byte_times[STATS_TIME_WORDS];
	uint64_t request_times[STATS_TIME_WORDS];
} __attribute__((aligned(64)));

/**
 * stats_create - the memfd for @workers workers, zeroed, size sealed
 *
 * Return: 0 or -errno.
 */
MUST_USE int stats_create(unsigned int workers, int *out_fd);

/**
 * stats_map - map one worker's part for writing
 * @fd: from stats_create()
 *
 * Return: 0; -ERANGE no such worker in this memfd; -errno. Never unmapped.
 */
MUST_USE int stats_map(int fd, unsigned int worker, struct worker_stats **out);

/**
 * stats_map_read - the same for reading; the worker may be writing
 *
 * A word is taken by stats_read(); two of them need not belong to the same moment.
 */
MUST_USE int stats_map_read(int fd, unsigned int worker, const struct worker_stats **out);

/** stats_read - one word that its worker may be changing */
static inline uint64_t stats_read(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/** stats_time_bound - the upper end of a bucket, inclusive, in microseconds; UINT64_MAX: none */
uint64_t stats_time_bound(unsigned int bucket);

/** stats_time - count one time into the words of a distribution */
void stats_time(uint64_t words[STATS_TIME_WORDS], uint64_t us);
