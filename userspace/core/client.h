/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * client.h - the client's leg: plaintext in and out, whatever engine carries it.
 *
 * Above this line nobody sees a record. The userspace engine (client_user.c) reads
 * ciphertext with recv(2), opens it and seals what goes out; the kernel engine
 * (client_kernel.c) reads and writes plaintext on the socket itself. A connection
 * begins with the first and moves to the second at the first record boundary at
 * which nothing is unread or unsent (tls/handoff.h).
 */
#pragma once

#include "base/slice.h"
#include "core/conn_reason.h"

struct conn;
struct worker;

/**
 * client_begin - the handshake is done, c->record has its keys: choose the engine
 *
 * What came behind the handshake is in wire_in. Return: false: the connection was ended.
 */
MUST_USE bool client_begin(struct worker *w, struct conn *c);

enum client_got {
	CLIENT_DATA,  /* *out has bytes, some of them new */
	CLIENT_AGAIN, /* nothing new now */
	CLIENT_ENDED, /* the client has ended its direction; *out may have bytes left */
	CLIENT_GONE,  /* the connection was ended; touch it no more */
};

/**
 * client_read - more plaintext
 * @want: read at most this much from the socket, bytes; a little more if that is under 64
 * @out:  what c->plain_in held followed by what is new; lies in the worker's
 *        buffer until the next read; the caller keeps what it does not take
 *        (client_keep()). c->plain_in is untouched until then.
 */
enum client_got client_read(struct worker *w, struct conn *c, size_t want, struct slice *out);

/** client_keep - hold @rest for later; false: the connection was ended */
MUST_USE bool client_keep(struct worker *w, struct conn *c, struct slice rest);

/**
 * client_send - send plaintext as records; what the socket does not take waits in c->wire_out
 * @plain: up to BULK_BYTES
 *
 * Return: false: the connection was ended.
 */
MUST_USE bool client_send(struct worker *w, struct conn *c, struct slice plain);

/**
 * client_spliced - the kernel engine's socket was given @len bytes of plaintext past client_send()
 *
 * Every byte must be counted: a FIN waits for it, and a key may protect only so many records.
 * Return: false: the connection was ended.
 */
MUST_USE bool client_spliced(struct worker *w, struct conn *c, size_t len);

/** client_flush - send what waits and what is owed; false: the connection was ended */
MUST_USE bool client_flush(struct worker *w, struct conn *c);

/** client_end - close_notify and FIN behind what waits; false: the connection was ended */
MUST_USE bool client_end(struct worker *w, struct conn *c);

/**
 * client_expel - end because of who the client is: a fatal alert, FIN, nothing more
 *
 * What it was not sent yet is dropped. Where that includes part of a record, or the socket
 * takes nothing, there is no alert either.
 */
void client_expel(struct worker *w, struct conn *c, uint8_t alert, enum conn_reason reason);

/** client_is_sent - nothing waits for the client's socket: wire_out is empty, nothing is owed, and
 *  the kernel has given TCP every record of ours. Only then a FIN is safe. */
MUST_USE bool client_is_sent(const struct worker *w, const struct conn *c);

/** client_owes - is there, beside what is in wire_out, something for client_flush() to do? */
bool client_owes(const struct conn *c);

/** client_broken - a system call on the client's socket failed with @err (negative): end, and say why */
void client_broken(struct worker *w, struct conn *c, int err);

/** client_failed - the poll reported an error of the client's socket: end, and say why */
void client_failed(struct worker *w, struct conn *c);

/**
 * client_discard - read what still comes and throw it away, records of any type
 *
 * Return: true: there may be more; false: nothing now (@out_ended false) or the end (true).
 */
MUST_USE bool client_discard(struct worker *w, struct conn *c, bool *out_ended);
