/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * conn.h - one client connection, from accept to the last completion.
 *
 * Invariants:
 *  - state changes only in conn_set_state(), along the table in conn.c;
 *  - a connection at rest (CONN_IDLE) owns this slot, its socket and references,
 *    and nothing else: no buffer, no SSL object, no exchange;
 *  - the slot is used again only after the final CQE of its poll;
 *  - conn_end() is the one way to end; what it frees is freed there.
 */
#pragma once

#include "base/wheel.h"
#include "core/conn_reason.h"
#include "core/stash.h"
#include "proto/hostname.h"
#include "proto/proxy.h"
#include "sys/ktls.h"
#include "tls/record.h"
#include "tls/words.h"

struct conn_row;
struct exchange;
struct identity;
struct link;
struct tls_handshake;
struct worker;

enum conn_state {
	CONN_FREE,
	CONN_PROXY,     /* a trusted source owes its PROXY header */
	CONN_HANDSHAKE, /* OpenSSL has the word */
	CONN_IDLE,      /* between requests: not a byte of the next one is here */
	CONN_HEAD,      /* part of a request head is here */
	CONN_DIAL,      /* the request waits for its origin's connect(2) */
	CONN_EXCHANGE,  /* request and response on their way */
	CONN_TUNNEL,    /* after a 101: bytes both ways */
	CONN_LAST,      /* our last bytes are being sent */
	CONN_LINGER,    /* our end is sent; waiting for the client's */
	CONN_CLOSING,   /* waiting for the poll's last CQE */
	CONN_STATE_MAX
};

enum engine {
	ENGINE_USER,   /* tls/record.h over recv(2) and send(2) */
	ENGINE_KERNEL, /* sys/ktls.h: the socket takes and gives plaintext */
};

struct conn {
	uint32_t gen;
	int fd;            /* -1 when free */
	uint8_t state;     /* enum conn_state */
	uint8_t reason;    /* enum conn_reason, once known */
	uint8_t trail[4];  /* last states, newest first: for gdb */
	bool is_polled;    /* a poll is in the ring */
	bool is_queued;    /* waits for its turn in worker.queue */
	bool has_records;  /* wire_in came with the handshake: it may hold whole records */
	bool may_read;     /* the socket may have bytes: nothing said otherwise since */
	bool has_fin;      /* the kernel saw the client's FIN or RST */
	bool has_ended;    /* the client's end was read: close_notify or FIN */
	bool is_truncated; /* and it was FIN without close_notify */
	bool keep_alive;   /* after this response the connection goes on */
	bool is_resumed;
	bool wants_end;     /* FIN is to be sent behind wire_out */
	bool has_said_end;  /* close_notify was put there */
	uint8_t engine;     /* enum engine: who seals and opens records */
	bool wants_kernel;  /* to be handed over at the next record boundary */
	bool owes_update;   /* kernel engine: a KeyUpdate, and then the next sending key */
	bool owes_alert;    /* kernel engine: owed_alert, behind wire_out */
	uint8_t owed_alert; /* its description; 0 is close_notify */
	uint32_t requests;  /* so far */
	uint32_t head_seen; /* bytes of the head already searched */

	struct timer timer;
	uint64_t since_us;    /* entry to the state */
	uint64_t send_due_ms; /* when the client must have taken something, while that is waited for */
	struct conn *queue_next;

	struct stash wire_in;    /* ciphertext: a record's beginning */
	struct stash plain_in;   /* plaintext not yet taken */
	struct stash wire_out;   /* for the client's socket: ciphertext; kernel engine: plaintext */
	struct stash origin_out; /* to the origin, not yet sent; a request that may be sent again */
	struct stash origin_in;  /* from the origin, not yet taken */

	struct tls_handshake *handshake; /* CONN_HANDSHAKE only */
	struct conn_row *row;            /* what others read of it: from the handshake's end on */
	struct exchange *exchange;       /* from a request's head to its response's end */
	struct link *link;               /* the origin connection in use, or kept for this client */
	struct identity *identity;       /* NULL: no certificate */
	const char *tls_version;         /* static */
	const char *cipher;              /* static */
	struct tls_words words;          /* what origins are told of the handshake */
	uint8_t client_auth_id[32];      /* what the handshake demanded: tls/host.h */
	uint8_t demand_id[32];           /* the same but for CRLs */
	uint64_t standing_seen;          /* worker.standing.generation when it was judged last */
	bool is_forbidden;               /* revoked, and its host answers 403 */
	bool is_held;         /* until its certificate's status is known: core/status.h */
	bool ocsp_passed;     /* it was let in once: a soft host holds it no more */
	uint8_t ocsp_mode;    /* enum ocsp_mode of the handshake's host */
	uint8_t ocsp_key[32]; /* its status in worker.statuses */
	uint64_t held_until_ms;
	struct conn *held_next, *held_prev;
	uint8_t peer_ip[16]; /* the client's; IPv4 mapped into IPv6 */
	uint16_t peer_port;
	bool has_door;         /* both were named by a trusted source .. */
	struct proxy_end door; /* .. and where the client came to */
	struct ktls_sent sent; /* what TCP must have been given before a FIN: sys/ktls.h */
	struct record_state record;
	struct hostname sni;
};

/** conn_set_state - the one place where a connection moves; a move the table lacks aborts */
void conn_set_state(struct worker *w, struct conn *c, enum conn_state next);

/** conn_accepted - a slot for a new client socket; NULL: the table is full, @fd stays the caller's */
struct conn *conn_accepted(struct worker *w, int fd);

/**
 * conn_end - stop now
 * @reason: counted; logged with the exchange that was on its way
 *
 * Whatever the client has not been sent is dropped and no close_notify is sent:
 * the client sees an unclean end. All that the connection owns is given back;
 * the socket is closed when the poll's last completion has come.
 */
void conn_end(struct worker *w, struct conn *c, enum conn_reason reason);

/**
 * conn_finish - stop properly: send what waits, close_notify, FIN; wait for the client's FIN
 */
void conn_finish(struct worker *w, struct conn *c, enum conn_reason reason);

/**
 * conn_look_ms - when to look again whether the client has taken something, c->send_due_ms at most
 *
 * While bytes wait in wire_out the poll tells. What the kernel engine's socket holds back
 * is sent by the kernel in its own time, and nobody is told.
 */
uint64_t conn_look_ms(const struct worker *w, const struct conn *c);

/** conn_said_end - CONN_LAST: our FIN is sent: wait for the client's */
void conn_said_end(struct worker *w, struct conn *c);

/** conn_poll_done - the poll's last CQE has come */
void conn_poll_done(struct worker *w, struct conn *c);

/** conn_door - the address the client came to; false: nobody says */
MUST_USE bool conn_door(const struct conn *c, struct proxy_end *out);

const char *conn_state_name(enum conn_state state);
