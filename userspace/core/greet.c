/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * greet.c - the handshake: from the first byte to keys of our own.
 */
#include <errno.h>
#include <sys/socket.h>

#include "core/access_log.h"
#include "core/client.h"
#include "core/session.h"
#include "core/status.h"
#include "core/worker.h"
#include "tls/identity.h"

struct tls_host *greet_lookup(void *arg, const struct hostname *sni, void **out_user)
{
	const struct worker *w = arg;
	struct host *h = policy_find(w->policy, sni);

	*out_user = NULL;
	return h == NULL ? NULL : h->tls;
}

static enum step give_up(struct worker *w, struct conn *c)
{
	const char *words = "";
	enum tls_failure why = tls_handshake_failure(c->handshake, &words);

	c->sni = *tls_handshake_sni(c->handshake);
	w->stats->handshakes_failed++;
	log_handshake(w, c, tls_failure_label(why), slice_of(words, strlen(words)));
	tls_handshake_free(c->handshake);
	c->handshake = NULL;
	/* OpenSSL's alert, if it had one, waits in wire_out. */
	conn_finish(w, c, CONN_REASON_HANDSHAKE_FAILED);
	return STEP_GONE;
}

/* From here on others see it: sys/conns.h. */
static void enter(struct worker *w, struct conn *c)
{
	const struct identity_meta *who = c->identity == NULL ? NULL : &c->identity->meta;
	const struct conn_facts facts = {
		.since_ns = w->now_ms * 1000000,
		.gen = c->gen,
		.port = c->peer_port,
		.version = c->record.version,
		.is_resumed = c->is_resumed,
		.is_verified = who != NULL && who->verified,
		.ip = c->peer_ip,
		.sha256 = who == NULL ? NULL : who->sha256,
		.suite = slice_of(c->cipher, strlen(c->cipher)),
		.host = hostname_slice(&c->sni),
		.serial = who == NULL ? SLICE("") : who->serial,
		.subject = who == NULL ? SLICE("") : who->subject,
	};

	c->row = conns_enter(w->table, (uint32_t)(c - w->conns), &facts);
}

static enum step done(struct worker *w, struct conn *c)
{
	struct tls_result result;

	if (tls_handshake_take(c->handshake, &result) < 0) {
		w->stats->handshakes_failed++;
		log_handshake(w, c, "internal", SLICE(""));
		conn_end(w, c, CONN_REASON_INTERNAL);
		return STEP_GONE;
	}
	tls_handshake_free(c->handshake);
	c->handshake = NULL;
	c->record = result.record;
	c->record.key_updates_max = (uint16_t)w->options.key_updates;
	c->identity = result.identity;
	c->sni = result.sni;
	c->tls_version = result.version;
	c->cipher = result.cipher;
	c->words = result.words;
	c->is_resumed = result.resumed;
	standing_begin(w, c, result.host);
	status_begin(w, c, result.host);
	tls_host_unref(result.host);
	if (result.resumed)
		w->stats->handshakes_resumed++;
	else
		w->stats->handshakes_full++;
	stats_time(w->stats->handshake_times, w->now_us - c->since_us);
	conn_set_state(w, c, CONN_IDLE);
	enter(w, c);
	if (!client_begin(w, c) || !standing_admits(w, c))
		return STEP_GONE;
	wheel_set(&w->wheel, &c->timer,
	          w->now_ms +
	                  (w->is_draining ? DRAIN_FIRST_REQUEST_MS : w->options.head_timeout_ms));
	return STEP_ON;
}

/* Reads behind what waits in wire_in. */
static enum step read_hello(struct worker *w, struct conn *c, struct slice *out)
{
	struct slice waits = stash_left(&c->wire_in);
	ssize_t n;

	slice_copy(w->wire, waits);
	do {
		n = recv(c->fd, w->wire + waits.len, READ_SMALL, MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN) {
		c->may_read = false;
		return STEP_WAIT;
	}
	if (n <= 0) {
		w->stats->handshakes_failed += c->handshake != NULL;
		conn_end(w, c, n < 0 ? CONN_REASON_CLIENT_RESET : CONN_REASON_HANDSHAKE_CLOSED);
		return STEP_GONE;
	}
	if ((size_t)n < READ_SMALL && !c->has_fin)
		c->may_read = false;
	*out = slice_of(w->wire, waits.len + (size_t)n);
	return STEP_ON;
}

/* Shows OpenSSL @in and keeps what it did not take. */
static enum step advance(struct worker *w, struct conn *c, struct slice in)
{
	enum tls_step step = TLS_STEP_FAILED;
	size_t taken = 0;
	struct sink out;
	int err = stash_reserve(&w->stashes, &c->wire_out, HANDSHAKE_OUT_MAX);

	if (err == 0) {
		out = stash_sink(&w->stashes, &c->wire_out);
		step = tls_handshake_step(c->handshake, in, &taken, &out);
		stash_commit(&c->wire_out, &out);
		err = stash_keep(&w->stashes, &c->wire_in, slice_sub(in, taken, in.len - taken));
	}
	if (err < 0) {
		w->stats->buffers_exhausted++;
		conn_end(w, c, CONN_REASON_NO_BUFFER);
		return STEP_GONE;
	}
	if (!client_flush(w, c))
		return STEP_GONE;
	if (step == TLS_STEP_FAILED)
		return give_up(w, c);
	return step == TLS_STEP_DONE ? done(w, c) : STEP_ON;
}

enum step greet_step(struct worker *w, struct conn *c)
{
	struct slice in = slice_of(NULL, 0);
	enum step step;

	if (!stash_is_empty(&c->wire_out) && !client_flush(w, c))
		return STEP_GONE;
	if (!c->may_read)
		return STEP_WAIT;
	step = read_hello(w, c, &in);
	if (step != STEP_ON)
		return step;
	if (c->handshake == NULL) {
		if (tls_handshake_new(w->tls, w, &c->handshake) < 0) {
			conn_end(w, c, CONN_REASON_INTERNAL);
			return STEP_GONE;
		}
		w->stats->handshakes_started++;
	}
	return advance(w, c, in);
}
