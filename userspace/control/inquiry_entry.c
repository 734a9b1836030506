/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * inquiry_entry.c - what is known of one certificate, and for how long.
 */
#include <string.h>

#include "control/inquiry_priv.h"

bool entry_holds(const struct entry *e, uint64_t now_ms)
{
	return e->what == OCSP_REVOKED || now_ms < e->until_ms;
}

static bool is_revoked(const struct entry *e)
{
	return e->used > 0 && e->what == OCSP_REVOKED;
}

/* Does @a go before @b? Revoked ones last; one that is being asked about not at all. */
static bool goes_first(const struct entry *a, const struct entry *b)
{
	if (a->job || b->job)
		return !a->job;
	return is_revoked(a) == is_revoked(b) ? a->used < b->used : is_revoked(b);
}

struct entry *entry_at(struct inquiry *q, const uint8_t key[OCSP_ID_BYTES])
{
	struct entry *gone = &q->entries[0];

	for (size_t n = 0; n < INQUIRY_ENTRIES_MAX; n++) {
		struct entry *e = &q->entries[n];

		if (e->used > 0 && memcmp(e->key, key, OCSP_ID_BYTES) == 0) {
			e->used = ++q->uses;
			return e;
		}
		if (goes_first(e, gone))
			gone = e;
	}
	must(!gone->job); /* there are more entries than questions */
	*gone = (struct entry){ .used = ++q->uses, .what = OCSP_FAILED };
	memcpy(gone->key, key, OCSP_ID_BYTES);
	return gone;
}

static uint64_t backoff_ms(uint32_t failures)
{
	uint64_t ms = INQUIRY_BACKOFF_MS_MIN;

	while (--failures > 0 && ms < INQUIRY_BACKOFF_MS_MAX)
		ms *= 2;
	return ms < INQUIRY_BACKOFF_MS_MAX ? ms : INQUIRY_BACKOFF_MS_MAX;
}

static void take_failure(struct entry *e, uint64_t now_ms)
{
	uint64_t pause = backoff_ms(++e->failures);

	e->ask_ms = now_ms + pause;
	if (entry_holds(e, now_ms) && e->what != OCSP_FAILED)
		return;
	e->what = OCSP_FAILED;
	e->until_ms = e->ask_ms;
}

void entry_take(struct entry *e, const struct ocsp_verdict *v, int64_t wall_s, uint32_t refresh_s,
                uint64_t now_ms)
{
	uint64_t refresh = (uint64_t)refresh_s * 1000;
	uint64_t holds =
		refresh * 2; /* an answer that sets itself no end is asked for twice in it */

	/* Who can put an answer of yesterday in the way must not take back what was said today. */
	if (v->status == OCSP_FAILED || v->from < e->from ||
	    (v->until != 0 && v->until <= wall_s)) {
		take_failure(e, now_ms);
		return;
	}
	if (v->until != 0 && v->until - wall_s < INQUIRY_HOLDS_MS_MAX / 1000)
		holds = (uint64_t)(v->until - wall_s) * 1000;
	else if (v->until != 0)
		holds = INQUIRY_HOLDS_MS_MAX;
	if (holds > INQUIRY_HOLDS_MS_MAX)
		holds = INQUIRY_HOLDS_MS_MAX;
	if (v->status == OCSP_UNKNOWN && holds > INQUIRY_UNKNOWN_MS)
		holds = INQUIRY_UNKNOWN_MS;
	e->failures = 0;
	e->what = v->status;
	e->from = v->from;
	e->until_ms = now_ms + holds;
	e->ask_ms = now_ms + (refresh < holds / 2 ? refresh : holds / 2);
}
