/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/revoking.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char directory[] = "/tmp/sluice-XXXXXX";
static char path[64], wal[72];
static int master = -1;
static struct parent parent;
static struct revocations list;
static struct revoking g;

static void open_store(void)
{
	char err[DB_ERROR_MAX];

	cr_assert_eq(db_open(path, &g.store, err), 0, "%s", err);
}

static void start(void)
{
	int ends[2];

	cr_assert_not_null(mkdtemp(directory));
	(void)snprintf(path, sizeof(path), "%s/s.db", directory);
	(void)snprintf(wal, sizeof(wal), "%s-wal", path);
	cr_assert_eq(channel_pair(ends), 0);
	master = ends[0];
	parent = (struct parent){ .fd = ends[1] };
	list = (struct revocations){ .workers = 1 };
	g = (struct revoking){ .list = &list };
	open_store();
}

static void stop(void)
{
	revoking_fini(&g);
	revocations_fini(&list);
	db_close(g.store);
	(void)close(master);
	(void)close(parent.fd);
	(void)unlink(path);
	(void)unlink(wal);
	(void)rmdir(directory);
}

TestSuite(revoking, .init = start, .fini = stop);

/* An entry of either kind, by a number. */
static const struct revoked_entry *entry_of(int number, enum revoked_kind kind)
{
	static struct revoked_entry entry;
	char text[80];
	int n = snprintf(text, sizeof(text), kind == REVOKED_SHA256 ? "%064x" : "%x",
	                 (unsigned int)number);

	if (kind == REVOKED_SHA256)
		cr_assert_eq(revoked_entry_sha256(slice_of(text, (size_t)n), &entry), 0);
	else
		cr_assert_eq(
			revoked_entry_serial(slice_of(text, (size_t)n), SLICE("CN=CA"), &entry), 0);
	return &entry;
}

static int add(int number, enum revoked_kind kind)
{
	const struct revocation_row row = { .reason = "lost", .added_by = "me", .added_at = 7 };

	return revoking_add(&g, entry_of(number, kind), &row);
}

static int revoke_one(int number, enum revoked_kind kind, bool is_durable)
{
	uint64_t version;
	int r = revoking_begin(&g, is_durable);
	int fresh = 0;

	if (r == 0)
		fresh = r = add(number, kind);
	if (r >= 0)
		r = revoking_commit(&g, &version);
	if (r < 0)
		revoking_undo(&g);
	return r < 0 ? r : fresh;
}

static int noted; /* how often, and what that says */
static int note_says;

static int note(void *arg)
{
	cr_expect_eq(arg, &noted);
	noted++;
	return note_says;
}

static int take_back(int number, enum revoked_kind kind)
{
	uint64_t version;

	return revoking_remove(&g, entry_of(number, kind)->key, note, &noted, &version);
}

static bool is_revoked(int number, enum revoked_kind kind)
{
	return revoked_keys_have(&list.all, entry_of(number, kind)->key);
}

/* As after kill -9 of everything. */
static void begin_anew(void)
{
	revoking_fini(&g);
	revocations_fini(&list);
	db_close(g.store);
	list = (struct revocations){ .workers = 1 };
	g = (struct revoking){ .list = &list };
	open_store();
	cr_assert_eq(revoking_load(&g, &parent), 0);
}

Test(revoking, what_is_durable_is_there_again_and_the_rest_is_not)
{
	cr_expect_eq(revoke_one(1, REVOKED_SHA256, true), 0);
	cr_expect_eq(revoke_one(1, REVOKED_SHA256, true), 1, "again");
	cr_expect_eq(revoke_one(2, REVOKED_SERIAL, true), 0);
	cr_expect_eq(revoke_one(3, REVOKED_SERIAL, false), 0);
	cr_expect_eq(revoke_one(1, REVOKED_SHA256, false), 1, "it is so for good");
	cr_expect_eq(list.all.len, 3);
	begin_anew();
	cr_expect_eq(list.all.len, 2);
	cr_expect(is_revoked(1, REVOKED_SHA256) && is_revoked(2, REVOKED_SERIAL));
	cr_expect_eq(revoke_one(3, REVOKED_SERIAL, false), 0);
	cr_expect_eq(revoke_one(3, REVOKED_SERIAL, true), 0, "for good now");
	begin_anew();
	cr_expect(is_revoked(3, REVOKED_SERIAL));
}

Test(revoking, what_is_taken_back_is_gone_wherever_it_was)
{
	cr_expect_eq(take_back(1, REVOKED_SHA256), -ENOENT);
	cr_expect_eq(revoke_one(1, REVOKED_SHA256, false), 0);
	cr_expect_eq(revoke_one(1, REVOKED_SHA256, true), 0);
	cr_expect_eq(revoke_one(2, REVOKED_SERIAL, true), 0);
	cr_expect_eq(revoke_one(3, REVOKED_SERIAL, true), 0);
	note_says = -ENOSPC;
	cr_expect_eq(take_back(1, REVOKED_SHA256), -ENOSPC);
	cr_expect(is_revoked(1, REVOKED_SHA256));
	note_says = 0;
	cr_expect_eq(take_back(1, REVOKED_SHA256), 0);
	cr_expect_eq(noted, 2);
	cr_expect_not(is_revoked(1, REVOKED_SHA256));
	cr_expect_eq(take_back(2, REVOKED_SERIAL), 0);
	cr_expect_eq(take_back(2, REVOKED_SERIAL), -ENOENT);
	cr_expect_eq(list.all.len, 1);
	begin_anew();
	cr_expect_eq(list.all.len, 1);
	cr_expect(is_revoked(3, REVOKED_SERIAL));
}

Test(revoking, what_only_a_former_control_knew_can_be_taken_back)
{
	struct revoked_keys k = { 0 };
	uint8_t key[REVOKED_KEY_BYTES];

	memcpy(key, entry_of(5, REVOKED_SHA256)->key, sizeof(key));
	k = (struct revoked_keys){ .bytes = key, .len = 1 };
	cr_assert_eq(revocations_put(&list, &parent, REVOKED_BY_FORMER, &k), 0);
	cr_expect(is_revoked(5, REVOKED_SHA256));
	cr_expect_eq(take_back(5, REVOKED_SHA256), 0);
	cr_expect_eq(list.all.len, 0);
}

static int copy_reason(void *arg, const struct revocation_row *row)
{
	(void)snprintf(arg, 64, "%s %s", row->kind, row->reason);
	return 0;
}

Test(revoking, a_row_is_found_by_what_it_comes_to)
{
	char text[64] = "";

	for (int i = 1; i <= 3; i++) {
		cr_assert_eq(revoke_one(i, REVOKED_SERIAL, true), 0);
		cr_assert_eq(revoke_one(i, REVOKED_SHA256, true), 0);
	}
	cr_expect_eq(revoking_find(&g, REVOKED_BY_STORE, entry_of(2, REVOKED_SERIAL)->key,
	                           copy_reason, text),
	             0);
	cr_expect_str_eq(text, "serial lost");
	cr_expect_eq(revoking_find(&g, REVOKED_BY_STORE, entry_of(3, REVOKED_SHA256)->key,
	                           copy_reason, text),
	             0);
	cr_expect_str_eq(text, "sha256 lost");
	cr_expect_eq(revoking_find(&g, REVOKED_BY_STORE, entry_of(4, REVOKED_SERIAL)->key,
	                           copy_reason, text),
	             -ENOENT);
	cr_expect_eq(revoking_find(&g, REVOKED_BY_MEMORY, entry_of(2, REVOKED_SERIAL)->key,
	                           copy_reason, text),
	             -ENOENT);
	cr_expect_eq(revoking_row(&g, REVOKED_BY_STORE, entry_of(1, REVOKED_SERIAL), copy_reason,
	                          text),
	             0);
}

Test(revoking, several_are_revoked_together_or_not_at_all)
{
	static char long_reason[REVOCATION_REASON_MAX + 2];
	struct revocation_row row = { .reason = long_reason, .added_by = "me" };

	memset(long_reason, 'x', sizeof(long_reason) - 1);
	cr_assert_eq(revoking_begin(&g, true), 0);
	cr_assert_eq(add(1, REVOKED_SHA256), 0);
	cr_assert_eq(revoking_add(&g, entry_of(2, REVOKED_SHA256), &row), -E2BIG);
	revoking_undo(&g);
	cr_expect_eq(list.all.len, 0);
	cr_expect_eq(revoke_one(1, REVOKED_SHA256, true), 0, "it is not there");
}

Test(revoking, without_a_store_it_can_be_for_now_alone)
{
	struct db *store = g.store;

	g.store = NULL;
	cr_expect_eq(revoke_one(1, REVOKED_SHA256, true), -ENOENT);
	cr_expect_eq(list.all.len, 0);
	cr_expect_eq(revoke_one(1, REVOKED_SHA256, false), 0);
	cr_expect_eq(list.all.len, 1);
	cr_expect_eq(take_back(1, REVOKED_SHA256), 0);
	g.store = store;
}

Test(revoking, a_row_that_is_not_understood_stops_a_start)
{
	const struct revocation_row row = {
		.kind = "spki", .value = "00", .reason = "", .added_by = ""
	};

	cr_assert_eq(revocations_db_add(g.store, &row), 0);
	cr_expect_eq(revoking_load(&g, &parent), -EINVAL);
}

Test(revoking, too_many_change_nothing)
{
	struct revoked_keys k = { .bytes = calloc(REVOKED_MAX, REVOKED_KEY_BYTES),
		                  .len = REVOKED_MAX };

	for (uint32_t n = 0; n < REVOKED_MAX; n++) {
		const uint8_t big_endian[] = { 1, (uint8_t)(n >> 16), (uint8_t)(n >> 8),
			                       (uint8_t)n };

		memcpy(k.bytes + (size_t)n * REVOKED_KEY_BYTES, big_endian, sizeof(big_endian));
	}
	cr_assert_eq(revocations_put(&list, &parent, REVOKED_BY_FILE, &k), 0);
	cr_expect_eq(revoke_one(1, REVOKED_SHA256, true), -E2BIG);
	begin_anew();
	cr_expect_eq(list.all.len, 0, "the store has not kept it either");
	revoked_keys_fini(&k);
}
