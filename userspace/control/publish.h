/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * publish.h - a snapshot on its way into force: sent once, answered by every worker.
 */
#pragma once

#include "control/parent.h"
#include "store/snapshot.h"

enum publish_why {
	PUBLISH_START,   /* the first one, or a restarted control's */
	PUBLISH_RELOAD,  /* SIGHUP */
	PUBLISH_REFRESH, /* origins' names have new addresses */
	PUBLISH_FILES,   /* certificates, keys, CAs, CRLs or ticket keys have changed */
	PUBLISH_KEYS,    /* it was time for a new ticket key */
	PUBLISH_API,     /* the settings API was told something */
};

struct publish {
	uint32_t workers;
	uint64_t version; /* 0: none sent yet */
	enum publish_why why;
	uint32_t answers; /* different workers that have it in force */
	bool is_refused;  /* by at least one */
	bool has_answered[WORKERS_MAX];
};

/**
 * publish_send - send @s as the newest snapshot
 *
 * Return: 0; -ENOMEM; -errno.
 */
MUST_USE int publish_send(struct publish *p, const struct parent *to, const struct snapshot *s,
                          enum publish_why why);

/** publish_answer - a worker's MSG_APPLIED; says in the log what it means */
void publish_answer(struct publish *p, const struct msg_result *result);
