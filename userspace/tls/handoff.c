/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/handoff.h"

#include <assert.h>
#include <errno.h>
#include <openssl/crypto.h>

#include "sys/stats.h"
#include "tls/suite.h"

#define X(name, type, key, label)                                                                  \
	static_assert((int)KTLS_##name == (int)SUITE_##name, "one order of suites");
KTLS_CIPHERS(X)
#undef X
static_assert((int)KTLS_CIPHER_MAX == (int)SUITE_MAX, "the kernel's list is whole");
static_assert(TLS_1_2_VERSION == VERSION_TLS12 && TLS_1_3_VERSION == VERSION_TLS13,
              "versions are those of the wire");
static_assert(HANDOFF_MAX <= STATS_HANDOFFS_MAX, "each outcome has its counter");

static const char *const labels[HANDOFF_MAX] = {
#define X(name, label, help) [HANDOFF_##name] = (label),
	HANDOFFS(X)
#undef X
};

const char *handoff_label(enum handoff h)
{
	must(h < HANDOFF_MAX);
	return labels[h];
}

/* Receiving, the explicit nonce is in the record and what is said here is not looked at. */
static int install(const struct ktls_sys *sys, const struct handoff_conn *c, enum ktls_dir dir)
{
	const struct record_state *r = c->r;
	const struct record_dir *d = dir == KTLS_RX ? &r->rx : &r->tx;
	struct ktls_key key = { .version = r->version, .cipher = r->suite, .seq = d->seq };
	int err;

	static_assert(sizeof(key.key) == sizeof(d->key), "a key fits");
	static_assert(sizeof(key.nonce) == sizeof(d->iv), "a nonce fits");
	memcpy(key.key, d->key, sizeof(key.key));
	memcpy(key.nonce, d->iv, sizeof(key.nonce));
	if (record_has_explicit_nonce(r))
		put_be64(key.nonce + 4, d->explicit_nonce);
	err = ktls_set(sys, c->fd, dir, &key);
	OPENSSL_cleanse(&key, sizeof(key));
	return err;
}

static void forget_key(struct record_dir *d)
{
	OPENSSL_cleanse(d->key, sizeof(d->key));
	OPENSSL_cleanse(d->iv, sizeof(d->iv));
}

/* What the kernel does not need from us: all but the secrets of keys to come. */
static void forget(struct record_state *r, bool can_rekey)
{
	forget_key(&r->rx);
	forget_key(&r->tx);
	if (record_is_tls13(r) && can_rekey)
		return;
	OPENSSL_cleanse(r->rx.secret, sizeof(r->rx.secret));
	OPENSSL_cleanse(r->tx.secret, sizeof(r->tx.secret));
}

static void begin_sent(const struct handoff_conn *c, uint64_t before)
{
	*c->sent = (struct ktls_sent){
		.version = c->r->version,
		.cipher = c->r->suite,
		.before = before,
		.first_seq = c->r->tx.seq,
	};
}

enum handoff handoff_to_kernel(const struct ktls_sys *sys, const struct ktls_support *can,
                               const struct handoff_conn *c)
{
	struct record_state *r = c->r;
	int err;

	if (!ktls_can(can, r->version, r->suite))
		return HANDOFF_UNSUPPORTED;
	if (r->plain_max != RECORD_PLAIN_MAX)
		return HANDOFF_FRAGMENT;
	if (c->in_left > 0 || c->out_left > 0 || r->partial_len > 0)
		return HANDOFF_LATER;
	err = ktls_ulp(sys, c->fd);
	if (err < 0 && err != -EEXIST)
		return HANDOFF_ULP_REFUSED;
	if (install(sys, c, KTLS_RX) < 0)
		return HANDOFF_RX_REFUSED;
	if (install(sys, c, KTLS_TX) < 0)
		return HANDOFF_TX_REFUSED;
	/* Each padded record is decrypted twice then: not for strangers to ask for. */
	if (record_is_tls13(r) && c->is_trusted)
		ktls_expect_no_padding(sys, c->fd);
	forget(r, can->rekey);
	begin_sent(c, c->sent->before);
	return HANDOFF_DONE;
}

int handoff_rekey(const struct ktls_sys *sys, const struct handoff_conn *c, enum ktls_dir dir)
{
	struct record_dir *d = dir == KTLS_RX ? &c->r->rx : &c->r->tx;
	uint64_t before = 0;
	int err = 0;

	/* How many records the old key made is known to the kernel until it has the new one. */
	if (dir == KTLS_TX)
		err = ktls_made(sys, c->fd, c->sent, &before);
	if (err == 0)
		err = install(sys, c, dir);
	forget_key(d);
	if (err == 0 && dir == KTLS_TX)
		begin_sent(c, before);
	return err;
}
