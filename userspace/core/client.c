/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/client.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/must.h"
#include "core/conn.h"
#include "core/worker.h"
#include "tls/alert.h"
#include "tls/control.h"

/* What goes out is sealed into c->wire_out; this makes the room. */
static bool make_room(struct worker *w, struct conn *c, size_t bytes)
{
	if (stash_reserve(&w->stashes, &c->wire_out, bytes) == 0)
		return true;
	w->stats->buffers_exhausted++;
	conn_end(w, c, CONN_REASON_NO_BUFFER);
	return false;
}

/* A key that may protect no more records: TLS 1.3 takes the next one, 1.2 has none. */
static int seal(struct worker *w, struct conn *c, enum record_type type, struct slice plain,
                struct sink *out)
{
	int err = record_seal(w->aead, &c->record, type, plain, out);

	if (err != -EKEYEXPIRED)
		return err;
	err = record_update_tx(w->aead, &c->record, false, out);
	return err < 0 ? err : record_seal(w->aead, &c->record, type, plain, out);
}

bool client_flush(struct worker *w, struct conn *c)
{
	while (!stash_is_empty(&c->wire_out)) {
		struct slice left = stash_left(&c->wire_out);
		ssize_t n = send(c->fd, left.ptr, left.len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n < 0) {
			conn_end(w, c, CONN_REASON_CLIENT_RESET);
			return false;
		}
		c->wire_out.at += (uint32_t)n;
	}
	stash_drop(&w->stashes, &c->wire_out);
	if (c->wants_end) {
		c->wants_end = false;
		(void)shutdown(c->fd, SHUT_WR);
	}
	return true;
}

bool client_send(struct worker *w, struct conn *c, struct slice plain)
{
	struct sink out;
	int err;

	if (!make_room(w, c, record_seal_bytes(&c->record, plain.len) + RECORD_EXPANSION_MAX))
		return false;
	out = stash_sink(&w->stashes, &c->wire_out);
	err = seal(w, c, RECORD_APPLICATION_DATA, plain, &out);
	if (err < 0) {
		conn_end(w, c, err == -ENOTSUP ? CONN_REASON_KEY_LIMIT : CONN_REASON_INTERNAL);
		return false;
	}
	stash_commit(&c->wire_out, &out);
	w->stats->records_sealed += (plain.len + RECORD_PLAIN_MAX - 1) / RECORD_PLAIN_MAX;
	w->stats->bytes_to_clients += plain.len;
	return client_flush(w, c);
}

/* Seals one alert behind what waits; the connection may be past saving, so failing is quiet. */
static void put_alert(struct worker *w, struct conn *c, uint8_t description)
{
	struct sink out;

	if (stash_reserve(&w->stashes, &c->wire_out, RECORD_EXPANSION_MAX) < 0)
		return;
	out = stash_sink(&w->stashes, &c->wire_out);
	if (record_alert(w->aead, &c->record, description, &out) == 0)
		stash_commit(&c->wire_out, &out);
}

bool client_end(struct worker *w, struct conn *c)
{
	/* Before the handshake is done there are no keys of ours: OpenSSL's alert is in wire_out. */
	if (c->record.version != 0 && !c->has_said_end)
		put_alert(w, c, ALERT_CLOSE_NOTIFY);
	c->has_said_end = true;
	c->wants_end = true;
	return client_flush(w, c);
}

/* Says why, as far as the socket takes it at once, and ends. */
static enum client_got fatal(struct worker *w, struct conn *c, uint8_t alert)
{
	put_alert(w, c, alert);
	if (client_flush(w, c))
		conn_end(w, c, CONN_REASON_TLS_RECORD);
	return CLIENT_GONE;
}

/* One record that is not data. */
static enum client_got on_control(struct worker *w, struct conn *c, enum record_type type,
                                  struct slice payload)
{
	uint16_t updates = c->record.key_updates;
	uint8_t alert = 0;
	struct sink out;

	switch (control_record(&c->record, type, payload, &alert)) {
	case CONTROL_NOTHING:
	case CONTROL_REKEYED:
		break;
	case CONTROL_CLOSE_NOTIFY:
		c->has_ended = true;
		return CLIENT_ENDED;
	case CONTROL_PEER_ALERT:
		conn_end(w, c, CONN_REASON_TLS_ALERT);
		return CLIENT_GONE;
	case CONTROL_REKEY_BOTH:
		if (!make_room(w, c, RECORD_EXPANSION_MAX))
			return CLIENT_GONE;
		out = stash_sink(&w->stashes, &c->wire_out);
		if (record_update_tx(w->aead, &c->record, false, &out) < 0) {
			conn_end(w, c, CONN_REASON_INTERNAL);
			return CLIENT_GONE;
		}
		stash_commit(&c->wire_out, &out);
		if (!client_flush(w, c))
			return CLIENT_GONE;
		break;
	case CONTROL_FATAL:
		return fatal(w, c, alert);
	}
	w->stats->key_updates += (uint64_t)(c->record.key_updates - updates);
	return CLIENT_DATA;
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
			return fatal(w, c, (uint8_t)abs(r));
		*wire = slice_sub(*wire, got.wire_len, wire->len - got.wire_len);
		w->stats->records_opened++;
		if (got.type == RECORD_APPLICATION_DATA)
			*have += got.plain_len;
		else if (on_control(w, c, got.type, slice_of(to, got.plain_len)) == CLIENT_GONE)
			return CLIENT_GONE;
	}
	return CLIENT_DATA;
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

enum client_got client_read(struct worker *w, struct conn *c, size_t want, struct slice *out)
{
	struct slice held = stash_left(&c->plain_in);
	struct slice wire = stash_left(&c->wire_in);
	enum client_got got = CLIENT_ENDED;
	size_t have = held.len;

	if (!c->has_ended)
		got = read_wire(w, c, want, &wire);
	if (got == CLIENT_AGAIN || got == CLIENT_GONE)
		return got;
	must(held.len <= BULK_BLOCK_BYTES);
	slice_copy(w->plain, held);
	if (got == CLIENT_DATA) {
		if (open_records(w, c, &wire, &have) == CLIENT_GONE)
			return CLIENT_GONE;
		if (c->has_ended)
			wire.len = 0;
		if (stash_keep(&w->stashes, &c->wire_in, wire) < 0) {
			w->stats->buffers_exhausted++;
			conn_end(w, c, CONN_REASON_NO_BUFFER);
			return CLIENT_GONE;
		}
		w->stats->bytes_from_clients += have - held.len;
	}
	*out = slice_of(w->plain, have);
	if (c->has_ended)
		return CLIENT_ENDED;
	return have > held.len ? CLIENT_DATA : CLIENT_AGAIN;
}

bool client_keep(struct worker *w, struct conn *c, struct slice rest)
{
	if (stash_keep(&w->stashes, &c->plain_in, rest) == 0)
		return true;
	w->stats->buffers_exhausted++;
	conn_end(w, c, CONN_REASON_NO_BUFFER);
	return false;
}

void client_broken(struct worker *w, struct conn *c, int err)
{
	if (err != -EBADMSG && err != -EMSGSIZE) {
		conn_end(w, c, CONN_REASON_CLIENT_RESET);
		return;
	}
	w->stats->ktls_bad_records++;
	conn_end(w, c, CONN_REASON_TLS_RECORD);
}

bool client_spliced(struct worker *w, struct conn *c, size_t len)
{
	c->sent.plain += len;
	c->record.tx.seq += (len + RECORD_PLAIN_MAX - 1) / RECORD_PLAIN_MAX + 1;
	w->stats->bytes_to_clients += len;
	return true;
}

bool client_owes(const struct conn *c)
{
	return c->owes_update || c->owes_alert || c->wants_end;
}
