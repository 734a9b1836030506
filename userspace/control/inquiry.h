/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * inquiry.h - OCSP on behalf of the workers: what is known, what is being asked, who is told.
 *
 * One question about a certificate is under way at a time, whoever wants to know. A bounded
 * number of processes asks; a demand (CAs and responder of a host) has a part of them, and one
 * that was not answered last has a single one, so that a dead responder is in nobody's way.
 * A failure stands for a while that grows; it replaces no answer that still holds, and never
 * one that says revoked.
 */
#pragma once

#include <poll.h>

#include "control/inquiry_child.h"
#include "control/parent.h"
#include "store/snapshot.h"

enum {
	INQUIRY_ENTRIES_MAX = 8192,
	INQUIRY_WAITING_MAX = 1024, /* questions; more are not heard, and asked again */
	INQUIRY_CHILDREN_MAX = 16,
	INQUIRY_PER_DEMAND_MAX = 4,
	INQUIRY_DEMANDS_MAX = 256,           /* that were not answered last */
	INQUIRY_HOLDS_MS_MAX = 86400 * 1000, /* whatever an answer says of itself */
	INQUIRY_UNKNOWN_MS = 60000,
	INQUIRY_BACKOFF_MS_MIN = 1000, /* doubled with each failure in a row */
	INQUIRY_BACKOFF_MS_MAX = 60000,
};

/* Told of each answer. */
typedef void inquiry_told(void *arg, const struct msg_ocsp_answer *a);

struct inquiry;

/** inquiry_new - nothing is known. Return: 0 or -ENOMEM. */
MUST_USE int inquiry_new(inquiry_told *told, void *arg, struct inquiry **out);
void inquiry_free(struct inquiry *q); /* ends what runs; NULL is fine */

/**
 * inquiry_hear - a worker's question: MSG_OCSP_ASK
 * @s: the newest snapshot; a question about a host that it lacks, or that asks nothing, is not heard
 *
 * What is known is told at once, to who asks.
 */
void inquiry_hear(struct inquiry *q, const struct snapshot *s, const struct msg *m,
                  uint64_t now_ms);

/** inquiry_turn - take verdicts, tell them, ask the next */
void inquiry_turn(struct inquiry *q, const struct snapshot *s, uint64_t now_ms);

/** inquiry_poll - descriptors to be watched. Return: how many. */
size_t inquiry_poll(const struct inquiry *q, struct pollfd out[INQUIRY_CHILDREN_MAX]);

/** inquiry_due_ms - when inquiry_turn() is to be called at the latest; UINT64_MAX: never */
uint64_t inquiry_due_ms(const struct inquiry *q);
