/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * client_user.c - the userspace engine: ciphertext on the socket, records of our own.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "core/client_engine.h"
#include "tls/control.h"

/* A key that may protect no more records: TLS 1.3 takes the next one, 1.2 has none. */
static int seal(struct worker *w, struct conn *c, struct slice plain, struct sink *out)
{
	int err = record_seal(w->aead, &c->record, RECORD_APPLICATION_DATA, plain, out);

	if (err != -EKEYEXPIRED)
		return err;
	err = record_update_tx(w->aead, &c->record, false, out);
	if (err < 0)
		return err;
	return record_seal(w->aead, &c->record, RECORD_APPLICATION_DATA, plain, out);
}

bool user_send(struct worker *w, struct conn *c, struct slice plain)
{
	struct sink out;
	int err;

	if (!client_make_room(w, c,
	                      record_seal_bytes(&c->record, plain.len) + RECORD_EXPANSION_MAX))
		return false;
	out = stash_sink(&w->stashes, &c->wire_out);
	err = seal(w, c, plain, &out);
	if (err < 0) {
		conn_end(w, c, err == -ENOTSUP ? CONN_REASON_KEY_LIMIT : CONN_REASON_INTERNAL);
		return false;
	}
	stash_commit(&c->wire_out, &out);
	w->stats->records_sealed += (plain.len + RECORD_PLAIN_MAX - 1) / RECORD_PLAIN_MAX;
	return client_flush(w, c);
}

void user_alert(struct worker *w, struct conn *c, uint8_t description)
{
	struct sink out;

	if (stash_reserve(&w->stashes, &c->wire_out, RECORD_EXPANSION_MAX) < 0)
		return;
	out = stash_sink(&w->stashes, &c->wire_out);
	if (record_alert(w->aead, &c->record, description, &out) == 0)
		stash_commit(&c->wire_out, &out);
}

bool user_rekey(struct worker *w, struct conn *c, bool both)
{
	struct sink out;

	if (!both)
		return true;
	if (!client_make_room(w, c, RECORD_EXPANSION_MAX))
		return false;
	out = stash_sink(&w->stashes, &c->wire_out);
	if (record_update_tx(w->aead, &c->record, false, &out) < 0) {
		conn_end(w, c, CONN_REASON_INTERNAL);
		return false;
	}
	stash_commit(&c->wire_out, &out);
	return client_flush(w, c);
}

/* Opens every whole record of @wire behind the @have bytes that are in w->plain. */
static enum client_got open_records(struct worker *w, struct conn *c, struct slice *wire,
                                    size_t *have)
{
	while (!c->has_ended) {
		uint8_t *to = w->plain + *have;
		struct record_opened got = { 0 };
		int r = record_open(w->aead, &c->record, *wire, to, &got);

		if (r == 0)
			break;
		if (r < 0)
			return client_fatal(w, c, (uint8_t)abs(r), CONN_REASON_TLS_RECORD);
		*wire = slice_sub(*wire, got.wire_len, wire->len - got.wire_len);
		w->stats->records_opened++;
		if (got.type == RECORD_APPLICATION_DATA)
			*have += got.plain_len;
		else if (client_control(w, c, got.type, slice_of(to, got.plain_len)) == CLIENT_GONE)
			return CLIENT_GONE;
	}
	return CLIENT_DATA;
}

/* How much to read behind @waits. A connection that is to be handed over must come to
 * a record boundary, which it does when not a byte past one is read. */
static size_t exact(const struct conn *c, struct slice waits, size_t want)
{
	size_t whole = RECORD_HEADER_BYTES;

	if (!c->wants_kernel || waits.len == 0 || !stash_is_empty(&c->wire_out))
		return want;
	if (waits.len >= RECORD_HEADER_BYTES)
		whole += (size_t)waits.ptr[3] << 8 | waits.ptr[4];
	must(whole > waits.len && whole <= RECORD_WIRE_MAX);
	return whole - waits.len;
}

/* Reads ciphertext behind what waits in wire_in; *wire gets both. */
static enum client_got read_wire(struct worker *w, struct conn *c, size_t want, struct slice *wire)
{
	struct slice waits = stash_left(&c->wire_in);
	ssize_t n;

	must(waits.len + want <= WIRE_BYTES);
	slice_copy(w->wire, waits);
	if (c->has_records) {
		c->has_records = false;
		*wire = slice_of(w->wire, waits.len);
		return CLIENT_DATA;
	}
	want = exact(c, waits, want);
	do {
		n = recv(c->fd, w->wire + waits.len, want, MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno != EAGAIN) {
		conn_end(w, c, CONN_REASON_CLIENT_RESET);
		return CLIENT_GONE;
	}
	if (n <= 0) {
		c->may_read = false;
		if (n < 0)
			return CLIENT_AGAIN;
		c->has_ended = c->is_truncated = true;
		w->stats->truncations++;
		return CLIENT_ENDED;
	}
	/* Less than asked for: there is no more, unless an end that was seen is still to be read. */
	if ((size_t)n < want && !c->has_fin)
		c->may_read = false;
	*wire = slice_of(w->wire, waits.len + (size_t)n);
	return CLIENT_DATA;
}

enum client_got user_read(struct worker *w, struct conn *c, size_t want, size_t *have)
{
	struct slice wire;
	enum client_got got = read_wire(w, c, want, &wire);

	if (got != CLIENT_DATA)
		return got;
	if (open_records(w, c, &wire, have) == CLIENT_GONE)
		return CLIENT_GONE;
	if (c->has_ended)
		wire.len = 0;
	if (stash_keep(&w->stashes, &c->wire_in, wire) == 0)
		return CLIENT_DATA;
	w->stats->buffers_exhausted++;
	conn_end(w, c, CONN_REASON_NO_BUFFER);
	return CLIENT_GONE;
}

bool user_discard(struct worker *w, struct conn *c, bool *out_ended)
{
	ssize_t n = recv(c->fd, w->wire, READ_ORIGIN, MSG_DONTWAIT);

	*out_ended = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
	return n > 0;
}
