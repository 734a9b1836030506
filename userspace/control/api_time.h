/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * api_time.h - moments as the API writes them: RFC 3339, UTC.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

/** api_time - "2014-01-01T05:20:00Z"; null for a moment that has no such form. @s: seconds since 1970 */
json_t *api_time(int64_t s);
