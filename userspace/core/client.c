/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/client.h"

#include <errno.h>
#include <sys/socket.h>

#include "core/client_engine.h"
#include "tls/alert.h"
#include "tls/control.h"
#include "tls/handoff.h"
#include "tls/identity.h"

static bool is_kernel(const struct conn *c)
{
	return c->engine == ENGINE_KERNEL;
}

bool client_make_room(struct worker *w, struct conn *c, size_t bytes)
{
	if (stash_reserve(&w->stashes, &c->wire_out, bytes) == 0)
		return true;
	w->stats->buffers_exhausted++;
	conn_end(w, c, CONN_REASON_NO_BUFFER);
	return false;
}

/* To the kernel, if this is a moment for it. False: the connection was ended. */
static bool hand_over(struct worker *w, struct conn *c)
{
	const struct handoff_conn h = {
		.fd = c->fd,
		.r = &c->record,
		.sent = &c->sent,
		.in_left = stash_left(&c->wire_in).len,
		.out_left = stash_left(&c->wire_out).len,
		.is_trusted = c->identity != NULL && c->identity->meta.verified,
	};
	enum handoff got;

	if (c->has_ended)
		return true;
	got = handoff_to_kernel(&ktls_sys_kernel, &w->ktls, &h);
	if (got == HANDOFF_LATER)
		return true;
	c->wants_kernel = false;
	w->stats->handoffs[got]++;
	if (got == HANDOFF_TX_REFUSED) {
		conn_end(w, c, CONN_REASON_KERNEL_TLS);
		return false;
	}
	if (got == HANDOFF_DONE) {
		c->engine = ENGINE_KERNEL;
		record_unload(w->aead, &c->record);
		conns_kernel(c->row);
		w->stats->ktls_conns_open++;
		/* What came before was announced then, and nobody will say it again. */
		c->may_read = true;
	}
	return true;
}

bool client_begin(struct worker *w, struct conn *c)
{
	c->has_records = !stash_is_empty(&c->wire_in);
	if (w->options.ktls == OPTION_KTLS_OFF) {
		w->stats->handoffs[HANDOFF_OFF]++;
		return true;
	}
	c->wants_kernel = true;
	return hand_over(w, c);
}

enum client_got client_read(struct worker *w, struct conn *c, size_t want, struct slice *out)
{
	struct slice held = stash_left(&c->plain_in);
	enum client_got got = CLIENT_ENDED;
	size_t have = held.len;

	must(held.len <= BULK_BLOCK_BYTES);
	if (c->wants_kernel && !hand_over(w, c))
		return CLIENT_GONE;
	if (!c->has_ended)
		got = is_kernel(c) ? kernel_read(w, c, want, &have) : user_read(w, c, want, &have);
	if (got == CLIENT_AGAIN || got == CLIENT_GONE)
		return got;
	slice_copy(w->plain, held);
	w->stats->bytes_from_clients += have - held.len;
	conns_in(c->row, have - held.len);
	*out = slice_of(w->plain, have);
	if (c->wants_kernel && !hand_over(w, c))
		return CLIENT_GONE;
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

bool client_send(struct worker *w, struct conn *c, struct slice plain)
{
	if (c->wants_kernel && !hand_over(w, c))
		return false;
	/* First, so that who has the bytes and asks finds them counted. */
	conns_out(c->row, plain.len);
	if (!(is_kernel(c) ? kernel_send(w, c, plain) : user_send(w, c, plain)))
		return false;
	w->stats->bytes_to_clients += plain.len;
	return true;
}

/* Sends what waits in wire_out, as far as the socket takes it. False: the connection was ended. */
static bool flush_bytes(struct worker *w, struct conn *c)
{
	/* The FIN is next, and takes them along: one segment for the two. */
	const int more = c->wants_end && !is_kernel(c) ? MSG_MORE : 0;

	while (!stash_is_empty(&c->wire_out)) {
		struct slice left = stash_left(&c->wire_out);
		ssize_t n = send(c->fd, left.ptr, left.len, MSG_DONTWAIT | MSG_NOSIGNAL | more);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n < 0) {
			client_broken(w, c, -errno);
			return false;
		}
		c->wire_out.at += (uint32_t)n;
		if (is_kernel(c))
			kernel_count(c, (size_t)n);
		else
			c->sent.before += (uint64_t)n;
	}
	stash_drop(&w->stashes, &c->wire_out);
	return true;
}

bool client_flush(struct worker *w, struct conn *c)
{
	if (c->owes_update && !kernel_pay_update(w, c))
		return false;
	if (c->owes_update)
		return true;
	if (!flush_bytes(w, c))
		return false;
	if (!stash_is_empty(&c->wire_out))
		return true;
	if (c->owes_alert && !kernel_pay_alert(w, c))
		return false;
	if (c->wants_end && client_is_sent(w, c)) {
		c->wants_end = false;
		(void)shutdown(c->fd, SHUT_WR);
	}
	return true;
}

bool client_owes(const struct conn *c)
{
	return c->owes_update || c->owes_alert || c->wants_end;
}

bool client_is_sent(const struct worker *w, const struct conn *c)
{
	(void)w;
	if (!stash_is_empty(&c->wire_out) || c->owes_update || c->owes_alert)
		return false;
	return !is_kernel(c) || kernel_is_sent(c);
}

static void put_alert(struct worker *w, struct conn *c, uint8_t description)
{
	if (is_kernel(c))
		kernel_alert(c, description);
	else
		user_alert(w, c, description);
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

void client_expel(struct worker *w, struct conn *c, uint8_t alert, enum conn_reason reason)
{
	if (!stash_is_empty(&c->wire_out) || c->owes_update || c->has_said_end) {
		conn_end(w, c, reason);
		return;
	}
	put_alert(w, c, alert);
	c->has_said_end = true; /* no close_notify behind it */
	conn_finish(w, c, reason);
}

enum client_got client_fatal(struct worker *w, struct conn *c, uint8_t alert,
                             enum conn_reason reason)
{
	put_alert(w, c, alert);
	if (client_flush(w, c))
		conn_end(w, c, reason);
	return CLIENT_GONE;
}

void client_broken(struct worker *w, struct conn *c, int err)
{
	if (is_kernel(c))
		kernel_failed(w, c, err);
	else
		conn_end(w, c, CONN_REASON_CLIENT_RESET);
}

void client_failed(struct worker *w, struct conn *c)
{
	socklen_t len = sizeof(int);
	int err = 0;

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0 || err == 0)
		err = ECONNRESET;
	client_broken(w, c, -err);
}

enum client_got client_control(struct worker *w, struct conn *c, enum record_type type,
                               struct slice payload)
{
	uint8_t alert = 0;
	enum control_action what = control_record(&c->record, type, payload, &alert);
	const bool both = what == CONTROL_REKEY_BOTH;

	switch (what) {
	case CONTROL_NOTHING:
		break;
	case CONTROL_REKEYED:
	case CONTROL_REKEY_BOTH:
		w->stats->key_updates++;
		if (!(is_kernel(c) ? kernel_rekey(w, c, both) : user_rekey(w, c, both)))
			return CLIENT_GONE;
		break;
	case CONTROL_CLOSE_NOTIFY:
		c->has_ended = true;
		return CLIENT_ENDED;
	case CONTROL_PEER_ALERT:
		conn_end(w, c, CONN_REASON_TLS_ALERT);
		return CLIENT_GONE;
	case CONTROL_FATAL:
		return client_fatal(w, c, alert, CONN_REASON_TLS_RECORD);
	}
	return CLIENT_DATA;
}

bool client_discard(struct worker *w, struct conn *c, bool *out_ended)
{
	return is_kernel(c) ? kernel_discard(w, c, out_ended) : user_discard(w, c, out_ended);
}
