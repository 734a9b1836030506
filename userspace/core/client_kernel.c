/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * client_kernel.c - the kernel engine: plaintext on the socket, records are the kernel's.
 *
 * What the kernel leaves to us: records that are not data, both ways; keys after a
 * KeyUpdate, and a key's limit; an alert for a record it could not open; and, before
 * a FIN or a close, to wait until it has sent what it took.
 */
#include <errno.h>
#include <sys/socket.h>

#include "core/client_engine.h"
#include "tls/alert.h"
#include "tls/control.h"
#include "tls/handoff.h"

enum {
	/* A record that is not data is read whole or so far that it is known to be too long. */
	KERNEL_READ_MIN = 64,
};

static struct handoff_conn handoff_of(struct conn *c)
{
	return (struct handoff_conn){ .fd = c->fd, .r = &c->record, .sent = &c->sent };
}

/* The alert for an error that is a record's fault; 0 is none (close_notify is no error). */
static uint8_t alert_of(int err)
{
	switch (err) {
	case -EBADMSG:
		return ALERT_BAD_RECORD_MAC;
	case -EMSGSIZE:
		return ALERT_RECORD_OVERFLOW;
	case -EINVAL: /* the header's version */
		return ALERT_PROTOCOL_VERSION;
	default:
		return 0;
	}
}

void kernel_failed(struct worker *w, struct conn *c, int err)
{
	uint8_t alert = alert_of(err);
	int ignored;
	socklen_t len = sizeof(ignored);

	/* Not even the alert can be sent. */
	if (alert != 0 && c->owes_alert && c->owed_alert != ALERT_CLOSE_NOTIFY) {
		conn_end(w, c, CONN_REASON_TLS_RECORD);
		return;
	}
	if (alert == 0) {
		conn_end(w, c,
		         err == -EKEYEXPIRED ? CONN_REASON_INTERNAL : CONN_REASON_CLIENT_RESET);
		return;
	}
	w->stats->ktls_bad_records++;
	/* The socket's error stands in the way of the alert until somebody has read it. */
	(void)getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &ignored, &len);
	(void)client_fatal(w, c, alert, CONN_REASON_TLS_RECORD);
}

enum client_got kernel_read(struct worker *w, struct conn *c, size_t want, size_t *have)
{
	uint8_t *to = w->plain + *have;
	uint8_t type = 0;
	ssize_t n = ktls_recv(&ktls_sys_kernel, c->fd, to,
	                      want < KERNEL_READ_MIN ? KERNEL_READ_MIN : want, &type);
	int rc;

	if (n == -EAGAIN) {
		c->may_read = false;
		return CLIENT_AGAIN;
	}
	if (n < 0) {
		kernel_failed(w, c, (int)n);
		return CLIENT_GONE;
	}
	if (n == 0 && type == RECORD_APPLICATION_DATA) {
		c->may_read = false;
		c->has_ended = c->is_truncated = true;
		w->stats->truncations++;
		return CLIENT_ENDED;
	}
	rc = record_check(&c->record, type, (size_t)n);
	if (rc < 0)
		return client_fatal(w, c, (uint8_t)-rc, CONN_REASON_TLS_RECORD);
	/* There may be more, whatever came: the kernel stops at a record that is not data. */
	if (type == RECORD_APPLICATION_DATA) {
		*have += (size_t)n;
		return CLIENT_DATA;
	}
	w->stats->ktls_control_records++;
	return client_control(w, c, type, slice_of(to, (size_t)n)) == CLIENT_GONE ? CLIENT_GONE
	                                                                          : CLIENT_DATA;
}

/* An estimate of the records that @n bytes in one call become, never too low. */
static uint64_t records_of(size_t n)
{
	return (n + RECORD_PLAIN_MAX - 1) / RECORD_PLAIN_MAX + 1;
}

void kernel_count(struct conn *c, size_t n)
{
	c->sent.plain += n;
	c->record.tx.seq += records_of(n);
}

/* May @n more bytes go under this key? The kernel would go on for ever. */
static bool has_key(struct worker *w, struct conn *c, size_t n)
{
	if (c->owes_update || record_key_holds(&c->record, records_of(n)))
		return true;
	if (c->record.version == TLS_1_3_VERSION && w->ktls.rekey) {
		c->owes_update = true;
		return kernel_pay_update(w, c);
	}
	conn_end(w, c, CONN_REASON_KEY_LIMIT);
	return false;
}

bool client_spliced(struct worker *w, struct conn *c, size_t len)
{
	kernel_count(c, len);
	w->stats->bytes_to_clients += len;
	conns_out(c->row, len);
	return has_key(w, c, RECORD_PLAIN_MAX);
}

bool kernel_send(struct worker *w, struct conn *c, struct slice plain)
{
	struct sink out;

	if (!has_key(w, c, stash_left(&c->wire_out).len + plain.len))
		return false;
	while (plain.len > 0 && stash_is_empty(&c->wire_out) && !c->owes_update) {
		ssize_t n = send(c->fd, plain.ptr, plain.len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			kernel_failed(w, c, -errno);
			return false;
		}
		kernel_count(c, (size_t)n);
		plain = slice_sub(plain, (size_t)n, plain.len - (size_t)n);
	}
	if (plain.len == 0)
		return true;
	if (!client_make_room(w, c, plain.len))
		return false;
	out = stash_sink(&w->stashes, &c->wire_out);
	sink_put(&out, plain);
	stash_commit(&c->wire_out, &out);
	return client_flush(w, c);
}

void kernel_alert(struct conn *c, uint8_t description)
{
	c->owes_alert = true;
	c->owed_alert = description;
}

bool kernel_rekey(struct worker *w, struct conn *c, bool both)
{
	const struct handoff_conn h = handoff_of(c);

	if (!w->ktls.rekey) {
		w->stats->key_updates_refused++;
		(void)client_fatal(w, c, ALERT_INTERNAL_ERROR, CONN_REASON_REKEY_UNSUPPORTED);
		return false;
	}
	if (handoff_rekey(&ktls_sys_kernel, &h, KTLS_RX) < 0) {
		(void)client_fatal(w, c, ALERT_INTERNAL_ERROR, CONN_REASON_KERNEL_TLS);
		return false;
	}
	/* One that is owed already answers this one too; behind close_notify there is nothing. */
	if (!both || c->owes_update || c->has_said_end)
		return true;
	c->owes_update = true;
	return client_flush(w, c);
}

/* Sends one record that is not data. Return: 1 sent; 0 the socket takes nothing; -1 ended. */
static int pay(struct worker *w, struct conn *c, enum record_type type, struct slice content)
{
	int err = ktls_send_record(&ktls_sys_kernel, c->fd, (uint8_t)type, content);

	if (err == -EAGAIN)
		return 0;
	if (err < 0) {
		kernel_failed(w, c, err);
		return -1;
	}
	kernel_count(c, content.len);
	return 1;
}

bool kernel_pay_update(struct worker *w, struct conn *c)
{
	const struct handoff_conn h = handoff_of(c);
	uint8_t message[CONTROL_KEY_UPDATE_BYTES];
	int paid;

	control_key_update(false, message);
	paid = pay(w, c, RECORD_HANDSHAKE, slice_of(message, sizeof(message)));
	if (paid <= 0)
		return paid == 0;
	c->owes_update = false;
	if (record_next_tx(&c->record) < 0 || handoff_rekey(&ktls_sys_kernel, &h, KTLS_TX) < 0) {
		conn_end(w, c, CONN_REASON_KERNEL_TLS);
		return false;
	}
	return true;
}

bool kernel_pay_alert(struct worker *w, struct conn *c)
{
	uint8_t alert[CONTROL_ALERT_BYTES];
	int paid;

	control_alert(c->owed_alert, alert);
	paid = pay(w, c, RECORD_ALERT, slice_of(alert, sizeof(alert)));
	if (paid > 0)
		c->owes_alert = false;
	return paid >= 0;
}

bool kernel_is_sent(const struct conn *c)
{
	/* A socket that cannot say has nothing left to wait for. */
	return ktls_unsent(&ktls_sys_kernel, c->fd, &c->sent) <= 0;
}

bool kernel_discard(struct worker *w, struct conn *c, bool *out_ended)
{
	uint8_t type = 0;
	uint8_t alert = 0;
	ssize_t n = ktls_recv(&ktls_sys_kernel, c->fd, w->plain, READ_ORIGIN, &type);
	const struct handoff_conn h = handoff_of(c);

	*out_ended = n < 0 ? n != -EAGAIN : n == 0 && type == RECORD_APPLICATION_DATA;
	if (n <= 0 || type == RECORD_APPLICATION_DATA)
		return n >= 0 && !*out_ended;
	switch (control_record(&c->record, type, slice_of(w->plain, (size_t)n), &alert)) {
	case CONTROL_NOTHING:
		return true;
	case CONTROL_REKEYED:
	case CONTROL_REKEY_BOTH: /* behind our close_notify there is nothing */
		*out_ended = handoff_rekey(&ktls_sys_kernel, &h, KTLS_RX) < 0;
		return !*out_ended;
	case CONTROL_CLOSE_NOTIFY:
	case CONTROL_PEER_ALERT:
	case CONTROL_FATAL:
		break;
	}
	*out_ended = true;
	return false;
}
