/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/revocations.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "sys/memfd.h"

enum { SENDS_MAX = 10000 };

static int master = -1;
static struct parent parent;
static struct revocations all;

static void start(void)
{
	int ends[2];

	cr_assert_eq(channel_pair(ends), 0);
	master = ends[0];
	parent = (struct parent){ .fd = ends[1] };
	all = (struct revocations){ .workers = 2 };
}

static void stop(void)
{
	revocations_fini(&all);
	(void)close(master);
	(void)close(parent.fd);
}

TestSuite(revocations, .init = start, .fini = stop);

/* Keys that begin with the characters of @first. */
static struct revoked_keys keys_of(const char *first)
{
	struct revoked_keys k = { .bytes = calloc(strlen(first) + 1, REVOKED_KEY_BYTES) };

	for (; first[k.len]; k.len++)
		k.bytes[k.len * REVOKED_KEY_BYTES] = (uint8_t)first[k.len];
	return k;
}

static void name_by(enum revoked_by who, const char *first)
{
	struct revoked_keys k = keys_of(first);

	cr_assert_eq(revocations_put(&all, &parent, who, &k), 0);
	revoked_keys_fini(&k);
}

static void name(const char *first)
{
	name_by(REVOKED_BY_FILE, first);
}

/* What came to the master; NULL: nothing. */
static void expect(uint64_t version, const char *first)
{
	struct revoked_keys want = keys_of(first ? first : "");
	struct msg_version v;
	struct msg m;
	char *bytes = NULL;
	size_t len = 0;
	int fd = -1;
	int r = channel_recv(master, &m, &fd);

	if (!first) {
		cr_assert_eq(r, -EAGAIN);
		revoked_keys_fini(&want);
		return;
	}
	cr_assert_eq(r, 1);
	cr_assert_eq(m.type, MSG_REVOKED);
	cr_assert_eq(msg_body(&m, &v, sizeof(v)), 0);
	cr_expect_eq(v.version, version);
	cr_assert_eq(memfd_read(fd, 1 << 20, &bytes, &len), 0);
	cr_assert(revoked_check(slice_of(bytes, len)));
	cr_expect(
		slice_eq(slice_of(bytes, len), slice_of(want.bytes, want.len * REVOKED_KEY_BYTES)));
	(void)close(fd);
	free(bytes);
	revoked_keys_fini(&want);
}

static void done(uint32_t worker, uint64_t version)
{
	const struct msg_result r = { .worker = worker, .version = version };

	revocations_answer(&all, &r);
}

Test(revocations, an_empty_list_is_not_sent_before_there_was_another)
{
	name("");
	expect(0, NULL);
	name("a");
	expect(1, "a");
	name("");
	expect(2, "");
}

Test(revocations, what_is_sent_is_what_anybody_names_and_each_once)
{
	name("ac");
	expect(1, "ac");
	name_by(REVOKED_BY_STORE, "bc");
	expect(2, "abc");
	name_by(REVOKED_BY_MEMORY, "ab");
	expect(0, NULL);
	name("");
	expect(0, NULL);
	name_by(REVOKED_BY_MEMORY, "");
	expect(3, "bc");
}

Test(revocations, every_worker_must_have_it)
{
	name("a");
	done(0, 1);
	done(0, 1);
	cr_expect_not(revocations_is_in_force(&all, 1), "one of two, twice");
	done(7, 1);
	cr_expect_not(revocations_is_in_force(&all, 1), "nobody");
	name("b");
	done(1, 1);
	cr_expect(revocations_is_in_force(&all, 1), "each had it, though not at the same time");
	cr_expect_not(revocations_is_in_force(&all, 2));
	done(1, 2);
	done(0, 9);
	cr_expect_not(revocations_is_in_force(&all, 2), "a list that there is not yet");
	done(0, 2);
	cr_expect(revocations_is_in_force(&all, 2));
	done(0, 1);
	cr_expect(revocations_is_in_force(&all, 2), "an older answer");
}

/* @first is what the workers had. */
static void adopt(const char *first)
{
	struct revoked_keys k = keys_of(first);
	int fd = -1;

	cr_assert_eq(memfd_seal("x", slice_of(k.bytes, k.len * REVOKED_KEY_BYTES), &fd), 0);
	cr_assert_eq(revocations_adopt(&all, 7, fd), 0);
	(void)close(fd);
	revoked_keys_fini(&k);
}

Test(revocations, a_restarted_control_asks_again_and_forgets_nothing)
{
	adopt("abcd");
	name_by(REVOKED_BY_STORE, "b");
	expect(8, "abcd");
	cr_expect_not(revocations_is_in_force(&all, 8), "the answers went to another");
	name("a");
	expect(0, NULL);
	cr_assert_eq(revocations_disown(&all), 0);
	cr_expect_eq(all.by[REVOKED_BY_FORMER].len, 2, "c and d, which nobody names now");
	name("");
	expect(9, "bcd");
	cr_assert_eq(revocations_disown(&all), 0);
	cr_expect_eq(all.by[REVOKED_BY_FORMER].len, 2, "once only");
	name_by(REVOKED_BY_FORMER, "");
	expect(10, "b");
}

Test(revocations, what_is_no_list_is_not_adopted)
{
	int fd = -1;

	cr_assert_eq(memfd_seal("x", SLICE("no list"), &fd), 0);
	cr_expect_eq(revocations_adopt(&all, 7, fd), -EBADMSG);
	(void)close(fd);
}

Test(revocations, a_change_that_is_dropped_has_not_happened)
{
	struct revoked_keys k = keys_of("ab");
	struct revocations_change change;

	name("a");
	expect(1, "a");
	cr_assert_eq(revocations_prepare(&all, REVOKED_BY_STORE, &k, &change), 0);
	revocations_drop(&change);
	cr_assert_eq(revocations_flush(&all, &parent), 0);
	expect(0, NULL);
	cr_assert_eq(revocations_prepare(&all, REVOKED_BY_STORE, &k, &change), 0);
	cr_expect_eq(revocations_commit(&all, &change), 2);
	expect(0, NULL);
	cr_assert_eq(revocations_flush(&all, &parent), 0);
	expect(2, "ab");
	revoked_keys_fini(&k);
}

Test(revocations, without_room_the_newest_is_owed)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
	struct msg m;
	int fd = -1;
	uint64_t newest = 0;
	int full = 0;

	/* Until nothing fits any more, and once after that. */
	while (full < 2 && newest < SENDS_MAX) {
		const char one[2] = { letters[newest % 26], '\0' };

		name(one);
		newest++;
		if (all.owed_fd != 0)
			full++;
	}
	cr_assert_eq(all.version, newest);
	cr_assert_gt(all.owed_fd, 0);
	while (channel_recv(master, &m, &fd) == 1)
		(void)close(fd);
	cr_assert_eq(revocations_flush(&all, &parent), 0);
	cr_expect_eq(all.owed_fd, 0);
	expect(newest, (char[]){ letters[(newest - 1) % 26], '\0' });
}

Test(revocations, more_than_there_may_be_change_nothing)
{
	struct revoked_keys k = { .bytes = calloc(REVOKED_MAX + 1, REVOKED_KEY_BYTES),
		                  .len = REVOKED_MAX + 1 };

	name("a");
	expect(1, "a");
	for (uint32_t n = 0; n <= REVOKED_MAX; n++) {
		const uint8_t big_endian[] = { (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n };

		memcpy(k.bytes + (size_t)n * REVOKED_KEY_BYTES, big_endian, sizeof(big_endian));
	}
	cr_expect_eq(revocations_put(&all, &parent, REVOKED_BY_FILE, &k), -E2BIG);
	expect(0, NULL);
	k.len--;
	cr_expect_eq(revocations_put(&all, &parent, REVOKED_BY_FILE, &k), 0);
	cr_expect_eq(revocations_put(&all, &parent, REVOKED_BY_STORE, &k), 0, "the same ones");
	k.len++;
	cr_expect_eq(revocations_put(&all, &parent, REVOKED_BY_STORE, &k), -E2BIG, "one more");
	revoked_keys_fini(&k);
}
