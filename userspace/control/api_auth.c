/* SPDX-License-Identifier: GPL-2.0-only */
/* api_auth.c - who asks, and what is said to whom nobody knows. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "control/api_answer.h"
#include "control/api_priv.h"
#include "control/api_router.h"
#include "control/api_world.h"

static void name_peer(struct api_call *call, int fd)
{
	struct ucred cred = { .uid = UINT32_MAX };
	socklen_t len = sizeof(cred);

	/* Of one whose peer is gone by now nothing is known, and nothing is answered. */
	(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len);
	(void)snprintf(call->who, sizeof(call->who), "uid %u", cred.uid);
}

/* Always the same words, and a token's own secret is never in them. */
static void refuse(struct api_call *call, enum auth_verdict verdict)
{
	switch (verdict) {
	case AUTH_BAD_BEARER:
		api_fail(call, 400, API_CODE_HEADERS, NULL, "Invalid request headers");
		api_chain(call, API_CODE_HEADERS_BEARER, "Invalid format for Authorization header");
		return;
	case AUTH_BAD_KEY:
		api_fail(call, 400, API_CODE_HEADERS, NULL, "Invalid request headers");
		api_chain(call, API_CODE_HEADERS_KEY, "Invalid format for X-Auth-Key header");
		return;
	case AUTH_TOO_MANY:
		call->retry_after_s = AUTH_TRIES_MS / 1000;
		api_fail(call, 429, API_CODE_AUTH, NULL,
		         "Authentication error: too many failed tries");
		return;
	case AUTH_FAILED:
		api_fail(call, 500, API_CODE_INTERNAL, NULL, "the store cannot be read");
		return;
	case AUTH_OK:
	case AUTH_MISSING:
	case AUTH_WRONG:
		break;
	}
	api_fail(call, 401, API_CODE_AUTH, NULL, "Authentication error");
}

bool api_auth(struct api_call *call, struct auth_tries *tries, int fd)
{
	const struct auth_ask ask = {
		.authorization = api_header(call, "Authorization"),
		.email = api_header(call, "X-Auth-Email"),
		.key = api_header(call, "X-Auth-Key"),
		.now_ms = call->world->now_ms,
	};
	enum api_right right = call->route->right;
	enum auth_verdict verdict;
	struct token_row token;

	if (fd >= 0)
		name_peer(call, fd);
	if (fd >= 0 || right == API_ANYBODY)
		return true;
	verdict = auth_judge(tries, call->world->db, &ask, &token);
	if (verdict != AUTH_OK) {
		refuse(call, verdict);
		return false;
	}
	if (right == API_OWNER) {
		api_fail(call, 403, API_CODE_AUTH, NULL,
		         "Authentication error: this is asked over the unix socket only");
		return false;
	}
	if (right == API_WRITE && strcmp(token.scope, "write") != 0) {
		api_fail(call, 403, API_CODE_AUTH, NULL,
		         "Authentication error: this token may not write");
		return false;
	}
	(void)snprintf(call->who, sizeof(call->who), "token %s (%s)", token.id, token.name);
	return true;
}
