/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * inquiry_priv.h - inside of inquiry*.c.
 */
#pragma once

#include "control/inquiry.h"

struct job; /* a question that waits or is being asked */

struct entry {
	uint8_t key[OCSP_ID_BYTES];
	int64_t from;      /* s since 1970: when it was so; 0: nothing was said yet */
	uint64_t until_ms; /* until then it holds */
	uint64_t ask_ms;   /* from then on it is asked again */
	uint64_t used;     /* 0: free */
	uint32_t failures; /* in a row */
	enum ocsp_status what;
	struct job *job; /* or NULL */
};

struct job {
	struct job *next;
	struct entry *entry;
	struct inquiry_child child;
	uint8_t id[OCSP_ID_BYTES]; /* the demand */
	size_t host_len, len;      /* bytes: of the name, of all */
	uint8_t bytes[];           /* the host's first name, then certificates */
};

/* Demands whose responder gave no answer last. */
struct silent {
	uint8_t id[OCSP_ID_BYTES];
	uint64_t since; /* 0: free */
};

struct inquiry {
	inquiry_told *told;
	void *arg;
	struct entry *entries;
	uint64_t uses;
	struct job *waiting, **waiting_end;
	size_t waiting_len;
	bool is_new; /* one has come since the last turn */
	struct job *running[INQUIRY_CHILDREN_MAX];
	struct silent silent[INQUIRY_DEMANDS_MAX];
};

/* inquiry_entry.c */
struct entry *entry_at(struct inquiry *q, const uint8_t key[OCSP_ID_BYTES]);
bool entry_holds(const struct entry *e, uint64_t now_ms);
/* What was found out becomes what is known. @wall_s: s since 1970; @refresh_s: asked again at the latest */
void entry_take(struct entry *e, const struct ocsp_verdict *v, int64_t wall_s, uint32_t refresh_s,
                uint64_t now_ms);
