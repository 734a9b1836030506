/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * position.h - from "hosts[2].client_auth.ca" to the line that says so.
 */
#pragma once

#include <stdbool.h>

#include "base/must.h"

struct positions;

/** positions_new - an empty map; NULL without memory */
struct positions *positions_new(void);

/** positions_free - NULL is fine */
void positions_free(struct positions *p);

/**
 * positions_add - @path is at @line
 *
 * Return: the map's copy of @path, valid until positions_free(); NULL without memory.
 */
const char *positions_add(struct positions *p, unsigned int line, const char *path);

/**
 * positions_line - where is @path, or the nearest thing around it?
 *
 * A key that the file leaves out is reported where its mapping begins.
 *
 * Return: a line; 1 when not even the outermost part is known.
 */
unsigned int positions_line(struct positions *p, const char *path);

/** positions_has - is PATH.KEY written in the file, be it an empty list? */
bool positions_has(struct positions *p, const char *path, const char *key);
