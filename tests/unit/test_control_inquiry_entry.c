/* SPDX-License-Identifier: GPL-2.0-only */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "control/inquiry_priv.h"

enum { WALL = 1000000, REFRESH_S = 600, REFRESH_MS = REFRESH_S * 1000 };

static struct entry take(struct entry e, struct ocsp_verdict v, uint64_t now_ms)
{
	entry_take(&e, &v, WALL, REFRESH_S, now_ms);
	return e;
}

static const struct entry none = { .what = OCSP_FAILED };

Test(inquiry_entry, it_holds_as_long_as_it_says_and_is_asked_again_before)
{
	struct ocsp_verdict v = { .status = OCSP_GOOD, .from = WALL - 1, .until = WALL + 100 };
	struct entry e = take(none, v, 5000);

	cr_expect_eq(e.what, OCSP_GOOD);
	cr_expect_eq(e.until_ms, 5000 + 100000);
	cr_expect_eq(e.ask_ms, 5000 + 50000);
	cr_expect(entry_holds(&e, 104999));
	cr_expect(!entry_holds(&e, 105000));
	v.until = WALL + 1000000;
	e = take(none, v, 0);
	cr_expect_eq(e.until_ms, INQUIRY_HOLDS_MS_MAX, "a day at most");
	cr_expect_eq(e.ask_ms, REFRESH_MS);
	v.until = INT64_MAX;
	cr_expect_eq(take(none, v, 0).until_ms, INQUIRY_HOLDS_MS_MAX);
	v.until = 0; /* it says of no end */
	e = take(none, v, 0);
	cr_expect_eq(e.until_ms, 2UL * REFRESH_MS);
	cr_expect_eq(e.ask_ms, REFRESH_MS);
}

Test(inquiry_entry, unknown_is_asked_about_soon)
{
	struct entry e =
		take(none, (struct ocsp_verdict){ .status = OCSP_UNKNOWN, .from = WALL }, 0);

	cr_expect_eq(e.what, OCSP_UNKNOWN);
	cr_expect_eq(e.until_ms, INQUIRY_UNKNOWN_MS);
}

Test(inquiry_entry, failures_pause_longer_and_longer)
{
	const struct ocsp_verdict failed = { .status = OCSP_FAILED };
	uint64_t want = INQUIRY_BACKOFF_MS_MIN;
	struct entry e = none;

	for (int n = 0; n < 100; n++) {
		e = take(e, failed, 7);
		cr_expect_eq(e.ask_ms, 7 + want);
		cr_expect_eq(e.until_ms, e.ask_ms);
		want = want * 2 < INQUIRY_BACKOFF_MS_MAX ? want * 2 : INQUIRY_BACKOFF_MS_MAX;
	}
	e = take(e, (struct ocsp_verdict){ .status = OCSP_GOOD, .from = WALL }, 7);
	e = take(e, failed, e.until_ms);
	cr_expect_eq(e.ask_ms, e.until_ms);
	cr_expect_eq(e.failures, 1);
}

Test(inquiry_entry, a_failure_takes_nothing_back_that_holds)
{
	const struct ocsp_verdict failed = { .status = OCSP_FAILED };
	const struct ocsp_verdict good = { .status = OCSP_GOOD, .from = WALL, .until = WALL + 100 };
	const struct ocsp_verdict revoked = { .status = OCSP_REVOKED,
		                              .from = WALL,
		                              .until = WALL + 100 };
	struct entry e = take(take(none, good, 0), failed, 60000);

	cr_expect_eq(e.what, OCSP_GOOD);
	cr_expect_eq(e.until_ms, 100000);
	cr_expect_eq(e.ask_ms, 60000 + INQUIRY_BACKOFF_MS_MIN);
	cr_expect_eq(take(e, failed, 100000).what, OCSP_FAILED, "it does not hold any more");
	e = take(take(none, revoked, 0), failed, 1000000);
	cr_expect_eq(e.what, OCSP_REVOKED, "that has no end");
	cr_expect(entry_holds(&e, UINT64_MAX));
}

Test(inquiry_entry, nothing_older_takes_the_place_of_what_is_newer)
{
	const struct ocsp_verdict revoked = { .status = OCSP_REVOKED,
		                              .from = WALL,
		                              .until = WALL + 100 };
	struct ocsp_verdict good = { .status = OCSP_GOOD, .from = WALL - 1, .until = WALL + 1000 };
	struct entry e = take(take(none, revoked, 0), good, 1);

	cr_expect_eq(e.what, OCSP_REVOKED);
	cr_expect_eq(e.failures, 1);
	good.from = WALL;
	cr_expect_eq(take(e, good, 1).what, OCSP_GOOD, "taken off hold");
	good.until = WALL; /* over, by now */
	cr_expect_eq(take(none, good, 1).what, OCSP_FAILED);
}

Test(inquiry_entry, room_is_made_by_the_least_used_that_nobody_waits_for)
{
	static struct inquiry q;
	static struct job job;
	uint8_t key[OCSP_ID_BYTES] = { 0 };
	struct entry *first;

	q.entries = calloc(INQUIRY_ENTRIES_MAX, sizeof(*q.entries));
	for (uint32_t n = 0; n < INQUIRY_ENTRIES_MAX; n++) {
		memcpy(key, &n, sizeof(n));
		entry_at(&q, key)->what = n == 1 ? OCSP_REVOKED : OCSP_GOOD;
	}
	memset(key, 0, sizeof(key));
	first = entry_at(&q, key);
	first->job = &job;
	first->used = 1;
	for (uint32_t n = 0; n < INQUIRY_ENTRIES_MAX - 2; n++) {
		uint32_t other = n + INQUIRY_ENTRIES_MAX;

		memcpy(key, &other, sizeof(other));
		entry_at(&q, key)->what = OCSP_GOOD;
	}
	memset(key, 0, sizeof(key));
	cr_expect_eq(entry_at(&q, key), first, "it is being asked about");
	key[0] = 1;
	cr_expect_eq(entry_at(&q, key)->what, OCSP_REVOKED);
	key[0] = 2;
	cr_expect_eq(entry_at(&q, key)->what, OCSP_FAILED, "it made room");
	free(q.entries);
}
