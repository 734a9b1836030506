/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * resolve.h - origins' names to addresses. Blocks: never called where traffic waits.
 */
#pragma once

#include <sys/socket.h>

#include "base/slice.h"

enum { RESOLVE_ADDRS_MAX = 16, RESOLVE_LABELS_MAX = 65536 };

struct resolved {
	char *label; /* "app.internal:8080" */
	int error;   /* 0, or what getaddrinfo(3) returned */
	size_t len;  /* 0 only with an error */
	struct sockaddr_storage
		addrs[RESOLVE_ADDRS_MAX]; /* sorted: an order of its own means nothing */
	socklen_t lens[RESOLVE_ADDRS_MAX];
};

/* Answers, each name asked once. */
struct resolver {
	struct resolved **rows;
	size_t len;
};

/**
 * resolver_get - the addresses of "name:port", looked up unless known
 *
 * Return: owned by @r; NULL without memory or with RESOLVE_LABELS_MAX names.
 */
const struct resolved *resolver_get(struct resolver *r, const char *label);

/** resolver_put - an answer that came from elsewhere; moves @row. Return: 0 or -ENOMEM. */
MUST_USE int resolver_put(struct resolver *r, struct resolved *row);

/** resolver_find - the answer for @label, NULL if it was never asked */
const struct resolved *resolver_find(const struct resolver *r, const char *label);

/** resolver_fini - forget all */
void resolver_fini(struct resolver *r);

/** resolved_free - one that no resolver owns; NULL is fine */
void resolved_free(struct resolved *row);
