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
	struct identity_headers headers; /* names are the snapshot's, rows in .. */
	void *headers_memory;
	struct reserved reserved;
	struct origin **origins; /* conf->origins_len of them */
	uint32_t turn;           /* round robin: next origin to try */
};

struct policy {
	uint32_t refs;
	struct snapshot *snapshot; /* owned */
	struct host *hosts;        /* snapshot->hosts_len */
	size_t built;              /* of them are ready; all before it is put in force */
	struct host *host_default; /* or NULL */
	struct policy_name {
		struct slice name;
		struct host *host;
	} * names; /* sorted, each once */
	size_t names_len;
};

/**
 * policy_begin - the start of a policy: nothing of it is ready
 * @snapshot: taken over, also on failure
 *
 * Return: 0 or -ENOMEM.
 */
MUST_USE int policy_begin(struct snapshot *snapshot, struct policy **out);

/**
 * policy_step - make one more host ready
 * @err: what is wrong, when it fails
 *
 * A host that is as it was in w->policy shares its keys and CAs: they cost a
 * millisecond and 30 KiB, and there may be thousands.
 *
 * Return: 1 all are; 0 call again; -EINVAL, -ENOMEM: policy_unref() it.
 */
MUST_USE int policy_step(struct worker *w, struct policy *p, struct sink *err);

/** policy_new - policy_begin() and all its steps; nothing is left behind on failure */
MUST_USE int policy_new(struct worker *w, struct snapshot *snapshot, struct policy **out,
                        struct sink *err);

struct policy *policy_ref(struct policy *p);
void policy_unref(struct worker *w, struct policy *p); /* NULL is fine */

/**
 * policy_find - the host of that name
 * @name: normalised; len 0 for none
 *
 * Exact, then one-label wildcard, then the default host if there is one; a derived host before
 * the one it was made of.
 */
struct host *policy_find(const struct policy *p, const struct hostname *name);
