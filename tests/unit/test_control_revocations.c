/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/revocations.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "sys/memfd.h"

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
	struct revoked_keys k = { .bytes = calloc(strlen(first) + 1, REVOKED_KEY_BYTES),
		                  .len = strlen(first) };

	for (size_t n = 0; n < k.len; n++)
		k.bytes[n * REVOKED_KEY_BYTES] = (uint8_t)first[n];
	return k;
}

static void name(const char *first)
{
	struct revoked_keys k = keys_of(first);

	cr_assert_eq(revocations_name(&all, REVOKED_BY_FILE, &k), 0);
	revoked_keys_fini(&k);
	cr_assert_eq(revocations_send(&all, &parent), 0);
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

Test(revocations, what_is_sent_is_sorted_and_each_once)
{
	name("cabac");
	expect(1, "abc");
	name("abc");
	expect(0, NULL);
}

Test(revocations, every_worker_must_have_it)
{
	name("a");
	done(0, 1);
	done(0, 1);
	cr_expect_eq(all.in_force, 0, "one of two, twice");
	done(7, 1);
	cr_expect_eq(all.in_force, 0, "nobody");
	name("b");
	done(1, 1);
	cr_expect_eq(all.in_force, 0, "an older list");
	done(1, 2);
	done(0, 2);
	cr_expect_eq(all.in_force, 2);
}

Test(revocations, a_restarted_control_goes_on_where_the_other_was)
{
	struct revoked_keys k = keys_of("ab");
	int fd = -1;

	cr_assert_eq(memfd_seal("x", slice_of(k.bytes, k.len * REVOKED_KEY_BYTES), &fd), 0);
	cr_assert_eq(revocations_adopt(&all, 7, fd), 0);
	cr_assert_eq(revocations_send(&all, &parent), 0);
	expect(0, NULL);
	name("a");
	expect(8, "a");
	(void)close(fd);
	revoked_keys_fini(&k);
}

Test(revocations, more_than_there_may_be_change_nothing)
{
	struct revoked_keys k = { .bytes = calloc(REVOKED_MAX + 1, REVOKED_KEY_BYTES),
		                  .len = REVOKED_MAX + 1 };

	name("a");
	expect(1, "a");
	for (uint32_t n = 0; n <= REVOKED_MAX; n++)
		memcpy(k.bytes + (size_t)n * REVOKED_KEY_BYTES, &n, sizeof(n));
	cr_expect_eq(revocations_name(&all, REVOKED_BY_FILE, &k), -E2BIG);
	cr_assert_eq(revocations_send(&all, &parent), 0);
	expect(0, NULL);
	k.len--;
	cr_expect_eq(revocations_name(&all, REVOKED_BY_FILE, &k), 0);
	revoked_keys_fini(&k);
}
