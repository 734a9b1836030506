/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * api_access.h - what the routes below /client/v4/{zones|accounts}/{id}/access have in common.
 */
#pragma once

#include "control/api_call.h"
#include "control/zone_words.h"

enum { ACCESS_SCOPE_BYTES_MAX = 48 };

/* Whose certificates and settings. */
struct access_scope {
	char scope[ACCESS_SCOPE_BYTES_MAX]; /* "zones/ID", "accounts/ID": of the store's tables */
	char account[SNAPSHOT_ID_BYTES + 1];
};

/** access_scope - the zone or account of the path. Return: false: there is none, and that is the answer. */
bool access_scope(struct api_call *call, struct access_scope *out);

/**
 * access_hostname - a hostname of the body, which must be of @scope
 * @pointer: where it stands
 * @out:     normalised
 *
 * Return: false: it is none, or not theirs, and that is the answer.
 */
bool access_hostname(struct api_call *call, const struct access_scope *scope, const json_t *value,
                     const char *pointer, char out[ZONE_NAME_BYTES_MAX]);

/** access_unreadable - the store could not be read: @error, negative, is answered */
void access_unreadable(struct api_call *call, int error);
