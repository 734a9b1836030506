/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * api_body.h - what is in a request's body, with every mistake named by its place.
 *
 * Each of these says what is wrong (api_fail(), 400, with source.pointer) and goes on; the
 * caller looks at call->status when it has read all it wants.
 */
#pragma once

#include "control/api_call.h"

enum { API_POINTER_BYTES_MAX = 64 };

/** body_object - @value as an object with no keys but @keys (NULL-terminated). Return: false: it is not. @at: its pointer, "" for the body */
bool body_object(struct api_call *call, json_t *value, const char *at, const char *const *keys);

/**
 * body_text - a member that is a string of 1..@max bytes, without control characters
 *
 * Return: it; NULL: it is not there (a mistake if @is_needed), or wrong, which has been said.
 */
const char *body_text(struct api_call *call, const json_t *object, const char *at, const char *key,
                      size_t max, bool is_needed);

/** body_bool - a member that is true or false, and must be there */
bool body_bool(struct api_call *call, const json_t *object, const char *at, const char *key);
