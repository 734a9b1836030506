/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * zone_words.h - ids and domains of zones, as the file and the API write them.
 */
#pragma once

#include "conf/policy.h"
#include "store/snapshot.h"

enum { ZONE_NAME_BYTES_MAX = HOST_NAME_MAX_BYTES + 1 };

#define ZONE_ID_WANTED   "32 hexadecimal digits are wanted"
#define ZONE_NAME_WANTED "a domain is wanted: example.com"

/** zone_id - @text (NULL is wrong) in lower case. Return: false: it is none. */
bool zone_id(const char *text, char out[SNAPSHOT_ID_BYTES + 1]);

/** zone_name - @text (NULL is wrong) as names are compared; two labels at least. Return: false: it is none. */
bool zone_name(const char *text, char out[ZONE_NAME_BYTES_MAX]);

/** zone_hostname - the same of a hostname within one, which may begin with "*." */
bool zone_hostname(const char *text, char out[ZONE_NAME_BYTES_MAX]);
