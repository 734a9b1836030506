/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * auth.h - is who asks the settings API over an address known, and what may they do?
 *
 * A token is 40 hexadecimal digits: 8 that say which, and 32 that nobody else knows. It is
 * good as "Authorization: Bearer TOKEN", and as X-Auth-Key beside the X-Auth-Email it was
 * made for.
 */
#pragma once

#include "store/tokens_db.h"

enum {
	AUTH_SECRET_BYTES = 32, /* hexadecimal digits */
	AUTH_TOKEN_BYTES = TOKEN_ID_BYTES + AUTH_SECRET_BYTES,
	AUTH_TRIES_MAX = 10, /* failures in AUTH_TRIES_MS, for each token */
	AUTH_TRIES_MS = 60000,
};

enum auth_verdict {
	AUTH_OK,
	AUTH_MISSING,    /* no token at all */
	AUTH_BAD_BEARER, /* Authorization is not "Bearer TOKEN" */
	AUTH_BAD_KEY,    /* X-Auth-Key is not a TOKEN, or comes without X-Auth-Email */
	AUTH_WRONG,
	AUTH_TOO_MANY, /* not even looked at */
	AUTH_FAILED,   /* the store cannot be read */
};

/* What a request says of itself: header fields' values, NULL where there is none. */
struct auth_ask {
	const char *authorization;
	const char *email;
	const char *key;
	uint64_t now_ms;
};

/* Failures lately. Tokens that do not exist share one row, so that who guesses locks out
 * nobody who is known. Begins as all zeroes. */
struct auth_tries {
	struct auth_try {
		char id[TOKEN_ID_BYTES + 1]; /* "": tokens that do not exist */
		uint32_t failures;
		uint64_t since_ms;
	} rows[TOKENS_MAX + 1];
};

/**
 * auth_judge - who is it?
 * @db:  NULL: there is no store, and nobody is known
 * @out: written on AUTH_OK
 *
 * How long it takes tells nothing of a token's secret. With both kinds of header fields,
 * Authorization counts.
 */
enum auth_verdict auth_judge(struct auth_tries *tries, struct db *db, const struct auth_ask *ask,
                             struct token_row *out);

/**
 * auth_make - a new token
 * @row:       gets id, salt and hash; the rest is the caller's
 * @out_token: to be shown once
 *
 * Return: 0; -EIO.
 */
MUST_USE int auth_make(struct token_row *row, char out_token[AUTH_TOKEN_BYTES + 1]);
