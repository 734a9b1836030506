/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * policy_headers.h - from what a host's identity section asks for to rows to render.
 * Private to policy*.c.
 */
#pragma once

#include "core/policy.h"

/** headers_choose - fill in @h->headers and @h->reserved from @h->conf. Return: 0; -ENOMEM. */
MUST_USE int headers_choose(struct host *h, const struct options *options);

/** headers_forget - and free them */
void headers_forget(struct host *h);
