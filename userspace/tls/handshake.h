/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * handshake.h - OpenSSL's server handshake over bytes that somebody else moves.
 *
 * OpenSSL sees whole records only: a partial record stays with the caller, so the
 * hand-off always happens on a record boundary, and what came behind the
 * client's Finished is for the record engine. When the handshake is done the
 * traffic keys are derived (keylog callback and EVP_KDF; RFC 8446 section 7.3,
 * RFC 5246 section 6.3) and the SSL object is freed, always.
 */
#pragma once

#include "base/sink.h"
#include "conf/ticket_key.h"
#include "proto/hostname.h"
#include "sys/stats.h"
#include "tls/host.h"
#include "tls/identity.h"
#include "tls/record.h"
#include "tls/words.h"

enum {
	/* Output of one step: ServerHello .. Finished with a long server chain. */
	HANDSHAKE_OUT_MAX = 49152,
	/* All a client may send before Finished: a 12 KiB certificate and its chain fit. */
	HANDSHAKE_IN_MAX = 131072,
};

/**
 * tls_lookup - which host serves this name?
 * @arg: as given to tls_handshake_new()
 * @sni: normalised; len 0 when the client sent none
 * @out_user: anything; comes back in struct tls_result
 *
 * Return: borrowed until the end of the handshake, or NULL: refuse with
 *         unrecognized_name.
 */
typedef struct tls_host *tls_lookup(void *arg, const struct hostname *sni, void **out_user);

struct tls_worker_conf {
	tls_lookup *lookup;
	uint32_t sessions; /* kept for resumption; 0: none */
	bool tickets;      /* sessions are given to the clients, sealed, where they can take them */
	uint32_t identities;
	uint32_t verified; /* client chains kept that need not be verified again; 0: none */
	struct worker_stats *stats;
};

/**
 * tls_worker_new - what all handshakes of one worker share
 *
 * Fetches algorithms, makes the BIO method and the caches, so that nothing is
 * looked up by name later (and nothing needs a file once the worker is caged).
 *
 * Return: 0; -ENOMEM; -ENOTSUP this OpenSSL lacks what we need.
 */
MUST_USE int tls_worker_new(const struct tls_worker_conf *conf, struct tls_worker **out);
void tls_worker_free(struct tls_worker *w);
struct identity_cache *tls_worker_identities(struct tls_worker *w);

/**
 * tls_worker_ticket_keys - seal and open tickets with these from now on
 *
 * Copied. Without any, and before, no ticket is given. Nothing is done where
 * conf.tickets was false.
 */
void tls_worker_ticket_keys(struct tls_worker *w, const struct ticket_keys *keys);

/** tls_ticket_key_make - a new key, made now. Return: 0; -EIO no random bytes to be had. */
MUST_USE int tls_ticket_key_make(struct ticket_key *out);

/* Why a handshake failed. X(CONSTANT, "label"). */
#define TLS_FAILURES(X)                                                                            \
	X(NONE, "none")                                                                            \
	X(PROTOCOL, "protocol")                 /* malformed, no common version or suite */        \
	X(SNI_UNKNOWN, "sni_unknown")           /* no host of that name, or none sent */           \
	X(CERT_MISSING, "cert_missing")         /* required and not sent */                        \
	X(CERT_REJECTED, "cert_rejected")       /* did not verify; error text says why */          \
	X(CERT_NOT_ALLOWED, "cert_not_allowed") /* verifies, and is on no allow-list */            \
	X(PEER_ALERT, "peer_alert")             /* the client gave up */                           \
	X(TOO_LARGE, "too_large")               /* over HANDSHAKE_IN_MAX */                        \
	X(INTERNAL, "internal")

#define X(name, label) TLS_FAILURE_##name,
enum tls_failure { TLS_FAILURES(X) TLS_FAILURE_MAX };
#undef X

enum tls_step {
	TLS_STEP_MORE,   /* needs bytes from the client */
	TLS_STEP_DONE,   /* tls_handshake_take() now */
	TLS_STEP_FAILED, /* send what is in out (the alert), then close */
};

struct tls_result {
	struct record_state record;
	struct tls_host *host;     /* one reference, the caller's */
	void *user;                /* from tls_lookup */
	struct identity *identity; /* one reference, or NULL: no certificate */
	struct hostname sni;
	const char *version; /* "TLSv1.3"; static */
	const char *cipher;  /* RFC name; static */
	struct tls_words words;
	bool resumed;
};

struct tls_handshake;

/**
 * tls_handshake_new - begin one
 * @lookup_arg: given to the lookup; e.g. the snapshot in force now
 *
 * Return: 0 or -ENOMEM.
 */
MUST_USE int tls_handshake_new(struct tls_worker *w, void *lookup_arg, struct tls_handshake **out);

/**
 * tls_handshake_step - go on with what the client sent
 * @in:  ciphertext not yet consumed, from the first byte of a record on
 * @out_consumed: whole records taken from @in; the rest is handed in again with more
 * @out: room for HANDSHAKE_OUT_MAX; gets what is to be sent to the client, in order
 *
 * When DONE, bytes of @in behind *out_consumed belong to the record engine.
 */
enum tls_step tls_handshake_step(struct tls_handshake *h, struct slice in, size_t *out_consumed,
                                 struct sink *out);

/**
 * tls_handshake_take - the outcome of a handshake that is DONE
 *
 * Moves keys and references out. Return: 0; -EIO the keys could not be derived;
 * -EMSGSIZE, -ENOMEM of identity_intern(): close.
 */
MUST_USE int tls_handshake_take(struct tls_handshake *h, struct tls_result *out);

/** tls_handshake_failure - why, after FAILED; @out_text: OpenSSL's words, static or owned by @h */
enum tls_failure tls_handshake_failure(const struct tls_handshake *h, const char **out_text);

/** tls_handshake_sni - what the client asked for so far; for the log */
const struct hostname *tls_handshake_sni(const struct tls_handshake *h);

/** tls_handshake_free - NULL is fine; frees the SSL object, keeps the session resumable */
void tls_handshake_free(struct tls_handshake *h);

const char *tls_failure_label(enum tls_failure f);
