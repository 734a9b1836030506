/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * api_revocations.h - private to api_revo*.c: who is revoked, as the API reads and says it.
 */
#pragma once

#include "control/api_call.h"
#include "control/revoking.h"

/* Adds what it is given to the array that is its argument: a revocation_each. */
struct revocation_list {
	json_t *rows;
	enum revoked_by who;
};

/** put_revocation - a revocation_each: a row of the store or of memory, as JSON. Return: 0; -ENOMEM. */
int put_revocation(void *arg, const struct revocation_row *row);

/** put_revocation_of_file - its entry @n. put_revocation_of_former - of a control that died. Return: 0; -ENOMEM. */
int put_revocation_of_file(json_t *rows, const struct revoked_file *f, size_t n);
int put_revocation_of_former(json_t *rows, const uint8_t key[REVOKED_KEY_BYTES]);

/** revocations_of - all that revokes this key, as an array. Return: NULL: no memory, or the store cannot be read */
json_t *revocations_of(const struct revoking *g, const uint8_t key[REVOKED_KEY_BYTES]);

/**
 * revocation_read - one entry of a body
 * @at:     the pointer of @value: "" or "/3"
 * @reason: borrowed from @value; "" where there is none
 *
 * Return: false: it is none, and every mistake in it has been said, with its place.
 */
bool revocation_read(struct api_call *call, json_t *value, const char *at,
                     struct revoked_entry *out, const char **reason);
