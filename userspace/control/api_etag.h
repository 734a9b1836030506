/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * api_etag.h - two who change the same thing: the one who did not see the other's change loses.
 */
#pragma once

#include "control/api_call.h"

/** api_etag - the answer's ETag says which state of the thing @shown is. Of one that is too large for memory there is none. */
void api_etag(struct api_call *call, const json_t *shown);

/**
 * api_etag_check - does If-Match, if there is one, mean @shown, which is how the thing is now?
 *
 * Return: false: it does not, and 412 is the answer.
 * Source: RFC 9110 section 13.1.1.
 */
bool api_etag_check(struct api_call *call, const json_t *shown);

/** api_etag_in - is @tag, with its quotes, in the list @field, or that "*"? */
bool api_etag_in(const char *field, const char *tag);
