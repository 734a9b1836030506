/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * preface.h - what goes to an origin before the first request of a link: a PROXY header.
 *
 * It speaks for all that follows on the link, so such a link is one client connection's from
 * its first byte to its end: never taken from a pool, never put into one, and closed when a
 * request is for a host that would have said something else on it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "proto/refusal.h"

struct conn;
struct host;
struct worker;

/** preface_of - what a host says in front, as a number; 0: nothing */
uint32_t preface_of(const struct host *h);

/** preface_fits - may the link that @c kept carry a request for @h? */
bool preface_fits(const struct conn *c, const struct host *h);

/**
 * preface_put - the header in front of the request in c->origin_out, where c->link owes one
 *
 * c->link is connected. Return: REFUSAL_NONE; _ORIGIN_HEAD_LIMIT the client's certificate is
 * larger than a header can be; _OVERLOAD no buffer.
 */
MUST_USE enum refusal preface_put(struct worker *w, struct conn *c);
