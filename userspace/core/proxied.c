/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/proxied.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "core/access_log.h"
#include "core/worker.h"
#include "proto/proxy_in.h"

bool proxied_is_due(const struct worker *w, const struct conn *c)
{
	const struct snapshot *s = w->policy == NULL ? NULL : w->policy->snapshot;

	for (size_t i = 0; s != NULL && i < s->proxy_sources_len; i++)
		if (ip_range_has(&s->proxy_sources[i], c->peer_ip))
			return true;
	return false;
}

static enum step end(struct worker *w, struct conn *c, enum conn_reason reason)
{
	conn_end(w, c, reason);
	return STEP_GONE;
}

static enum step refused(struct worker *w, struct conn *c, int err)
{
	const char *why = err == -EMSGSIZE ? "the header is too long"
	                  : err == -ENOMSG ? "no PROXY header"
	                                   : "the header is malformed";

	log_handshake(w, c, conn_reason_label(CONN_REASON_PROXY_HEADER),
	              slice_of(why, strlen(why)));
	return end(w, c, CONN_REASON_PROXY_HEADER);
}

/* The header is there and whole: the client is whom it names. */
static enum step taken(struct worker *w, struct conn *c, const struct proxy_told *told)
{
	if (told->has_ends) {
		memcpy(c->peer_ip, told->client.ip, sizeof(c->peer_ip));
		c->peer_port = told->client.port;
		c->door = told->door;
		c->has_door = true;
	}
	w->stats->proxy_taken++;
	conn_set_state(w, c, CONN_HANDSHAKE);
	/* The ClientHello may be there already, and nobody will say so again. */
	if (!c->is_queued)
		queue_push(&w->handshakes, c);
	return STEP_WAIT;
}

enum step proxied_step(struct worker *w, struct conn *c)
{
	uint8_t bytes[PROXY_V2_BYTES_MAX];
	struct proxy_told told;
	ssize_t n;
	int len;

	if (!c->may_read)
		return STEP_WAIT;
	/* Looked at and left there until it is whole: what is behind it is TLS. */
	n = recv(c->fd, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);
	if (n < 0 && errno == EINTR)
		return STEP_ON;
	if (n < 0 && errno == EAGAIN) {
		c->may_read = false;
		return STEP_WAIT;
	}
	if (n <= 0)
		return end(w, c, n < 0 ? CONN_REASON_CLIENT_RESET : CONN_REASON_PROXY_CLOSED);
	len = proxy_in_parse(slice_of(bytes, (size_t)n), &told);
	if (len < 0)
		return refused(w, c, len);
	if (len == 0 && c->has_fin)
		return end(w, c, CONN_REASON_PROXY_CLOSED);
	if (len == 0) {
		must((size_t)n < sizeof(bytes));
		c->may_read = false;
		return STEP_WAIT;
	}
	if (recv(c->fd, bytes, (size_t)len, MSG_DONTWAIT) != len)
		return end(w, c, CONN_REASON_CLIENT_RESET);
	return taken(w, c, &told);
}
