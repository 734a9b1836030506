/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * keys.h - from a handshake's secrets to record keys. Private to this room.
 *
 * RFC 8446 section 7.3 (TLS 1.3), RFC 5246 section 6.3 (TLS 1.2). Whoever calls
 * sets version and suite first.
 */
#pragma once

#include "tls/record.h"

/* What the keylog callback heard: NSS key log format. */
struct keylog {
	uint8_t client[48]; /* application traffic secrets, TLS 1.3 */
	uint8_t server[48];
	uint8_t client_len; /* bytes; 0: not heard */
	uint8_t server_len;
};

/* Which secret a line brought. */
enum keylog_line { KEYLOG_OTHER, KEYLOG_CLIENT, KEYLOG_SERVER };

/** keylog_take - keep a line's secret if it is one of ours */
enum keylog_line keylog_take(struct keylog *k, const char *line);

/** keys_tls13 - record keys from both traffic secrets; seq is 0. Return: 0 or -EIO. */
MUST_USE int keys_tls13(struct record_state *r, const struct keylog *k);

/**
 * keys_tls12 - record keys from the master secret; seq is 0
 * @randoms: the server's, then the client's
 *
 * Return: 0 or -EIO.
 */
MUST_USE int keys_tls12(struct record_state *r, struct slice master, const uint8_t randoms[64]);

/** keys_next - the key after a KeyUpdate; seq is 0. TLS 1.3 only. Return: 0 or -EIO. */
MUST_USE int keys_next(const struct record_state *r, struct record_dir *d);
