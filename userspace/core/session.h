/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * session.h - the one place that knows a connection's whole path.
 *
 * Events (a socket is ready, a timer fired) come in here; the state says which
 * leaf goes on. A leaf does one step and tells whether it got anywhere.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "core/conn_reason.h"
#include "proto/refusal.h"

struct conn;
struct hostname;
struct tls_host;
struct link;
struct worker;

/* What a step came to. */
enum step {
	STEP_ON,   /* got somewhere: try again */
	STEP_WAIT, /* an event must come first */
	STEP_GONE, /* the connection was ended */
};

/** session_run - go on until an event must come first or the steps are used up */
void session_run(struct worker *w, struct conn *c);

/** session_client - the poll of @c reported @events (poll(2) bits) */
void session_client(struct worker *w, struct conn *c, uint32_t events);

/** session_timeout - the connection's timer fired */
void session_timeout(struct worker *w, struct conn *c);

/** session_origin - the poll of @l reported @events (poll(2) bits) */
void session_origin(struct worker *w, struct link *l, uint32_t events);

/** greet_step - CONN_HANDSHAKE: show OpenSSL what came */
enum step greet_step(struct worker *w, struct conn *c);

/** greet_lookup - the tls_lookup of a worker: @arg is the struct worker */
struct tls_host *greet_lookup(void *arg, const struct hostname *sni, void **out_user);

/** request_step - CONN_IDLE, CONN_HEAD: read a head, decide, send it on */
enum step request_step(struct worker *w, struct conn *c);

/**
 * request_identity - the header lines of @c's client under its request's host
 * @out: good until the next call for this client
 *
 * Return: REFUSAL_NONE; _ORIGIN_HEAD_LIMIT they are more than any head; _OVERLOAD.
 */
MUST_USE enum refusal request_identity(struct worker *w, struct conn *c, struct slice *out);

/** dial_step - have a link for the request in c->origin_out; any state that has an exchange */
enum step dial_step(struct worker *w, struct conn *c);

/** dial_failed - the link of @c did not come to be, or died before it could answer */
enum step dial_failed(struct worker *w, struct conn *c, bool is_timeout);

/** up_step - CONN_EXCHANGE, CONN_TUNNEL: from the client to the origin */
enum step up_step(struct worker *w, struct conn *c);

/** down_step - CONN_EXCHANGE, CONN_TUNNEL: from the origin to the client */
enum step down_step(struct worker *w, struct conn *c);

/**
 * refuse - answer with the status of @why and end
 *
 * When a response is already on its way the connection is cut instead: an answer
 * inside an answer would be taken for its body.
 */
enum step refuse(struct worker *w, struct conn *c, enum refusal why);

/** refuse_bytes - the same for bytes that never became a request */
enum step refuse_bytes(struct worker *w, struct conn *c, enum refusal why);
