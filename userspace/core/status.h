/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * status.h - is a client's certificate good by its CA's OCSP responder?
 *
 * A worker asks nobody: control does, and tells. Until it has told, nothing of the client is
 * read, for no longer than ocsp_timeout_ms; then its host's mode decides. Asked before each
 * request, so a resumed session is treated as a new one, and an answer that is out of date as
 * none. What is connected is asked for again by core/standing, and ends by it.
 */
#pragma once

#include "core/statuses.h"
#include "sys/channel.h"

struct conn;
struct tls_host;
struct worker;

/** status_begin - @c has done its handshake with @host: ask about it, if it is to be asked about */
void status_begin(struct worker *w, struct conn *c, const struct tls_host *host);

/**
 * status_admits - may @c go on with its next request?
 *
 * Return: true; false: not now, or it was ended: then @c->state tells.
 */
MUST_USE bool status_admits(struct worker *w, struct conn *c);

/** status_is_revoked - has its CA revoked it, as far as is known? */
bool status_is_revoked(struct worker *w, const struct conn *c);

/** status_keep - ask again when it is time. Return: ms from now when that is next; UINT64_MAX: never */
uint64_t status_keep(struct worker *w, struct conn *c);

/** status_receive - an answer has come: MSG_OCSP_ANSWER */
void status_receive(struct worker *w, const struct msg *m);

/** status_timeout - the timer of a connection that is held */
void status_timeout(struct worker *w, struct conn *c);

/** status_leave - it is held no longer; nothing where it was not */
void status_leave(struct worker *w, struct conn *c);
