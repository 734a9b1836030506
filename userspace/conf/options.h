/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * options.h - every knob, once.
 *
 * X(name, default, min, max, unit, when, help). The struct, the defaults, the
 * configuration file's `options:` keys and their bounds, `sluiced --help` and
 * docs/options.md come from this list. Times are milliseconds unless the name
 * ends otherwise. Defaults follow nginx where nginx has the knob.
 */
#pragma once

#include <stdint.h>

#include "base/must.h"
#include "base/slice.h"

enum option_when {
	WHEN_START,  /* read once at start; a changed value in a reload is refused */
	WHEN_RELOAD, /* in force from the next connection or request on */
};

/* clang-format off */
#define OPTIONS(X)                                                                                                            \
	X(workers,                    0,    0,     256, "processes",   WHEN_START,  "0: one for each CPU the master may use")    \
	X(placement,                  0,    0,       1, "word",        WHEN_START,  "which worker a client's connection goes to")           \
	X(conns_per_worker,       16384,   64,   65536, "connections", WHEN_START,  "more are refused and counted")              \
	X(small_buffers,          16384,   64,   65536, "buffers",     WHEN_START,  "128 KiB each, touched only while in use; a client in mid-head holds one") \
	X(bulk_buffers,              32,    0,    1024, "buffers",     WHEN_START,  "544 KiB each, for bodies on the move")      \
	X(sessions_per_worker,    20480,    0, 1048576, "sessions",    WHEN_START,  "TLS sessions kept for resumption; 0: none") \
	X(session_tickets,            0,    0,       1, "word",        WHEN_START,  "who keeps TLS sessions")                    \
	X(ticket_rotation_s,      43200,    1, 2592000, "s",           WHEN_RELOAD, "a new key seals tickets; the one before still opens them") \
	X(identities_per_worker,   4096,   64, 1048576, "certificates", WHEN_START, "distinct client certificates kept; 32 KiB each on average")         \
	X(verified_per_worker,     4096,    0, 1048576, "chains",      WHEN_START,  "client chains kept that need not be verified again, 96 bytes each; 0: none") \
	X(session_timeout_s,        300,    1,   86400, "s",           WHEN_RELOAD, "life of a TLS session")                     \
	X(handshake_timeout_ms,   60000,  100, 3600000, "ms",          WHEN_RELOAD, "accept to end of the TLS handshake, a PROXY header included")        \
	X(head_timeout_ms,        60000,  100, 3600000, "ms",          WHEN_RELOAD, "first byte to end of a request head")       \
	X(body_timeout_ms,        60000,  100, 3600000, "ms",          WHEN_RELOAD, "between two reads of a request body")       \
	X(send_timeout_ms,        60000,  100, 3600000, "ms",          WHEN_RELOAD, "between two writes to a client")            \
	X(idle_timeout_ms,        75000,  100, 3600000, "ms",          WHEN_RELOAD, "keep-alive connection without a request")   \
	X(linger_timeout_ms,       5000,   10,  600000, "ms",          WHEN_RELOAD, "wait for the client's end after ours")      \
	X(drain_timeout_ms,       30000,    0, 3600000, "ms",          WHEN_RELOAD, "SIGTERM to the end of the last connection") \
	X(requests_per_conn,       1000,    1, 100000000, "requests",  WHEN_RELOAD, "then the connection is closed")             \
	X(head_bytes,             32768, 1024,   32768, "bytes",       WHEN_RELOAD, "longest request or response head")          \
	X(target_bytes,            8192,   64,   32768, "bytes",       WHEN_RELOAD, "longest request target")                    \
	X(head_fields,              100,    1,     128, "fields",      WHEN_RELOAD, "most header fields in one head")            \
	X(body_kib,                1024,    0, 4294967295U, "KiB",     WHEN_RELOAD, "longest request body; 0: no limit")         \
	X(origin_head_bytes,     131072, 1024,  131072, "bytes",       WHEN_RELOAD, "longest request head sent to an origin, identity and all; 431 instead of a longer one") \
	X(rfc9440_leaf_bytes,     10240, 1024,   65536, "bytes",       WHEN_RELOAD, "longest Client-Cert of a dialect or template; longer ones are left out") \
	X(rfc9440_chain_bytes,    16384, 1024,   65536, "bytes",       WHEN_RELOAD, "the same for Client-Cert-Chain")            \
	X(key_updates,               64,    0,   65535, "updates",     WHEN_RELOAD, "TLS 1.3 KeyUpdates one client may send")    \
	X(ktls,                       1,    0,       2, "word",        WHEN_START,  "TLS records in the kernel")                 \
	X(pipes,                     16,    0,    1024, "pipes",       WHEN_START,  "512 KiB each, to splice bodies through; 0: none") \
	X(splice_bytes,           65536, 4096, 4294967295U, "bytes",   WHEN_RELOAD, "bodies and chunks with this much to come are spliced, where the kernel has the records") \
	X(origin_connect_timeout_ms,  60000, 10, 3600000, "ms",        WHEN_RELOAD, "connect(2) to an origin")                   \
	X(origin_response_timeout_ms, 60000, 10, 3600000, "ms",        WHEN_RELOAD, "between two reads from an origin")          \
	X(origin_idle_timeout_ms,     60000, 10, 3600000, "ms",        WHEN_RELOAD, "unused pooled origin connection")           \
	X(origin_idle_conns,             64,  0,   65535, "connections", WHEN_RELOAD, "kept for each origin by each worker")      \
	X(origin_fail_timeout_ms,     10000,  0, 3600000, "ms",        WHEN_RELOAD, "a failed origin is passed over this long")  \
	X(origin_max_fails,               1,  0,    1000, "failures",  WHEN_RELOAD, "failures before that; 0: never")            \
	X(dns_refresh_s,                 30,  1,   86400, "s",         WHEN_RELOAD, "origins' names are looked up again")        \
	X(files_refresh_s,                5,  0,   86400, "s",         WHEN_RELOAD, "certificates, keys, CAs and CRLs are looked at and, once changed, read again; 0: never") \
	X(ocsp_timeout_ms,             3000, 50,   60000, "ms",          WHEN_RELOAD, "for an OCSP responder to answer, and for a client to be held meanwhile") \
	X(ocsp_refresh_s,               600,  1,   86400, "s",           WHEN_RELOAD, "responders are asked again about certificates that are connected") \
	X(conns_map_ms,                 500,  0,   60000, "ms",          WHEN_RELOAD, "between two rounds of copying who is connected into the BPF map sluice_conns; 0: not at all")
/* clang-format on */

/* Options that are words in the file. X(option, list); a list is X(CONSTANT, "word", "help"), and its
 * words are the option's values from 0 on. */
#define OPTION_WORDS(X)                                                                            \
	X(ktls, OPTION_KTLS_WORDS)                                                                 \
	X(placement, OPTION_PLACEMENT_WORDS)                                                       \
	X(session_tickets, OPTION_TICKETS_WORDS)

#define OPTION_KTLS_WORDS(X)                                                                       \
	X(OFF, "off", "never")                                                                     \
	X(AUTO, "auto", "for each version and cipher suite that this kernel can take")             \
	X(REQUIRE, "require", "as auto, and refuse to start where the kernel cannot take them all")

#define OPTION_PLACEMENT_WORDS(X)                                                                  \
	X(CONNECTION, "connection",                                                                \
	  "any, by address and port: evenly, wherever clients come from")                          \
	X(SOURCE, "source",                                                                        \
	  "the one its address means: its sessions are there; who has one address "                \
	  "for many clients has one worker")

#define OPTION_TICKETS_WORDS(X)                                                                    \
	X(STATEFUL, "stateful", "the worker that made one; nothing of it leaves the machine")      \
	X(STATELESS, "stateless",                                                                  \
	  "its client, sealed: any worker resumes it, and any machine with "                       \
	  "the same ticket_keys_file")

#define X(name, word, help) OPTION_TICKETS_##name,
enum option_tickets { OPTION_TICKETS_WORDS(X) };
#undef X

#define X(name, word, help) OPTION_PLACEMENT_##name,
enum option_placement { OPTION_PLACEMENT_WORDS(X) };
#undef X

#define X(name, word, help) OPTION_KTLS_##name,
enum option_ktls { OPTION_KTLS_WORDS(X) };
#undef X

struct options {
#define X(name, def, min, max, unit, when, help) uint32_t name;
	OPTIONS(X)
#undef X
};

/* One row of the table, for those who walk it. */
struct option_info {
	struct slice name;
	const char *unit;
	const char *help;
	uint32_t def, min, max;
	enum option_when when;
};

/* A word that an option may be. */
struct option_word {
	const char *word, *help;
};

/** options_default - fill *@out with the table's defaults; cannot fail */
void options_default(struct options *out);

/**
 * options_info - row @index of the table
 *
 * Return: the row, or NULL past the last one.
 */
const struct option_info *options_info(size_t index);

/**
 * options_words - the words that option @name may be, its values 0, 1, ...
 *
 * Return: the words, one without a text behind the last; NULL: it is a number.
 */
const struct option_word *options_words(struct slice name);

/** options_get - value of row @index, which exists */
uint32_t options_get(const struct options *s, size_t index);

/**
 * options_set - set one knob from text
 * @s:     changed on success only
 * @name:  exact, case-sensitive
 * @value: decimal digits only, no sign, no unit; or one of the option's words and no number
 *
 * Return: 0; -ENOENT no such knob; -EINVAL not a number, none of the words; -ERANGE out of bounds.
 */
MUST_USE int options_set(struct options *s, struct slice name, struct slice value);

/** options_set_u64 - the same from a number */
MUST_USE int options_set_u64(struct options *s, struct slice name, uint64_t value);
