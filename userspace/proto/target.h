/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * target.h - the four forms of a request target (RFC 9112 section 3.2).
 */
#pragma once

#include "base/slice.h"

enum target_form { TARGET_ORIGIN, TARGET_ABSOLUTE, TARGET_AUTHORITY, TARGET_ASTERISK };

struct target {
	enum target_form form;
	struct slice authority; /* absolute and authority form; never empty */
	struct slice path;      /* path and query as they came; absolute form: may be empty */
};

/**
 * target_split - which form, and its parts
 * @method: decides: authority form is CONNECT's only, "*" is OPTIONS' only
 * @target: any bytes
 * @out:    written on success only
 *
 * Visible ASCII without '#'. Absolute form is http and https only. Whether the
 * authority makes sense is authority_of()'s to say.
 *
 * Return: false when it is none of them.
 */
MUST_USE bool target_split(struct slice method, struct slice target, struct target *out);
