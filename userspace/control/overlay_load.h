/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * overlay_load.h - what the settings API was told, out of the store.
 */
#pragma once

#include "store/db.h"
#include "store/overlay.h"

/**
 * overlay_load - zones of @s and of the store, and what the store says of names in them
 * @db:  NULL: there is none
 * @out: written on success; overlay_fini()
 *
 * What is said by an account or a zone that is not there (any more), or of a name that is
 * not theirs, has no effect. Of a zone and its account the zone goes before. A zone of the
 * file hides one of the store that has its id or its name.
 *
 * Return: 0; -ENOMEM; -EIO and the like.
 */
MUST_USE int overlay_load(struct db *db, const struct snapshot *s, struct overlay *out);

/** overlay_owns - is @hostname, normalised, of @scope, "zones/ID" or "accounts/ID"? */
bool overlay_owns(const struct overlay *o, const char *scope, const char *hostname);
