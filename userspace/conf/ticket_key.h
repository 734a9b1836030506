/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ticket_key.h - what session tickets are sealed with, and how a file says it.
 *
 * A line for each key: 160 hexadecimal digits, of what `openssl rand -hex 80` prints. Empty
 * lines and lines that begin with # are passed over. The first key seals, all of them open.
 */
#pragma once

#include "base/sink.h"

enum {
	TICKET_KEY_NAME_BYTES = 16,
	TICKET_KEY_BYTES = TICKET_KEY_NAME_BYTES + 32 + 32,
	TICKET_KEYS_MAX = 3, /* a coming one, the one in use, one that was */
	TICKET_KEYS_TEXT_MAX = 4096,
};

/* Secret, but for its name. */
struct ticket_key {
	uint8_t name[TICKET_KEY_NAME_BYTES]; /* stands in front of every ticket */
	uint8_t cipher[32];                  /* AES-256 */
	uint8_t mac[32];                     /* HMAC-SHA-256 */
	int64_t made;                        /* s since 1970; 0: by others */
};

/* In order: the first one seals. */
struct ticket_keys {
	struct ticket_key rows[TICKET_KEYS_MAX];
	size_t len;
};

/** ticket_key_read - a key out of its 160 digits; made is 0. Return: 0 or -EINVAL. */
MUST_USE int ticket_key_read(struct slice digits, struct ticket_key *out);

/** ticket_key_put - and back */
void ticket_key_put(const struct ticket_key *k, struct sink *out);

/**
 * ticket_keys_read - all keys of a file
 * @out_line: the line that is wrong, from 1 on, when it is -EINVAL or -EEXIST
 *
 * Return: 0; -EINVAL no key; -EEXIST a key of that name is there already; -E2BIG more than
 *         TICKET_KEYS_MAX; -ENODATA none at all.
 */
MUST_USE int ticket_keys_read(struct slice text, struct ticket_keys *out, size_t *out_line);

/** ticket_keys_error - what an error of ticket_keys_read() means */
const char *ticket_keys_error(int error);

/** ticket_keys_eq - the same keys in the same order? */
bool ticket_keys_eq(const struct ticket_keys *a, const struct ticket_keys *b);
