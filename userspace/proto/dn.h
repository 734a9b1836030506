/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dn.h - the attributes of a distinguished name, one by one, from its DER.
 *
 * Borrows from what it is given; anything that is not a Name ends the walk.
 */
#pragma once

#include "base/slice.h"

struct dn_walk {
	struct slice rdns; /* left to do: SETs */
	struct slice set;  /* left of the current one: AttributeTypeAndValue */
};

struct dn_attribute {
	struct slice oid;   /* contents */
	struct slice value; /* contents of the string, whatever its type */
	uint8_t type;       /* the string's tag: X.680 section 8.4 */
};

/** dn_begin - walk a Name */
struct dn_walk dn_begin(struct slice der);

/** dn_next - false: the end, or what follows is not one */
bool dn_next(struct dn_walk *w, struct dn_attribute *out);
