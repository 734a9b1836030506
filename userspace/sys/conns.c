/* SPDX-License-Identifier: GPL-2.0-only */
#include "sys/conns.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/sink.h"
#include "sys/memfd.h"

/* --- the memory -------------------------------------------------------------------------- */

/* Bytes from one worker's table to the next: whole pages, so that each can be mapped alone. */
static size_t stride(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (sizeof(struct conn_table) + page - 1) / page * page;
}

int conns_create(unsigned int workers, int *out_fd)
{
	CLEAN_FD int fd = -1;
	int r;

	must(workers >= 1);
	r = memfd_new("sluice-conns", &fd);
	if (r < 0)
		return r;
	/* Else who may read it could open it for writing by its name in /proc. */
	if (fchmod(fd, S_IRUSR | S_IWUSR) < 0)
		return -errno;
	if (ftruncate(fd, (off_t)(stride() * workers)) < 0)
		return -errno;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return -errno;
	*out_fd = fd_take(&fd);
	return 0;
}

int conns_read_only(int fd, int *out_fd)
{
	char path[40];
	int again;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY | O_CLOEXEC);
	if (again < 0)
		return -errno;
	*out_fd = again;
	return 0;
}

static int map(int fd, unsigned int worker, int protection, void **out)
{
	size_t at = stride() * worker;
	struct stat st;
	void *p;

	if (fstat(fd, &st) < 0)
		return -errno;
	if ((uint64_t)st.st_size < at + stride())
		return -ERANGE;
	p = mmap(NULL, stride(), protection, MAP_SHARED, fd, (off_t)at);
	if (p == MAP_FAILED)
		return -errno;
	*out = p;
	return 0;
}

int conns_map(int fd, unsigned int worker, struct conn_table **out)
{
	void *p = NULL;
	int r = map(fd, worker, PROT_READ | PROT_WRITE, &p);

	if (r == 0)
		*out = p;
	return r;
}

int conns_look(int fd, unsigned int worker, const struct conn_table **out)
{
	void *p = NULL;
	int r = map(fd, worker, PROT_READ, &p);

	if (r == 0)
		*out = p;
	return r;
}

int conns_drop(int fd, unsigned int worker)
{
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)(stride() * worker),
	              (off_t)stride()) < 0)
		return -errno;
	return 0;
}

/* --- the worker -------------------------------------------------------------------------- */

/* From here to open_row() a reader that looks sees an odd seq, or after its copy another one. */
static void shut_row(struct conn_row *r)
{
	must((r->seq & 1) == 0);
	__atomic_store_n(&r->seq, r->seq + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static void open_row(struct conn_row *r)
{
	must((r->seq & 1) == 1);
	__atomic_store_n(&r->seq, r->seq + 1, __ATOMIC_RELEASE);
}

void conns_begin(struct conn_table *t, uint64_t now_ns)
{
	must(now_ns > 0);
	__atomic_store_n(&t->high, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&t->epoch, now_ns, __ATOMIC_RELEASE);
}

/* As much of @text as @room takes; what is cut ends in "...". Return: bytes. */
static size_t put_text(char *to, size_t room, struct slice text)
{
	struct sink out = sink_of(to, room);

	if (text.len <= room) {
		sink_put(&out, text);
		return out.len;
	}
	must(room > 3);
	sink_put(&out, slice_sub(text, 0, room - 3));
	sink_put(&out, SLICE("..."));
	return out.len;
}

static_assert(CONN_HOST_MAX + CONN_SUITE_MAX + CONN_SERIAL_MAX + 16 <= CONN_TEXT_BYTES,
              "something of the subject fits");

static void put_texts(struct conn_row *r, const struct conn_facts *f)
{
	size_t at = put_text(r->text, CONN_HOST_MAX, f->host);

	r->host_len = (uint8_t)at;
	r->suite_len = (uint8_t)put_text(r->text + at, CONN_SUITE_MAX, f->suite);
	at += r->suite_len;
	r->serial_len = (uint8_t)put_text(r->text + at, CONN_SERIAL_MAX, f->serial);
	at += r->serial_len;
	r->subject_len = (uint16_t)put_text(r->text + at, CONN_TEXT_BYTES - at, f->subject);
}

struct conn_row *conns_enter(struct conn_table *t, uint32_t slot, const struct conn_facts *f)
{
	struct conn_row *r;

	must(slot < CONNS_SLOTS_MAX);
	must(f->since_ns > 0);
	r = &t->rows[slot];
	must(r->since_ns == 0);
	shut_row(r);
	r->since_ns = f->since_ns;
	r->gen = f->gen;
	r->port = f->port;
	r->version = f->version;
	r->is_resumed = f->is_resumed;
	r->is_verified = f->is_verified;
	r->has_cert = f->sha256 != NULL;
	memcpy(r->ip, f->ip, sizeof(r->ip));
	if (f->sha256 != NULL)
		memcpy(r->sha256, f->sha256, sizeof(r->sha256));
	put_texts(r, f);
	open_row(r);
	if (slot >= t->high)
		__atomic_store_n(&t->high, slot + 1, __ATOMIC_RELEASE);
	return r;
}

void conns_kernel(struct conn_row *r)
{
	if (r == NULL)
		return;
	shut_row(r);
	r->is_kernel = 1;
	open_row(r);
}

void conns_leave(struct conn_row *r)
{
	const size_t kept = offsetof(struct conn_row, requests);

	if (r == NULL)
		return;
	shut_row(r);
	/* The next tenant finds zeroes; and who is gone is not to be found here. */
	memset((uint8_t *)r + kept, 0, sizeof(*r) - kept);
	open_row(r);
}

/* --- readers ----------------------------------------------------------------------------- */

uint32_t conns_high(const struct conn_table *t)
{
	uint32_t high = __atomic_load_n(&t->high, __ATOMIC_ACQUIRE);

	return high < CONNS_SLOTS_MAX ? high : CONNS_SLOTS_MAX;
}

uint64_t conns_epoch(const struct conn_table *t)
{
	return __atomic_load_n(&t->epoch, __ATOMIC_ACQUIRE);
}

uint64_t conns_mark(const struct conn_table *t, uint32_t slot)
{
	const struct conn_row *r = &t->rows[slot];

	must(slot < CONNS_SLOTS_MAX);
	return (uint64_t)__atomic_load_n(&r->seq, __ATOMIC_ACQUIRE) << 32 |
	       __atomic_load_n(&r->ticks, __ATOMIC_ACQUIRE);
}

/* Word by word, for somebody may be writing: each word is whole, whatever the row is. */
static void copy_row(const struct conn_row *from, struct conn_row *to)
{
	enum { WORDS = sizeof(*from) / sizeof(uint64_t) };
	const uint64_t *words = (const void *)from;
	uint64_t copy[WORDS] = { 0 };

	for (size_t i = 0; i < WORDS; i++)
		copy[i] = __atomic_load_n(&words[i], __ATOMIC_RELAXED);
	memcpy(to, copy, sizeof(*to));
}

/* The next @len bytes of the texts, without what a terminal would obey: the worker that wrote
 * them may have been taken over by a client. */
static struct slice next_text(char **at, size_t len)
{
	char *text = *at;

	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			text[i] = '?';
	*at += len;
	return slice_of(text, len);
}

static void find_texts(struct conn_seen *s)
{
	struct conn_row *r = &s->row;
	char *at = r->text;

	if ((size_t)r->host_len + r->suite_len + r->serial_len + r->subject_len > CONN_TEXT_BYTES)
		r->host_len = r->suite_len = r->serial_len = 0, r->subject_len = 0;
	s->host = next_text(&at, r->host_len);
	s->suite = next_text(&at, r->suite_len);
	s->serial = next_text(&at, r->serial_len);
	s->subject = next_text(&at, r->subject_len);
}

int conns_read(const struct conn_table *t, uint32_t slot, struct conn_seen *out)
{
	const struct conn_row *r = &t->rows[slot];

	must(slot < CONNS_SLOTS_MAX);
	for (int i = 0; i < CONNS_READ_TRIES; i++) {
		uint32_t seq = __atomic_load_n(&r->seq, __ATOMIC_ACQUIRE);
		struct conn_seen seen;

		if (seq & 1)
			continue;
		copy_row(r, &seen.row);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&r->seq, __ATOMIC_RELAXED) != seq)
			continue;
		if (seen.row.since_ns == 0)
			return 0;
		out->row = seen.row;
		find_texts(out);
		return 1;
	}
	return -EAGAIN;
}

struct slice conns_version(const struct conn_row *r)
{
	switch (r->version) {
	case 0x0303:
		return SLICE("TLSv1.2");
	case 0x0304:
		return SLICE("TLSv1.3");
	default:
		return SLICE("?");
	}
}
