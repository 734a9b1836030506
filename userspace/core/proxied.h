/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * proxied.h - CONN_PROXY: whom a trusted source connects for, before TLS begins.
 *
 * The source is the socket's own address, before anything is read. One that is trusted
 * (proxy_sources) must send a PROXY header; from anybody else none is looked for, so that one
 * is bytes that are no TLS. Nothing behind the header is taken from the socket.
 */
#pragma once

#include "core/session.h"

/** proxied_is_due - does this connection begin with a PROXY header? */
bool proxied_is_due(const struct worker *w, const struct conn *c);

/** proxied_step - CONN_PROXY: look for the header; CONN_HANDSHAKE once it is taken */
enum step proxied_step(struct worker *w, struct conn *c);
