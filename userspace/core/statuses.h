/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * statuses.h - what OCSP said of certificates, as far as this worker knows.
 *
 * A fixed table in sets of STATUSES_WAYS. What is pushed out is asked for again; a certificate
 * that is revoked goes last.
 */
#pragma once

#include "tls/ocsp.h"

enum { STATUSES_WAYS = 8 };

struct status {
	uint8_t key[OCSP_ID_BYTES]; /* ocsp_key() */
	uint64_t until_ms;          /* until then it holds; 0: nothing was said yet */
	uint64_t ask_ms;            /* from then on it is to be asked for; 0: at once */
	uint64_t used;              /* 0: the entry is free */
	uint8_t what;               /* enum ocsp_status */
};

struct statuses {
	struct status *rows; /* sets * STATUSES_WAYS */
	size_t sets;         /* a power of 2 */
	uint64_t uses;
};

/** statuses_init - room for @max certificates, rounded up. Return: 0 or -ENOMEM. */
MUST_USE int statuses_init(struct statuses *s, uint32_t max);
void statuses_fini(struct statuses *s);

/** statuses_find - NULL: not known; good until the next statuses_at() */
struct status *statuses_find(struct statuses *s, const uint8_t key[OCSP_ID_BYTES]);

/** statuses_at - the same, made if it is new: of it nothing was said yet */
struct status *statuses_at(struct statuses *s, const uint8_t key[OCSP_ID_BYTES]);

/** status_holds - is it what counts now? Revoked does until something else is said. */
bool status_holds(const struct status *s, uint64_t now_ms);
