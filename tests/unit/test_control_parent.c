/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/parent.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "control/publish.h"
#include "sys/memfd.h"

static int master = -1;
static struct parent parent;
static uint64_t applied;

static void on_applied(void *arg, const struct msg_result *result)
{
	(void)arg;
	applied = result->version;
}

static void start(void)
{
	int ends[2];

	cr_assert_eq(channel_pair(ends), 0);
	master = ends[0];
	parent = (struct parent){
		.fd = ends[1], .snapshot_fd = -1, .revoked_fd = -1, .applied = on_applied
	};
}

static void stop(void)
{
	(void)close(master);
	(void)close(parent.fd);
}

TestSuite(parent, .init = start, .fini = stop);

static void tell(enum msg_type type, const struct msg_result *result, int fd)
{
	cr_assert_eq(channel_send(master, type, result, result ? sizeof(*result) : 0, fd), 0);
}

Test(parent, what_comes_before_an_answer_is_not_lost)
{
	const struct msg_result result = { .version = 5 };
	const struct msg_result answer = { .worker = 2, .error = -EBUSY, .text = "no" };
	const struct msg_start want = { .workers = 1 };
	struct msg_result got;

	tell(MSG_RELOAD, NULL, -1);
	tell(MSG_APPLIED, &result, -1);
	tell(MSG_STARTED, &answer, -1);
	cr_assert_eq(parent_ask(&parent, MSG_START, &want, sizeof(want), &got, NULL), 0);
	cr_expect_eq(got.error, -EBUSY);
	cr_expect_str_eq(got.text, "no");
	cr_expect(parent.is_reload_wanted);
	cr_expect_eq(applied, 5);
}

Test(parent, a_file_comes_through_the_master_s_hands)
{
	const struct msg_result good = { 0 };
	const struct msg_result bad = { .error = -EACCES };
	struct source s = parent_source(&parent);
	struct source_file f = { 0 };
	struct source_stamp again;
	struct msg m;
	int fd = -1;
	int sealed = -1;

	cr_assert_eq(memfd_seal("t", SLICE("content"), &sealed), 0);
	tell(MSG_OPENED, &good, sealed);
	cr_assert_eq(source_read(&s, "/etc/ssl/a.pem", 100, &f), 0);
	cr_expect_str_eq(f.text, "content");
	cr_expect_eq(f.len, 7);
	tell(MSG_OPENED, &good, sealed);
	cr_assert_eq(source_stat(&s, "/etc/ssl/a.pem", &again), 0);
	cr_expect(source_stamp_eq(&f.stamp, &again));
	source_file_fini(&f);
	cr_assert_eq(channel_recv(master, &m, &fd), 1);
	cr_expect_eq(m.type, MSG_OPEN);
	cr_expect_str_eq((const char *)m.payload, "/etc/ssl/a.pem");
	(void)close(sealed);
	cr_assert_eq(memfd_seal("t", SLICE("con\0tent"), &sealed), 0);
	tell(MSG_OPENED, &good, sealed);
	cr_expect_eq(source_read_text(&s, "/x", 100, &f), -EILSEQ, "no text");
	tell(MSG_OPENED, &good, sealed);
	cr_assert_eq(source_read(&s, "/x", 100, &f), 0);
	cr_expect_eq(f.len, 8);
	cr_expect_not(source_stamp_eq(&f.stamp, &again), "another file");
	source_file_fini(&f);
	tell(MSG_OPENED, &bad, -1);
	cr_expect_eq(source_read(&s, "/x", 100, &f), -EACCES);
	tell(MSG_OPENED, &good, -1);
	cr_expect_eq(source_read(&s, "/x", 100, &f), -EBADMSG, "good, but no file");
	tell(MSG_OPENED, &good, sealed);
	cr_expect_eq(source_read(&s, "/x", 6, &f), -EFBIG);
	(void)close(sealed);
}

Test(parent, a_drain_is_remembered_and_the_api_s_listener_comes_with_an_answer)
{
	const struct msg_result answer = { .worker = 2 };
	struct msg_result got;
	int fd = -1;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	cr_assert_geq(null, 0);
	tell(MSG_DRAIN, NULL, -1);
	tell(MSG_STARTED, &answer, null);
	cr_assert_eq(parent_ask(&parent, MSG_RUNNING, NULL, 0, &got, &fd), 0);
	cr_expect_eq(got.worker, 2);
	cr_expect_geq(fd, 0);
	cr_expect(parent.is_draining);
	(void)close(fd);
	(void)close(null);
}

Test(parent, the_master_s_end_and_nonsense_are_noticed)
{
	cr_assert_eq(channel_send(master, MSG_LISTENER, NULL, 0, -1), 0);
	cr_expect_eq(parent_hear(&parent), -EBADMSG);
	cr_expect_eq(parent_hear(&parent), 0);
	(void)close(master);
	master = -1;
	cr_expect_eq(parent_hear(&parent), -EPIPE);
	cr_expect_eq(parent_wait_snapshot(&parent), -EPIPE);
}

Test(publish, it_is_in_force_when_every_worker_said_so)
{
	struct publish p = { .workers = 2, .version = 4, .why = PUBLISH_RELOAD };
	const struct msg_result rows[] = {
		{ .version = 3, .worker = 0 }, /* of an earlier one */
		{ .version = 4, .worker = 0 },
		{ .version = 4, .worker = 0 },                   /* restarted */
		{ .version = 4, .worker = 7 },                   /* there is no such worker */
		{ .version = 3, .worker = 1, .error = -EINVAL }, /* of an earlier one */
	};
	const struct msg_result last = { .version = 4, .worker = 1 };
	const struct msg_result unreadable = { .version = 0, .worker = 1, .error = -EPERM };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		publish_answer(&p, &rows[i]);
	cr_expect_eq(p.answers, 1);
	cr_expect_not(p.is_refused);
	publish_answer(&p, &last);
	cr_expect_eq(p.answers, 2);
	publish_answer(&p, &unreadable);
	cr_expect(p.is_refused);
}
