/* SPDX-License-Identifier: GPL-2.0-only */
#include "sys/conns.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

static struct conn_table *table;
static const struct conn_table *reader;
static int conns_fd = -1;
static int read_fd = -1;

static void setup(void)
{
	cr_assert_eq(conns_create(2, &conns_fd), 0);
	cr_assert_eq(conns_read_only(conns_fd, &read_fd), 0);
	cr_assert_eq(conns_map(conns_fd, 1, &table), 0);
	cr_assert_eq(conns_look(read_fd, 1, &reader), 0);
	conns_begin(table, 77);
}

TestSuite(conns, .init = setup);

static const uint8_t ip[16] = { [10] = 0xFF, [11] = 0xFF, 192, 0, 2, 1 };
static const uint8_t sha256[32] = { 1, 2, 3 };

static struct conn_facts facts(void)
{
	return (struct conn_facts){
		.since_ns = 5,
		.gen = 6,
		.port = 4711,
		.version = 0x0304,
		.is_verified = true,
		.ip = ip,
		.sha256 = sha256,
		.suite = SLICE("TLS_AES_128_GCM_SHA256"),
		.host = SLICE("api.example.com"),
		.serial = SLICE("0A0B"),
		.subject = SLICE("CN=alice"),
	};
}

static bool is_text(struct slice s, const char *want)
{
	return slice_eq(s, slice_of(want, strlen(want)));
}

Test(conns, a_row_is_read_as_it_was_written)
{
	const struct conn_facts f = facts();
	struct conn_row *r = conns_enter(table, 3, &f);
	struct conn_seen seen;

	conns_request(r);
	conns_in(r, 100);
	conns_out(r, 1000);
	conns_out(r, 1);
	conns_kernel(r);
	cr_assert_eq(conns_read(reader, 3, &seen), 1);
	cr_expect_eq(seen.row.since_ns, 5);
	cr_expect_eq(seen.row.gen, 6);
	cr_expect_eq(seen.row.port, 4711);
	cr_expect(slice_eq(conns_version(&seen.row), SLICE("TLSv1.3")));
	cr_expect_eq(seen.row.requests, 1);
	cr_expect_eq(seen.row.bytes_in, 100);
	cr_expect_eq(seen.row.bytes_out, 1001);
	cr_expect(seen.row.is_kernel && seen.row.has_cert && seen.row.is_verified);
	cr_expect_not(seen.row.is_resumed);
	cr_expect_arr_eq(seen.row.ip, ip, sizeof(ip));
	cr_expect_arr_eq(seen.row.sha256, sha256, sizeof(sha256));
	cr_expect(is_text(seen.suite, "TLS_AES_128_GCM_SHA256"));
	cr_expect(is_text(seen.host, "api.example.com"));
	cr_expect(is_text(seen.serial, "0A0B"));
	cr_expect(is_text(seen.subject, "CN=alice"));
	cr_expect_eq(conns_high(reader), 4);
	cr_expect_eq(conns_epoch(reader), 77);
}

Test(conns, what_is_written_before_there_is_a_row_is_nowhere)
{
	conns_request(NULL);
	conns_in(NULL, 1);
	conns_out(NULL, 1);
	conns_kernel(NULL);
	conns_leave(NULL);
	cr_expect_eq(conns_high(reader), 0);
}

Test(conns, a_free_row_holds_nothing_of_who_was_there)
{
	const struct conn_facts f = facts();
	struct conn_row *r = conns_enter(table, 0, &f);
	struct conn_seen seen;

	conns_request(r);
	conns_leave(r);
	cr_expect_eq(conns_read(reader, 0, &seen), 0);
	for (size_t i = offsetof(struct conn_row, requests); i < sizeof(*r); i++)
		cr_assert_eq(((const uint8_t *)&reader->rows[0])[i], 0, "byte %zu", i);
	(void)conns_enter(table, 0, &f);
	cr_assert_eq(conns_read(reader, 0, &seen), 1);
	cr_expect_eq(seen.row.requests, 0);
}

/* One step: what it does to row 0. */
static void enter(void)
{
	const struct conn_facts f = facts();

	(void)conns_enter(table, 0, &f);
}

static void request(void)
{
	conns_request(&table->rows[0]);
}

static void in(void)
{
	conns_in(&table->rows[0], 1);
}

static void out(void)
{
	conns_out(&table->rows[0], 1);
}

static void kernel(void)
{
	conns_kernel(&table->rows[0]);
}

static void leave(void)
{
	conns_leave(&table->rows[0]);
}

Test(conns, every_change_moves_the_mark)
{
	void (*const steps[])(void) = { enter, request, in, out, kernel, leave, enter };
	uint64_t mark = conns_mark(reader, 0);

	cr_expect_eq(mark, 0, "never used");
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		uint64_t next;

		steps[i]();
		next = conns_mark(reader, 0);
		cr_expect_neq(next, mark, "step %zu", i);
		mark = next;
	}
}

static char *repeat(char c, size_t n)
{
	char *s = malloc(n + 1);

	cr_assert_not_null(s);
	memset(s, c, n);
	s[n] = '\0';
	return s;
}

/* With the 22 bytes of the suite. */
static const struct {
	size_t host, serial, subject; /* bytes */
	size_t seen_host, seen_serial, seen_subject;
	const char *why;
} lengths[] = {
	{ 0, 0, 0, 0, 0, 0, "nothing" },
	{ 15, 40, 131, 15, 40, 131, "all of it fits, exactly" },
	{ 15, 40, 132, 15, 40, 131, "one byte too many" },
	{ 96, 40, 4096, 96, 40, 50, "the subject gets what is left" },
	{ 15, 45, 10, 15, 44, 10, "a serial number no CA may give" },
	{ 97, 0, 0, 96, 0, 0, "a long name" },
};

Test(conns, texts_that_are_too_long_are_visibly_cut)
{
	for (uint32_t i = 0; i < ARRAY_LEN(lengths); i++) {
		struct conn_facts f = facts();
		char *host = repeat('h', lengths[i].host);
		char *serial = repeat('7', lengths[i].serial);
		char *subject = repeat('s', lengths[i].subject);
		struct conn_seen seen;

		f.host = slice_of(host, lengths[i].host);
		f.serial = slice_of(serial, lengths[i].serial);
		f.subject = slice_of(subject, lengths[i].subject);
		(void)conns_enter(table, i, &f);
		cr_assert_eq(conns_read(reader, i, &seen), 1);
		cr_expect_eq(seen.host.len, lengths[i].seen_host, "%s", lengths[i].why);
		cr_expect_eq(seen.serial.len, lengths[i].seen_serial, "%s", lengths[i].why);
		cr_expect_eq(seen.subject.len, lengths[i].seen_subject, "%s", lengths[i].why);
		if (seen.subject.len < lengths[i].subject)
			cr_expect(slice_eq(slice_sub(seen.subject, seen.subject.len - 3, 3),
			                   SLICE("...")));
		else
			cr_expect_arr_eq(seen.subject.ptr, subject, seen.subject.len);
		free(host);
		free(serial);
		free(subject);
	}
}

Test(conns, a_reader_trusts_no_length_and_no_byte)
{
	const struct conn_facts f = facts();
	struct conn_row *r = conns_enter(table, 0, &f);
	struct conn_seen seen;

	r->text[0] = '\x1b';
	r->text[1] = '\0';
	r->text[2] = (char)0x9B;
	r->text[r->host_len] = '\n';
	cr_assert_eq(conns_read(reader, 0, &seen), 1);
	cr_expect(slice_eq(slice_sub(seen.host, 0, 4), SLICE("???.")));
	cr_expect_eq(seen.suite.ptr[0], '?');
	r->subject_len = UINT16_MAX;
	cr_assert_eq(conns_read(reader, 0, &seen), 1);
	cr_expect_eq(seen.host.len + seen.suite.len + seen.serial.len + seen.subject.len, 0);
	r->subject_len = CONN_TEXT_BYTES - r->host_len - r->suite_len - r->serial_len;
	cr_assert_eq(conns_read(reader, 0, &seen), 1);
	cr_expect_eq(seen.subject.len, r->subject_len);
	r->subject_len++;
	cr_assert_eq(conns_read(reader, 0, &seen), 1);
	cr_expect_eq(seen.subject.len, 0);
	table->high = UINT32_MAX;
	cr_expect_eq(conns_high(reader), CONNS_SLOTS_MAX);
}

Test(conns, a_row_whose_writer_stopped_amid_is_given_up)
{
	const struct conn_facts f = facts();
	struct conn_row *r = conns_enter(table, 0, &f);
	struct conn_seen seen;

	r->seq++;
	cr_expect_eq(conns_read(reader, 0, &seen), -EAGAIN);
	r->seq++;
	cr_expect_eq(conns_read(reader, 0, &seen), 1);
}

Test(conns, what_a_dead_worker_left_is_gone_and_its_memory_with_it)
{
	const struct conn_facts f = facts();
	struct conn_seen seen;
	struct stat before;
	struct stat after;

	for (uint32_t i = 0; i < 100; i++)
		(void)conns_enter(table, i, &f);
	cr_assert_eq(fstat(conns_fd, &before), 0);
	cr_expect_geq(before.st_blocks * 512, 100L * CONN_ROW_BYTES);
	cr_assert_eq(conns_drop(conns_fd, 1), 0);
	cr_assert_eq(fstat(conns_fd, &after), 0);
	cr_expect_eq(after.st_blocks, 0);
	cr_expect_eq(conns_epoch(reader), 0);
	cr_expect_eq(conns_high(reader), 0);
	cr_expect_eq(conns_read(reader, 5, &seen), 0, "the mapping is still good");
	conns_begin(table, 78);
	(void)conns_enter(table, 0, &f);
	cr_expect_eq(conns_read(reader, 0, &seen), 1);
}

Test(conns, each_worker_has_its_own)
{
	const struct conn_facts f = facts();
	const struct conn_table *other;

	cr_assert_eq(conns_look(read_fd, 0, &other), 0);
	(void)conns_enter(table, 0, &f);
	cr_expect_eq(conns_high(other), 0);
	cr_assert_eq(conns_drop(conns_fd, 0), 0);
	cr_expect_eq(conns_high(reader), 1);
	cr_expect_eq(conns_look(read_fd, 2, &other), -ERANGE);
}

Test(conns, who_may_read_may_not_write)
{
	struct conn_table *t;
	struct stat st;

	cr_expect_eq(conns_map(read_fd, 0, &t), -EACCES);
	cr_expect_lt(conns_drop(read_fd, 1), 0);
	cr_expect_lt(ftruncate(conns_fd, 0), 0, "nobody can cut it under a mapping");
	cr_assert_eq(fstat(read_fd, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0600, "nor open it again by its name in /proc");
}

/* --- torn reads: two rows that are all of one kind, written over each other ---------------- */

/* Interruptions, and reads beside another thread: at least so many, whole ones among them; a writer
 * that gets no CPU for long ends it, too. */
enum { INTERRUPTIONS = 2000, READS = 200000, WHOLE = 1000, READS_MAX = 200000000 };

static char texts[2][90];
static uint8_t digests[2][32];
static volatile sig_atomic_t written;
static bool is_over;

static void make_kinds(void)
{
	memset(texts[0], 'a', sizeof(texts[0]));
	memset(texts[1], 'b', sizeof(texts[1]));
	memset(digests[0], 'a', sizeof(digests[0]));
	memset(digests[1], 'b', sizeof(digests[1]));
}

/* The next tenant of row 0. */
static void write_row(unsigned int kind)
{
	struct conn_facts f = facts();

	f.host = slice_of(texts[kind], 90);
	f.subject = slice_of(texts[kind], 80);
	f.sha256 = digests[kind];
	conns_leave(&table->rows[0]);
	(void)conns_enter(table, 0, &f);
}

static bool is_whole(const struct conn_seen *s)
{
	uint8_t kind = s->row.sha256[0];

	for (size_t i = 0; i < sizeof(s->row.sha256); i++)
		if (s->row.sha256[i] != kind)
			return false;
	if (s->host.len != 90 || s->subject.len != 80)
		return false;
	for (size_t i = 0; i < s->host.len; i++)
		if (s->host.ptr[i] != kind)
			return false;
	return s->subject.ptr[0] == kind && s->subject.ptr[79] == kind;
}

static void interrupt(int number)
{
	(void)number;
	write_row((unsigned int)++written % 2);
}

/* Nothing comes between these writes and the reads but the reader itself, wherever it stands. */
Test(conns, a_row_that_changes_under_the_copy_is_copied_again)
{
	const struct itimerval every = { .it_interval.tv_usec = 20, .it_value.tv_usec = 20 };
	const struct sigaction act = { .sa_handler = interrupt };
	uint32_t torn = 0;

	make_kinds();
	write_row(0);
	cr_assert_eq(sigaction(SIGALRM, &act, NULL), 0);
	cr_assert_eq(setitimer(ITIMER_REAL, &every, NULL), 0);
	while (written < INTERRUPTIONS) {
		struct conn_seen seen;

		cr_assert_eq(conns_read(reader, 0, &seen), 1);
		torn += !is_whole(&seen);
	}
	cr_assert_eq(setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL), 0);
	cr_expect_eq(torn, 0);
}

static void *write_rows(void *arg)
{
	(void)arg;
	for (unsigned int i = 0; !__atomic_load_n(&is_over, __ATOMIC_RELAXED); i++)
		write_row(i % 2);
	return NULL;
}

Test(conns, a_reader_beside_a_writer_never_sees_half_a_row)
{
	uint32_t whole = 0;
	uint32_t torn = 0;
	pthread_t writer;

	make_kinds();
	write_row(0);
	cr_assert_eq(pthread_create(&writer, NULL, write_rows, NULL), 0);
	for (int i = 0; (i < READS || whole < WHOLE) && i < READS_MAX; i++) {
		struct conn_seen seen;

		if (conns_read(reader, 0, &seen) != 1)
			continue;
		whole += is_whole(&seen);
		torn += !is_whole(&seen);
	}
	__atomic_store_n(&is_over, true, __ATOMIC_RELAXED);
	cr_assert_eq(pthread_join(writer, NULL), 0);
	cr_expect_eq(torn, 0);
	cr_expect_geq(whole, WHOLE);
}
