/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * conns.h - who is connected: rows that workers keep in memory that others read.
 *
 * One memfd, made by the master, has a table for each worker, by worker id, and a row in it
 * for each slot of the worker's connection table. Only the worker writes its table, by plain
 * stores; readers ask nobody, so a worker that hangs is read like any other. The memfd is
 * sparse: a page counts once a row of it was used, and slots are used from the lowest on.
 * What a killed worker left behind is dropped by the master.
 *
 * A row's words other than the counters change only while seq is odd (a seqlock): a reader
 * that saw the same even seq before and after its copy has a whole one. Counters are read
 * word by word, each as it is; ticks says that they moved.
 *
 * Readers do not trust what is here: conns_read() checks lengths and leaves printable ASCII.
 */
#pragma once

#include "base/slice.h"

enum {
	CONNS_SLOTS_MAX = 65536, /* of one worker: the largest conns_per_worker */
	CONN_ROW_BYTES = 320,    /* whole cache lines */
	CONN_HOST_MAX = 96,
	CONN_SUITE_MAX = 47,    /* the longest name of a cipher suite has 45 */
	CONN_SERIAL_MAX = 44,   /* hexadecimal digits; RFC 5280 allows 40 */
	CONN_TEXT_BYTES = 208,  /* those, and as much of the subject as is left */
	CONNS_READ_TRIES = 100, /* then somebody died while writing, or never stops */
};

struct conn_row {
	uint32_t seq;   /* odd: being written */
	uint32_t ticks; /* moves with the counters */
	uint64_t requests;
	uint64_t bytes_in;  /* plaintext from the client */
	uint64_t bytes_out; /* plaintext to the client */
	uint64_t since_ns;  /* CLOCK_MONOTONIC, end of the handshake; 0: the row is free */
	uint32_t gen;       /* of the slot: tells one tenant from the next */
	uint16_t port;      /* the client's */
	uint16_t version;   /* as on the wire: 0x0303, 0x0304 */
	uint16_t subject_len;
	uint8_t host_len;
	uint8_t suite_len;
	uint8_t serial_len;
	uint8_t is_kernel;  /* the kernel has the records */
	uint8_t is_resumed; /* the handshake was */
	uint8_t has_cert;
	uint8_t is_verified;
	uint8_t pad0[7];
	uint8_t ip[16];             /* the client's; IPv4 mapped into IPv6 */
	uint8_t sha256[32];         /* of the certificate; zero without one */
	char text[CONN_TEXT_BYTES]; /* host, suite, serial, subject, one behind the other */
};

static_assert(sizeof(struct conn_row) == CONN_ROW_BYTES, "rows are found by their number");
static_assert(offsetof(struct conn_row, ip) == 64, "what is counted lies in one cache line");

struct conn_table {
	uint64_t epoch; /* of the worker that writes it; 0: none */
	uint32_t high;  /* rows below it may be in use */
	uint8_t pad0[CONN_ROW_BYTES - 12];
	struct conn_row rows[CONNS_SLOTS_MAX];
};

static_assert(offsetof(struct conn_table, rows) % 64 == 0, "rows begin with a cache line");

/* What a worker knows of a connection. Texts are borrowed for the call. */
struct conn_facts {
	uint64_t since_ns;
	uint32_t gen;
	uint16_t port, version;
	bool is_resumed, is_verified;
	const uint8_t *ip;     /* 16 bytes */
	const uint8_t *sha256; /* 32 bytes; NULL: no certificate */
	struct slice host, suite, serial, subject;
};

/* A row as a reader has it: a copy, its texts printable ASCII. */
struct conn_seen {
	struct conn_row row;
	struct slice host, suite, serial, subject; /* into row */
};

/**
 * conns_create - the memfd for @workers workers, all rows free, size sealed
 *
 * Only its owner may open it again by way of /proc. Return: 0 or -errno.
 */
MUST_USE int conns_create(unsigned int workers, int *out_fd);

/**
 * conns_read_only - a descriptor of the same memory that cannot be mapped for writing
 *
 * Return: 0 or -errno.
 */
MUST_USE int conns_read_only(int fd, int *out_fd);

/**
 * conns_map - map one worker's table, for writing
 * conns_look - the same for reading
 *
 * Return: 0; -ERANGE no such worker in this memfd; -errno. Never unmapped.
 */
MUST_USE int conns_map(int fd, unsigned int worker, struct conn_table **out);
MUST_USE int conns_look(int fd, unsigned int worker, const struct conn_table **out);

/**
 * conns_drop - the worker is dead: free its rows and the memory they had
 *
 * Mappings stay good and read zeroes. Return: 0 or -errno.
 * Source: fallocate(2), FALLOC_FL_PUNCH_HOLE.
 */
MUST_USE int conns_drop(int fd, unsigned int worker);

/* --- the worker ------------------------------------------------------------------------- */

/** conns_begin - this table is mine now; @now_ns: CLOCK_MONOTONIC, not 0, differs from its last owner's */
void conns_begin(struct conn_table *t, uint64_t now_ns);

/**
 * conns_enter - a connection is there
 * @slot: below CONNS_SLOTS_MAX; its row is free
 *
 * A text that is too long ends in "...".
 */
struct conn_row *conns_enter(struct conn_table *t, uint32_t slot, const struct conn_facts *f);

/** conns_kernel - its records are the kernel's now; NULL is fine */
void conns_kernel(struct conn_row *r);

/** conns_leave - it is gone: the row is free; NULL is fine */
void conns_leave(struct conn_row *r);

/* Behind the counters, which are aligned words: who sees the tick sees them. */
static inline void conns_tick(struct conn_row *r)
{
	__atomic_store_n(&r->ticks, r->ticks + 1, __ATOMIC_RELEASE);
}

/** conns_request, conns_in, conns_out - one more request, bytes that came, bytes that went; NULL is fine */
static inline void conns_request(struct conn_row *r)
{
	if (r == NULL)
		return;
	r->requests++;
	conns_tick(r);
}

static inline void conns_in(struct conn_row *r, uint64_t bytes)
{
	if (r == NULL)
		return;
	r->bytes_in += bytes;
	conns_tick(r);
}

static inline void conns_out(struct conn_row *r, uint64_t bytes)
{
	if (r == NULL)
		return;
	r->bytes_out += bytes;
	conns_tick(r);
}

/* --- readers ---------------------------------------------------------------------------- */

/** conns_high - rows from here on were never used under this epoch; at most CONNS_SLOTS_MAX */
uint32_t conns_high(const struct conn_table *t);

/** conns_epoch - another one: every row is another one; 0: the worker is dead or has not begun */
uint64_t conns_epoch(const struct conn_table *t);

/** conns_mark - a number that changes when the row does (under one epoch); 0: never used */
uint64_t conns_mark(const struct conn_table *t, uint32_t slot);

/** conns_version - "TLSv1.3"; "?" for a number that no worker writes */
struct slice conns_version(const struct conn_row *r);

/**
 * conns_read - a whole copy of one row
 * @slot: below conns_high()
 *
 * Return: 1; 0 the row is free; -EAGAIN it was being written each time.
 */
MUST_USE int conns_read(const struct conn_table *t, uint32_t slot, struct conn_seen *out);
