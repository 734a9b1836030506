/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/conn.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/must.h"
#include "core/access_log.h"
#include "core/client.h"
#include "core/exchange.h"
#include "core/proxied.h"
#include "core/status.h"
#include "core/worker.h"
#include "tls/identity.h"

enum { LOOK_MS_MIN = 20, LOOK_MS_MAX = 1000 };

#define BIT(n) (1U << (n))
#define ENDS   (BIT(CONN_LAST) | BIT(CONN_CLOSING))

static const struct {
	const char *name;
	uint32_t next; /* bit set of enum conn_state */
} conn_states[CONN_STATE_MAX] = {
	[CONN_FREE] = { "free", BIT(CONN_PROXY) | BIT(CONN_HANDSHAKE) },
	[CONN_PROXY] = { "proxy", BIT(CONN_HANDSHAKE) | ENDS },
	[CONN_HANDSHAKE] = { "handshake", BIT(CONN_IDLE) | ENDS },
	[CONN_IDLE] = { "idle", BIT(CONN_HEAD) | ENDS },
	[CONN_HEAD] = { "head", BIT(CONN_DIAL) | BIT(CONN_EXCHANGE) | ENDS },
	[CONN_DIAL] = { "dial", BIT(CONN_EXCHANGE) | ENDS },
	[CONN_EXCHANGE] = { "exchange", BIT(CONN_IDLE) | BIT(CONN_DIAL) | BIT(CONN_TUNNEL) | ENDS },
	[CONN_TUNNEL] = { "tunnel", ENDS },
	[CONN_LAST] = { "last", BIT(CONN_LINGER) | BIT(CONN_CLOSING) },
	[CONN_LINGER] = { "linger", BIT(CONN_CLOSING) },
	[CONN_CLOSING] = { "closing", BIT(CONN_FREE) },
};

static const char *const reason_labels[CONN_REASON_MAX] = {
#define X(name, label, help) [CONN_REASON_##name] = (label),
	CONN_REASONS(X)
#undef X
};

static_assert(CONN_STATE_MAX <= 32, "next is a 32-bit set");
static_assert(CONN_REASON_MAX <= STATS_REASONS_MAX, "each reason has its counter");

const char *conn_state_name(enum conn_state state)
{
	must(state < CONN_STATE_MAX);
	return conn_states[state].name;
}

const char *conn_reason_label(enum conn_reason reason)
{
	must(reason < CONN_REASON_MAX);
	return reason_labels[reason];
}

void conn_set_state(struct worker *w, struct conn *c, enum conn_state next)
{
	must(c->state < CONN_STATE_MAX && next < CONN_STATE_MAX);
	must(conn_states[c->state].next & BIT(next));
	if (next == CONN_FREE)
		must(!c->is_polled);

	memmove(c->trail + 1, c->trail, sizeof(c->trail) - 1);
	c->trail[0] = c->state;
	c->state = (uint8_t)next;
	c->since_us = w->now_us;
}

static bool to_end(const struct sockaddr_storage *addr, struct proxy_end *out)
{
	if (addr->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)addr;

		ip_map_v4((const uint8_t *)&in->sin_addr, out->ip);
		out->port = ntohs(in->sin_port);
		return true;
	}
	if (addr->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)addr;

		memcpy(out->ip, &in6->sin6_addr, sizeof(out->ip));
		out->port = ntohs(in6->sin6_port);
		return true;
	}
	return false;
}

static void note_peer(struct conn *c)
{
	struct sockaddr_storage addr = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(addr);
	struct proxy_end peer = { 0 };

	if (getpeername(c->fd, (struct sockaddr *)&addr, &len) == 0)
		(void)to_end(&addr, &peer);
	memcpy(c->peer_ip, peer.ip, sizeof(c->peer_ip));
	c->peer_port = peer.port;
}

bool conn_door(const struct conn *c, struct proxy_end *out)
{
	struct sockaddr_storage addr = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(addr);

	if (c->has_door) {
		*out = c->door;
		return true;
	}
	return getsockname(c->fd, (struct sockaddr *)&addr, &len) == 0 && to_end(&addr, out);
}

struct conn *conn_accepted(struct worker *w, int fd)
{
	struct conn *c;

	if (w->conns_free_len == 0)
		return NULL;
	c = &w->conns[w->conns_free[--w->conns_free_len]];
	must(c->state == CONN_FREE);
	/* The slot may still stand in a queue from its last tenant: that place stays valid. */
	*c = (struct conn){
		.gen = c->gen + 1,
		.fd = fd,
		.is_queued = c->is_queued,
		.queue_next = c->queue_next,
		.keep_alive = true,
	};
	note_peer(c);
	conn_set_state(w, c, proxied_is_due(w, c) ? CONN_PROXY : CONN_HANDSHAKE);
	w->stats->conns_accepted++;
	w->stats->conns_open++;
	return c;
}

/* Everything but the socket and its poll. */
static void give_back(struct worker *w, struct conn *c)
{
	wheel_clear(&w->wheel, &c->timer);
	if (c->exchange != NULL)
		exchange_end(w, c);
	if (c->link != NULL)
		link_close(w, c->link);
	status_leave(w, c);
	tls_handshake_free(c->handshake);
	c->handshake = NULL;
	conns_leave(c->row);
	c->row = NULL;
	identity_unref(c->identity);
	c->identity = NULL;
	stash_drop(&w->stashes, &c->wire_in);
	stash_drop(&w->stashes, &c->plain_in);
	stash_drop(&w->stashes, &c->wire_out);
	stash_drop(&w->stashes, &c->origin_out);
	stash_drop(&w->stashes, &c->origin_in);
	record_unload(w->aead, &c->record);
	record_cleanse(&c->record);
}

static void conn_free(struct worker *w, struct conn *c)
{
	(void)close(c->fd);
	c->fd = -1;
	w->stats->ended[c->reason]++;
	w->stats->conns_open--;
	w->stats->ktls_conns_open -= c->engine == ENGINE_KERNEL;
	conn_set_state(w, c, CONN_FREE);
	w->conns_free[w->conns_free_len++] = (uint32_t)(c - w->conns);
}

void conn_end(struct worker *w, struct conn *c, enum conn_reason reason)
{
	const struct token poll = { OP_CLIENT, (uint32_t)(c - w->conns), c->gen };

	must(reason < CONN_REASON_MAX);
	must(c->state > CONN_FREE && c->state < CONN_CLOSING);
	/* CONN_LAST and CONN_LINGER have their reason already. */
	if (c->state < CONN_LAST)
		c->reason = (uint8_t)reason;
	give_back(w, c);
	conn_set_state(w, c, CONN_CLOSING);
	if (c->is_polled)
		ring_cancel(&w->ring, poll);
	else
		conn_free(w, c);
}

void conn_finish(struct worker *w, struct conn *c, enum conn_reason reason)
{
	must(c->state < CONN_LAST);
	c->reason = (uint8_t)reason;
	status_leave(w, c);
	if (c->exchange != NULL)
		exchange_end(w, c);
	if (c->link != NULL)
		link_close(w, c->link);
	stash_drop(&w->stashes, &c->wire_in);
	stash_drop(&w->stashes, &c->plain_in);
	stash_drop(&w->stashes, &c->origin_out);
	stash_drop(&w->stashes, &c->origin_in);
	conn_set_state(w, c, CONN_LAST);
	c->send_due_ms = w->now_ms + w->options.send_timeout_ms;
	if (!client_end(w, c))
		return;
	if (c->wants_end)
		wheel_set(&w->wheel, &c->timer, conn_look_ms(w, c));
	else
		conn_said_end(w, c);
}

void conn_said_end(struct worker *w, struct conn *c)
{
	conn_set_state(w, c, CONN_LINGER);
	wheel_set(&w->wheel, &c->timer, w->now_ms + w->options.linger_timeout_ms);
}

uint64_t conn_look_ms(const struct worker *w, const struct conn *c)
{
	uint64_t began = c->send_due_ms - w->options.send_timeout_ms;
	uint64_t pause = w->now_ms > began ? w->now_ms - began : 0;

	if (!c->wants_end || !stash_is_empty(&c->wire_out))
		return c->send_due_ms;
	/* As long again as was waited so far. */
	if (pause < LOOK_MS_MIN)
		pause = LOOK_MS_MIN;
	if (pause > LOOK_MS_MAX)
		pause = LOOK_MS_MAX;
	return w->now_ms + pause < c->send_due_ms ? w->now_ms + pause : c->send_due_ms;
}

void conn_poll_done(struct worker *w, struct conn *c)
{
	c->is_polled = false;
	if (c->state == CONN_CLOSING)
		conn_free(w, c);
}
