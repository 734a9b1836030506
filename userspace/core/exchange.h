/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * exchange.h - one request and its response.
 */
#pragma once

#include "core/splice.h"
#include "proto/body.h"
#include "proto/hostname.h"
#include "proto/refusal.h"

struct conn;
struct host;
struct origin;
struct policy;
struct worker;

enum { EXCHANGE_PATH_MAX = 1024, EXCHANGE_METHOD_MAX = 24 };

struct exchange {
	struct policy *policy; /* one reference; keeps host alive */
	struct host *host;
	struct origin *origin; /* that serves it; borrowed from host */
	struct body up, down;
	struct splice up_splice, down_splice;
	uint64_t begun_us;    /* first byte of the head was there */
	uint64_t sent_us;     /* request handed to the origin; 0: not yet */
	uint64_t answered_us; /* first byte of the response; 0: not yet */
	uint64_t bytes_in;    /* body bytes from the client */
	uint64_t bytes_out;   /* head and body bytes to the client */
	uint64_t mark;        /* how far it had come when its timer was set */
	uint16_t tries;       /* origins tried */
	uint16_t interims;    /* 1xx passed on */
	uint16_t status;      /* sent to the client; 0: none */
	uint8_t refusal;      /* enum refusal */
	uint8_t waits;        /* what its timer is for: session.c */
	uint8_t minor;        /* the request's HTTP/1.minor */
	bool is_head;         /* method HEAD */
	bool wants_upgrade;
	bool is_answering; /* a final response head went to the client */
	bool has_identity; /* the head in origin_out carries the identity lines */
	bool may_resend;   /* idempotent, no body, nothing received: may go to a fresh link */
	bool wants_fresh;  /* a kept link had died: no pooled one again */
	bool up_broken;    /* the origin takes no more; its answer may still come */
	bool up_starved;   /* what is in plain_in is not enough to go on */
	bool down_starved;
	bool link_keeps; /* the origin lets its connection go on */
	bool up_ended;   /* tunnel: that direction has ended and was passed on */
	bool down_ended;
	uint16_t method_len, path_len;
	char method[EXCHANGE_METHOD_MAX];
	char path[EXCHANGE_PATH_MAX]; /* cut at this length for the log */
	struct hostname name;         /* the request's host */
};

/** exchange_begin - a fresh one for @c; NULL when the pool is empty */
struct exchange *exchange_begin(struct worker *w, struct conn *c);

/** exchange_end - log it, count it, give it back */
void exchange_end(struct worker *w, struct conn *c);
