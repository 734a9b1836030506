/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * conns_batch.c - filling the map, many rows with one system call.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "base/text.h"
#include "sys/addr.h"
#include "sys/conns_map.h"

struct conns_batch {
	int fd;
	uint32_t put_len, drop_len;
	struct abi_conn_key put[CONNS_BATCH], drop[CONNS_BATCH];
	struct abi_conn rows[CONNS_BATCH];
};

/* A control that died has left its rows here. */
static int clear(int fd)
{
	struct abi_conn_key key;

	for (uint32_t i = 0; i < ABI_CONNS_MAX; i++) {
		if (bpf_map_get_next_key(fd, NULL, &key) < 0)
			return errno == ENOENT ? 0 : -errno;
		if (bpf_map_delete_elem(fd, &key) < 0 && errno != ENOENT)
			return -errno;
	}
	return 0;
}

int conns_batch_new(int map_fd, struct conns_batch **out)
{
	struct conns_batch *b;
	int r = clear(map_fd);

	if (r < 0)
		return r;
	b = calloc(1, sizeof(*b));
	if (!b)
		return -ENOMEM;
	b->fd = map_fd;
	*out = b;
	return 0;
}

void conns_batch_free(struct conns_batch *b)
{
	free(b);
}

/* A text whose last byte stays zero; what is cut ends in "...". */
static void put_text(char *to, size_t room, struct slice text)
{
	static const char cut[] = "...";
	const size_t len = text.len < room ? text.len : room - 1;

	/* bpftool (7.1 still) prints a backslash as a line break. */
	for (size_t i = 0; i < len; i++)
		to[i] = (char)(text.ptr[i] == '\\' ? '%' : text.ptr[i]);
	if (text.len >= room)
		memcpy(to + room - sizeof(cut), cut, sizeof(cut));
}

#define PUT_TEXT(array, text) put_text((array), sizeof(array), (text))

static void fill(struct abi_conn *to, const struct conn_seen *seen)
{
	const struct conn_row *r = &seen->row;
	struct sink peer = sink_of(to->peer, sizeof(to->peer) - 1);
	struct sink digest = sink_of(to->sha256, sizeof(to->sha256) - 1);

	memset(to, 0, sizeof(*to));
	to->since_ns = r->since_ns;
	to->requests = r->requests;
	to->bytes_in = r->bytes_in;
	to->bytes_out = r->bytes_out;
	addr_put_mapped(r->ip, r->port, &peer);
	PUT_TEXT(to->host, seen->host);
	PUT_TEXT(to->tls, conns_version(r));
	PUT_TEXT(to->suite, seen->suite);
	to->ktls = r->is_kernel != 0;
	to->resumed = r->is_resumed != 0;
	to->cert = r->has_cert != 0;
	to->verified = r->is_verified != 0;
	PUT_TEXT(to->serial, seen->serial);
	if (r->has_cert)
		text_hex(&digest, slice_of(r->sha256, sizeof(r->sha256)));
	PUT_TEXT(to->subject, seen->subject);
}

static int drop_all(struct conns_batch *b)
{
	for (uint32_t at = 0; at < b->drop_len; at++) {
		uint32_t n = b->drop_len - at;

		if (bpf_map_delete_batch(b->fd, b->drop + at, &n, NULL) == 0)
			return 0;
		/* It stops at one that is not there: the map was full when it came. */
		if (errno != ENOENT)
			return -errno;
		at += n;
	}
	return 0;
}

static int put_all(struct conns_batch *b)
{
	int r = 0;

	for (uint32_t at = 0; at < b->put_len; at++) {
		uint32_t n = b->put_len - at;

		if (bpf_map_update_batch(b->fd, b->put + at, b->rows + at, &n, NULL) == 0)
			return r;
		if (errno != E2BIG)
			return -errno;
		/* It stops at one that is new; those behind it may have their entries. */
		r = -E2BIG;
		at += n;
	}
	return r;
}

int conns_batch_flush(struct conns_batch *b)
{
	int dropped = b->drop_len > 0 ? drop_all(b) : 0;
	int put = b->put_len > 0 ? put_all(b) : 0;

	b->drop_len = b->put_len = 0;
	return dropped < 0 ? dropped : put;
}

int conns_batch_put(struct conns_batch *b, uint32_t worker, uint32_t slot,
                    const struct conn_seen *seen)
{
	must(b->put_len < CONNS_BATCH);
	b->put[b->put_len] = (struct abi_conn_key){ .worker = worker, .slot = slot };
	fill(&b->rows[b->put_len++], seen);
	return b->put_len == CONNS_BATCH ? conns_batch_flush(b) : 0;
}

int conns_batch_drop(struct conns_batch *b, uint32_t worker, uint32_t slot)
{
	must(b->drop_len < CONNS_BATCH);
	b->drop[b->drop_len++] = (struct abi_conn_key){ .worker = worker, .slot = slot };
	return b->drop_len == CONNS_BATCH ? conns_batch_flush(b) : 0;
}
