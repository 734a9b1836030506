/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/auth.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "tls/secret.h"

static struct slice str(const char *s)
{
	return slice_of(s, strlen(s));
}

static bool is_token(const char *text)
{
	uint8_t bytes[AUTH_TOKEN_BYTES / 2];

	return strlen(text) == AUTH_TOKEN_BYTES && text_unhex(str(text), bytes, sizeof(bytes)) == 0;
}

/* RFC 9110 section 11.1: the scheme's case does not count. Return: the token; NULL. */
static const char *bearer(const char *authorization)
{
	const struct slice scheme = SLICE("Bearer ");
	const char *token = authorization + scheme.len;

	if (strlen(authorization) != scheme.len + AUTH_TOKEN_BYTES ||
	    !text_eq_nocase(slice_of(authorization, scheme.len), scheme))
		return NULL;
	return is_token(token) ? token : NULL;
}

/* A row that is neither wanted nor recent gives way. */
static struct auth_try *try_of(struct auth_tries *tries, const char *id, uint64_t now_ms)
{
	struct auth_try *found = NULL;

	for (size_t i = 0; i < ARRAY_LEN(tries->rows); i++) {
		struct auth_try *t = &tries->rows[i];

		if (now_ms - t->since_ms > AUTH_TRIES_MS)
			t->failures = 0;
		if (strcmp(t->id, id) == 0)
			found = t;
	}
	for (size_t i = 1; !found && i < ARRAY_LEN(tries->rows); i++)
		if (tries->rows[i].failures == 0)
			found = &tries->rows[i];
	/* There are no more tokens than rows: this is one that was removed meanwhile. */
	if (!found)
		found = &tries->rows[1];
	if (strcmp(found->id, id) != 0) {
		*found = (struct auth_try){ .since_ms = now_ms };
		memcpy(found->id, id, strlen(id) + 1);
	}
	return found;
}

static bool is_secret(const struct token_row *row, const char *secret)
{
	uint8_t salt[SECRET_SALT_BYTES];
	uint8_t want[SECRET_HASH_BYTES];
	uint8_t have[SECRET_HASH_BYTES];

	return text_unhex(str(row->salt), salt, sizeof(salt)) == 0 &&
	       text_unhex(str(row->hash), want, sizeof(want)) == 0 &&
	       secret_hash(salt, str(secret), have) == 0 && secret_eq(want, have);
}

static enum auth_verdict judge_token(struct auth_tries *tries, struct db *db, const char *token,
                                     const struct auth_ask *ask, struct token_row *out)
{
	/* Not there: as much work, for a secret that nobody has. */
	static const struct token_row nobody = { .salt = "00000000000000000000000000000000",
		                                 .hash = "00000000000000000000000000000000"
		                                         "00000000000000000000000000000000" };
	struct token_row row = nobody;
	struct auth_try *tried;
	char id[TOKEN_ID_BYTES + 1] = "";
	int r;

	memcpy(id, token, TOKEN_ID_BYTES);
	r = db ? tokens_db_find(db, id, &row) : -ENOENT;
	if (r < 0 && r != -ENOENT)
		return AUTH_FAILED;
	tried = try_of(tries, r == 0 ? id : "", ask->now_ms);
	if (tried->failures >= AUTH_TRIES_MAX)
		return AUTH_TOO_MANY;
	if (is_secret(&row, token + TOKEN_ID_BYTES) && r == 0 &&
	    (ask->authorization ||
	     (row.email[0] && text_eq_nocase(str(row.email), str(ask->email))))) {
		*out = row;
		return AUTH_OK;
	}
	if (tried->failures++ == 0)
		tried->since_ms = ask->now_ms;
	return AUTH_WRONG;
}

enum auth_verdict auth_judge(struct auth_tries *tries, struct db *db, const struct auth_ask *ask,
                             struct token_row *out)
{
	const char *token;

	if (ask->authorization) {
		token = bearer(ask->authorization);
		if (!token)
			return AUTH_BAD_BEARER;
	} else if (ask->key || ask->email) {
		token = ask->key;
		if (!token || !ask->email || !is_token(token))
			return AUTH_BAD_KEY;
	} else {
		return AUTH_MISSING;
	}
	return judge_token(tries, db, token, ask, out);
}

static void put_hex(const uint8_t *bytes, size_t len, char *out)
{
	struct sink s = sink_of(out, len * 2);

	text_hex(&s, slice_of(bytes, len));
	out[s.len] = '\0';
}

int auth_make(struct token_row *row, char out_token[AUTH_TOKEN_BYTES + 1])
{
	uint8_t bytes[AUTH_TOKEN_BYTES / 2];
	uint8_t salt[SECRET_SALT_BYTES];
	uint8_t hash[SECRET_HASH_BYTES];
	int r = secret_random(bytes, sizeof(bytes));

	if (r == 0)
		r = secret_random(salt, sizeof(salt));
	if (r < 0)
		return r;
	put_hex(bytes, sizeof(bytes), out_token);
	memcpy(row->id, out_token, TOKEN_ID_BYTES);
	row->id[TOKEN_ID_BYTES] = '\0';
	r = secret_hash(salt, str(out_token + TOKEN_ID_BYTES), hash);
	explicit_bzero(bytes, sizeof(bytes));
	put_hex(salt, sizeof(salt), row->salt);
	put_hex(hash, sizeof(hash), row->hash);
	return r;
}
