/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * policy.h - a snapshot with the objects a worker serves it with.
 *
 * Built beside the one in force and swapped in whole. Counted: an exchange and a
 * handshake keep the policy they began under; everything else asks the worker's
 * current one.
 */
#pragma once

#include "core/link.h"
#include "proto/hostname.h"
#include "proto/identity.h"
#include "proto/reserved.h"
#include "store/snapshot.h"
#include "tls/host.h"

struct host {
	const struct snapshot_host *conf;
	struct tls_host *tls;
	struct identity_headers headers;
	struct reserved reserved;
	struct origin **origins; /* conf->origins_len of them */
	uint32_t turn;           /* round robin: next origin to try */
};

struct policy {
	uint32_t refs;
	struct snapshot *snapshot; /* owned */
	struct host *hosts;        /* snapshot->hosts_len */
	struct host *host_default; /* or NULL */
	struct policy_name {
		struct slice name;
		struct host *host;
	} * names; /* sorted */
	size_t names_len;
};

/**
 * policy_new - build what a snapshot asks for
 * @snapshot: taken over, also on failure
 * @err:      what is wrong, when it fails
 *
 * Return: 0; -EINVAL; -ENOMEM.
 */
MUST_USE int policy_new(struct worker *w, struct snapshot *snapshot, struct policy **out,
                        struct sink *err);

struct policy *policy_ref(struct policy *p);
void policy_unref(struct worker *w, struct policy *p); /* NULL is fine */

/**
 * policy_find - the host of that name
 * @name: normalised; len 0 for none
 *
 * Exact, then one-label wildcard, then the default host if there is one.
 */
struct host *policy_find(const struct policy *p, const struct hostname *name);
