/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * parent.h - control's side of the channel: ask the master and wait, or hear from it.
 */
#pragma once

#include <stdbool.h>

#include "control/source.h"
#include "sys/channel.h"

/* Told of every worker's answer to a snapshot. The result is good until it returns. */
typedef void parent_applied(void *arg, const struct msg_result *result);

/* Told of every MSG_OCSP_ASK, which is good until it returns. */
typedef void parent_ocsp_asked(void *arg, const struct msg *m);

struct parent {
	int fd;
	bool is_reload_wanted;
	bool is_draining; /* the workers finish */
	int snapshot_fd;  /* the newest, given to a restarted control; -1: none (yet) */
	int revoked_fd;   /* the same of the list of revoked certificates */
	uint64_t revoked_version;
	parent_applied *applied;
	parent_applied *revoked_done; /* told of every answer to such a list */
	parent_ocsp_asked *ocsp_asked;
	void *arg;
};

/**
 * parent_hear - take all that waits in the channel
 *
 * Return: 0; -EPIPE the master is gone; -EBADMSG; -errno.
 */
MUST_USE int parent_hear(struct parent *p);

/**
 * parent_ask - send a request and wait for its answer; what else comes meanwhile is taken
 * @type:    MSG_START, MSG_RUNNING, MSG_OPEN, MSG_XDP_MAP or MSG_XDP_ATTACH
 * @out:     its body; -errno in @out->error is the master's
 * @out_fd:  with the answer, the caller's, -1 for none; NULL: none is wanted
 *
 * Return: 0 an answer came; -EPIPE; -EBADMSG; -errno.
 */
MUST_USE int parent_ask(struct parent *p, enum msg_type type, const void *payload, size_t len,
                        struct msg_result *out, int *out_fd);

/** parent_wait_snapshot - until snapshot_fd is there. Return: 0 or -errno. */
MUST_USE int parent_wait_snapshot(struct parent *p);

/** parent_source - files through the master's hands */
struct source parent_source(struct parent *p);
