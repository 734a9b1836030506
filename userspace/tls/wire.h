/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * wire.h - a handshake's bytes as OpenSSL sees them. Private to this room.
 *
 * A BIO over the caller's buffers that gives OpenSSL whole records only and counts
 * the records of both directions, also for an OpenSSL that buffers writes. With the
 * counts the record engine goes on where OpenSSL stopped.
 */
#pragma once

#include <openssl/bio.h>

#include "base/sink.h"

struct wire {
	struct slice in;  /* from the caller, for one step */
	size_t taken;     /* bytes of in given to OpenSSL */
	size_t left;      /* of them: missing from the record that was begun */
	struct sink *out; /* from the caller, for one step */
	bool hopeless;    /* a header that begins no record was given; nothing follows it */
	bool overflow;    /* out was too small */

	/* Since the last ChangeCipherSpec or wire_restart_*(). */
	uint64_t records_in;
	uint64_t records_out;

	/* The record being written. */
	size_t head_len; /* bytes of head that are known */
	size_t body_left;
	uint8_t head[13]; /* header, and where TLS 1.2 AES-GCM has its explicit nonce */
	uint8_t last_explicit[8];
};

/** wire_method - the BIO's methods, made once. Return: NULL when there is no memory. */
BIO_METHOD *wire_method(void);

/** wire_bio - a BIO over @w, which outlives it. Return: NULL when there is no memory. */
BIO *wire_bio(struct wire *w);

/** wire_has_record - is there anything that OpenSSL could go on with? */
bool wire_has_record(const struct wire *w);

/** wire_is_between_records - nothing begun in either direction */
bool wire_is_between_records(const struct wire *w);
