/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * worker.h - one worker process: one ring, one thread, all tables made at start.
 */
#pragma once

#include "base/wheel.h"
#include "core/conn.h"
#include "core/link.h"
#include "core/policy.h"
#include "core/standing.h"
#include "core/stash.h"
#include "core/statuses.h"
#include "sys/channel.h"
#include "sys/conns.h"
#include "sys/ktls.h"
#include "sys/pipe.h"
#include "sys/ring.h"
#include "sys/stats.h"
#include "tls/handshake.h"

enum {
	RING_ENTRIES = 1024,
	HANDSHAKES_PER_TURN = 2,  /* then live connections come first again */
	RESUMES_PER_TURN = 64,    /* connections that used up their steps */
	READ_SMALL = 16384 + 512, /* one record and a little */
	READ_ORIGIN = 65536,
	BULK_FROM = 65536,      /* bodies with this much to come move in large turns */
	PLAIN_HEADROOM = 65536, /* before what is read from an origin: the rewritten head */
	PLAIN_BYTES = PLAIN_HEADROOM + BULK_BLOCK_BYTES + BULK_BLOCK_BYTES + RECORD_WIRE_MAX,
	WIRE_BYTES = BULK_BLOCK_BYTES + RECORD_WIRE_MAX,
	DRAIN_FIRST_REQUEST_MS = 1000, /* a draining worker waits for a first request */
	LOG_BYTES = 262144,            /* access log lines waiting; two of these */
};

struct listener {
	int fd; /* -1: none */
	bool is_armed;
	uint32_t gen;
};

/* Connections that wait for a turn of their own. */
struct queue {
	struct conn *first, *last;
};

struct access_log {
	uint8_t *lines[2]; /* LOG_BYTES each: one fills while the other is written */
	size_t len[2];
	size_t written;  /* of the one being written */
	uint8_t filling; /* index */
	bool is_writing;
};

struct worker {
	unsigned int id;
	int spare_fd; /* given up for the time that one is received; -1: none */
	bool is_draining;
	bool is_done;
	uint64_t now_us; /* CLOCK_MONOTONIC, read once each turn: worker_look() */
	uint64_t now_ms; /* the same in milliseconds */
	uint64_t drain_at_ms;
	struct ring ring;
	struct wheel wheel;
	struct timer accept_timer; /* accepting again after EMFILE */
	struct worker_stats *stats;
	struct conn_table *table; /* rows of conns, for others to read */
	struct tls_worker *tls;
	struct aead_cache *aead;
	struct policy *policy;  /* in force; NULL before the first snapshot */
	struct options options; /* of that policy */
	struct policy *next;    /* on its way to be in force, a few hosts each turn; or NULL */
	struct standing standing;
	struct statuses statuses;            /* of certificates, by OCSP */
	struct conn *held_first, *held_last; /* wait for theirs: core/status.h */

	struct conn *conns;
	uint32_t *conns_free;
	uint32_t conns_len, conns_free_len;
	struct link *links;
	uint32_t *links_free;
	uint32_t links_len, links_free_len;
	struct origin **origins;
	size_t origins_len;
	struct pool exchanges;
	struct stashes stashes;
	struct pipe_pool pipes;
	struct ktls_support ktls; /* what the master found at start */
	struct queue handshakes;  /* have bytes to be shown to OpenSSL */
	struct queue resumes;     /* used up their steps, not their bytes */

	struct listener listeners[LISTENERS_MAX];
	struct access_log log;
	uint8_t *plain; /* PLAIN_BYTES: plaintext of the moment */
	uint8_t *wire;  /* WIRE_BYTES: ciphertext of the moment */
};

/**
 * worker_main - run worker @id until it has drained
 * @ktls: what the kernel can do, ktls_pack()
 *
 * Return: exit status.
 */
int worker_main(unsigned int id, uint32_t ktls);

/**
 * worker_init - all tables of one worker, from these options, and its ring
 *
 * Return: 0; -ENOMEM; -errno of ring_open(), which is logged.
 */
MUST_USE int worker_init(struct worker *w, const struct options *options);

/** worker_look - at the clock: now_us and now_ms */
void worker_look(struct worker *w);

void queue_push(struct queue *q, struct conn *c);
struct conn *queue_pop(struct queue *q);
