/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * client_engine.h - what an engine does for client.c. Private to client*.c.
 *
 * Both engines send through c->wire_out, each its own kind of bytes; client_flush()
 * alone empties it. Records that are not data are acted on in one place,
 * client_control(); what an engine then has to do about keys and alerts is here.
 */
#pragma once

#include "core/client.h"
#include "core/conn.h"
#include "core/worker.h"

/* Reads behind the *have bytes of w->plain, adds to *have. CLIENT_DATA: also when nothing
 * came of what was read. */
enum client_got user_read(struct worker *w, struct conn *c, size_t want, size_t *have);
enum client_got kernel_read(struct worker *w, struct conn *c, size_t want, size_t *have);

/* Like client_send(). */
bool user_send(struct worker *w, struct conn *c, struct slice plain);
bool kernel_send(struct worker *w, struct conn *c, struct slice plain);

/* An alert behind what waits; the connection may be past saving, so failing is quiet. */
void user_alert(struct worker *w, struct conn *c, uint8_t description);
void kernel_alert(struct conn *c, uint8_t description);

/* The client sent a KeyUpdate, rx has the next key; @both: it wants ours too. False: ended. */
bool user_rekey(struct worker *w, struct conn *c, bool both);
bool kernel_rekey(struct worker *w, struct conn *c, bool both);

/* Sends what is owed before what waits in wire_out, and what is owed behind it. False: ended. */
bool kernel_pay_update(struct worker *w, struct conn *c);
bool kernel_pay_alert(struct worker *w, struct conn *c);

/* Like client_discard(). */
bool user_discard(struct worker *w, struct conn *c, bool *out_ended);
bool kernel_discard(struct worker *w, struct conn *c, bool *out_ended);

/* Has the kernel given TCP every record of ours? */
bool kernel_is_sent(const struct conn *c);

/* Counts @n bytes of plaintext that the kernel took. */
void kernel_count(struct conn *c, size_t n);

/* A system call on the kernel engine's socket failed: says why if the client is to know, ends. */
void kernel_failed(struct worker *w, struct conn *c, int err);

/* One record that is not data. CLIENT_DATA: go on. */
enum client_got client_control(struct worker *w, struct conn *c, enum record_type type,
                               struct slice payload);

/* Says why, as far as the socket takes it at once, and ends. */
enum client_got client_fatal(struct worker *w, struct conn *c, uint8_t alert,
                             enum conn_reason reason);

/* Room for @bytes more in c->wire_out; false: the connection was ended. */
bool client_make_room(struct worker *w, struct conn *c, size_t bytes);
