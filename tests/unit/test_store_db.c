/* SPDX-License-Identifier: GPL-2.0-only */
#include "store/db.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/audit_db.h"
#include "store/revocations_db.h"

enum { NOBODY = 65534, KILLS = 12 };

static char directory[] = "/tmp/sluice-XXXXXX";
static char path[64], wal[72];
static char err[DB_ERROR_MAX];
static struct db *db;

static void start(void)
{
	cr_assert_not_null(mkdtemp(directory));
	(void)snprintf(path, sizeof(path), "%s/a?%%b.db", directory);
	(void)snprintf(wal, sizeof(wal), "%s-wal", path);
	cr_assert_eq(db_open(path, &db, err), 0, "%s", err);
}

static void stop(void)
{
	db_close(db);
	(void)unlink(path);
	(void)unlink(wal);
	(void)rmdir(directory);
}

TestSuite(db, .init = start, .fini = stop);

static void reopen(void)
{
	db_close(db);
	db = NULL;
	cr_assert_eq(db_open(path, &db, err), 0, "%s", err);
}

static int add(int number)
{
	char value[16];
	const struct revocation_row row = {
		.kind = "sha256", .value = value, .reason = "lost", .added_by = "me", .added_at = 7
	};

	(void)snprintf(value, sizeof(value), "%08d", number);
	return revocations_db_add(db, &row);
}

Test(db, a_new_one_is_private_and_keeps_what_it_was_told)
{
	struct stat st;

	cr_assert_eq(add(1), 0);
	cr_expect(db_is_writable(db));
	cr_assert_eq(stat(path, &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0600);
	cr_assert_eq(stat(wal, &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0600);
	reopen();
	cr_expect_eq(revocations_db_count(db), 1);
	cr_expect_eq(add(1), -EEXIST);
}

Test(db, all_or_nothing)
{
	cr_assert_eq(db_begin(db), 0);
	cr_assert_eq(add(1), 0);
	db_rollback(db);
	cr_expect_eq(revocations_db_count(db), 0);
	cr_assert_eq(db_begin(db), 0);
	cr_assert_eq(add(1), 0);
	cr_assert_eq(add(2), 0);
	cr_assert_eq(db_commit(db), 0);
	cr_assert_eq(db_begin(db), 0);
	cr_assert_eq(add(3), 0);
	reopen();
	cr_expect_eq(revocations_db_count(db), 2, "what was not committed did not happen");
}

Test(db, one_process_has_it_at_a_time)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0) {
		struct db *second = NULL;

		_exit(db_open(path, &second, err) == -EBUSY && strstr(err, path) ? 0 : 1);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_expect_eq(status, 0);
	cr_expect_eq(add(1), 0);
}

static void other_hands(const char *sql)
{
	sqlite3 *raw = NULL;

	db_close(db);
	db = NULL;
	cr_assert_eq(sqlite3_open(path, &raw), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(raw, sql, NULL, NULL, NULL), SQLITE_OK, "%s",
	             sqlite3_errmsg(raw));
	(void)sqlite3_close(raw);
}

Test(db, one_of_a_newer_schema_is_refused_and_left_as_it_is)
{
	other_hands("PRAGMA user_version = 1000");
	cr_expect_eq(db_open(path, &db, err), -EPROTO);
	cr_expect_not_null(strstr(err, "newer"));
	other_hands("PRAGMA user_version = 3");
	cr_expect_eq(db_open(path, &db, err), 0, "%s", err);
}

Test(db, one_of_the_first_schema_is_brought_forward_with_what_is_in_it)
{
	other_hands(
		"DROP TABLE tokens; DROP TABLE audit; DROP TABLE zones; DROP TABLE certificates;"
		"DROP TABLE certificate_hostnames; DROP TABLE hostname_settings;"
		"DROP TABLE managed_headers; PRAGMA user_version = 1;"
		"INSERT INTO revocations VALUES ('k', 'v', '', '', 1)");
	cr_assert_eq(db_open(path, &db, err), 0, "%s", err);
	cr_expect_eq(revocations_db_count(db), 1);
	cr_expect_eq(audit_db_count(db), 0);
}

Test(db, somebody_else_s_is_refused)
{
	other_hands("PRAGMA application_id = 1");
	cr_expect_eq(db_open(path, &db, err), -EBADMSG);
}

static void write_over(off_t at, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	cr_assert_geq(fd, 0);
	cr_assert_eq(pwrite(fd, text, strlen(text), at), (ssize_t)strlen(text));
	(void)close(fd);
}

Test(db, what_is_no_database_or_damaged_is_refused)
{
	for (int i = 0; i < 2000; i++)
		cr_assert_eq(add(i), 0);
	db_close(db);
	db = NULL;
	write_over(4096, "this is where a page began, before somebody wrote over it");
	cr_expect_eq(db_open(path, &db, err), -EBADMSG, "%s", err);
	write_over(0, "this is no database");
	cr_expect_eq(db_open(path, &db, err), -EBADMSG, "%s", err);
	cr_expect_not_null(strstr(err, path));
}

Test(db, no_directory_is_said)
{
	struct db *none = NULL;

	cr_expect_eq(db_open("/nonexistent/x.db", &none, err), -ENOENT);
	cr_expect_str_eq(err, "/nonexistent/x.db: No such file or directory");
	cr_expect_null(none);
}

/* One row, by a process that does not come to its end. */
static void leave_behind(bool is_settled)
{
	int status = 0;
	pid_t child;

	db_close(db);
	db = NULL;
	child = fork();
	if (child == 0) {
		if (db_open(path, &db, err) < 0 || !db_is_settled(db) || add(1) < 0 ||
		    db_is_settled(db))
			_exit(1);
		if (is_settled)
			db_settle(db);
		_exit(db_is_settled(db) == is_settled ? 0 : 2);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0);
	cr_assert_eq(chmod(path, 0444), 0);
	cr_assert_eq(chmod(wal, 0444), 0);
	cr_assert_eq(chmod(directory, 0555), 0);
}

/* As somebody who may read and not write: who. Return: 0 all as it should be; the step that was not. */
static int look_as_nobody(int want)
{
	struct db *mine = NULL;
	const struct revocation_row row = {
		.kind = "a", .value = "b", .reason = "", .added_by = "", .added_at = 0
	};

	if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
	                       setresuid(NOBODY, NOBODY, NOBODY) < 0))
		return 10;
	if (db_open(path, &mine, err) != want || err[0] == '\0')
		return 11;
	if (want != 0)
		return 0;
	if (db_is_writable(mine))
		return 12;
	if (revocations_db_count(mine) != 1)
		return 13;
	if (revocations_db_add(mine, &row) != -EROFS || db_begin(mine) != -EROFS ||
	    revocations_db_remove(mine, "a", "b") != -EROFS)
		return 14;
	db_close(mine);
	return 0;
}

static void look(int want)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0)
		_exit(look_as_nobody(want));
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_expect_eq(WEXITSTATUS(status), 0, "step %d", WEXITSTATUS(status));
	cr_assert_eq(chmod(directory, 0755), 0);
}

Test(db, who_may_not_write_may_read)
{
	leave_behind(true);
	look(0);
}

Test(db, who_may_not_write_is_not_told_an_old_story)
{
	leave_behind(false);
	look(-EUCLEAN);
}

Test(db, a_disk_that_takes_no_more_loses_only_what_was_not_promised)
{
	const struct rlimit small = { .rlim_cur = 100000, .rlim_max = RLIM_INFINITY };
	const struct rlimit large = { .rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY };
	int n = 0;

	(void)signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	while (add(n) == 0)
		n++;
	cr_expect_gt(n, 0);
	cr_expect_lt(add(n), 0);
	cr_expect_eq(revocations_db_count(db), n, "it still reads");
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &large), 0);
	cr_expect_eq(add(n), 0);
	reopen();
	cr_expect_eq(revocations_db_count(db), n + 1);
}

/* Adds one row after the other, and says each that it was promised. Until it is killed. */
static void add_for_ever(int tell, int from)
{
	if (db_open(path, &db, err) < 0)
		_exit(1);
	for (int i = from;; i++)
		if (add(i) != 0 || write(tell, &i, sizeof(i)) != sizeof(i))
			_exit(2);
}

Test(db, what_was_promised_survives_a_kill)
{
	int next = 0;

	db_close(db);
	db = NULL;
	for (int round = 0; round < KILLS; round++) {
		int last = next - 1;
		int ends[2];
		int enough = 1 + round * 7;
		int got = 0;
		pid_t child;

		cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
		child = fork();
		if (child == 0)
			add_for_ever(ends[1], next);
		(void)close(ends[1]);
		for (int n = 0; n < enough; n++)
			cr_assert_eq(read(ends[0], &last, sizeof(last)), sizeof(last));
		cr_assert_eq(kill(child, SIGKILL), 0);
		cr_assert_eq(waitpid(child, NULL, 0), child);
		while (read(ends[0], &got, sizeof(got)) == sizeof(got))
			last = got;
		(void)close(ends[0]);
		cr_assert_eq(db_open(path, &db, err), 0, "%s", err);
		next = (int)revocations_db_count(db);
		cr_expect_geq(next, last + 1, "round %d: %d rows, %d promised", round, next,
		              last + 1);
		cr_expect_leq(next, last + 2, "one at most was under way");
		db_close(db);
		db = NULL;
	}
}
