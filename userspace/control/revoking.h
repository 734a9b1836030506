/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * revoking.h - who is revoked by hand, while it runs: rows in the store, or in memory alone.
 *
 * A change is made ready, then made durable, then sent to the workers: what was told to have
 * happened survives whatever happens, and what failed has changed nothing.
 *
 *   r = revoking_begin(g, is_durable);
 *   for (...) if (r == 0) r = revoking_add(g, ...);
 *   r = r == 0 ? revoking_commit(g, &version) : r;
 *   if (r < 0) revoking_undo(g);
 */
#pragma once

#include "control/revocations.h"
#include "control/revoked_entry.h"
#include "control/revoked_file.h"
#include "store/db.h"

struct revoking {
	struct revocations *list;
	struct db *store;  /* NULL: there is none */
	struct db *memory; /* made when it is first needed */
	const struct revoked_file *file;

	/* the change that is under way */
	enum revoked_by who;
	struct revoked_keys fresh; /* of whom it revokes, as they came */
	size_t fresh_cap;
};

/** revoking_load - name what the store has. Return: 0; -EINVAL a row that is not understood; -E2BIG; of the store. */
MUST_USE int revoking_load(struct revoking *g, const struct parent *to);

/** revoking_rows - where @who's rows are; NULL: nowhere */
struct db *revoking_rows(const struct revoking *g, enum revoked_by who);

/** revoking_begin - Return: 0; -ENOENT there is no store; -EROFS, -ENOSPC, -EIO it cannot be written; -ENOMEM. */
MUST_USE int revoking_begin(struct revoking *g, bool is_durable);

/**
 * revoking_add - one more
 * @row: kind and value are @entry's, which need not be there
 *
 * Return: 0; 1 it is there already, and stays as it was; of revocations_db_add().
 */
MUST_USE int revoking_add(struct revoking *g, const struct revoked_entry *entry,
                          const struct revocation_row *row);

/**
 * revoking_commit - all of it is durable, and on its way
 * @out_version: see revocations_is_in_force()
 *
 * Return: 0; -E2BIG too many; -ENOMEM; of db_commit(): nothing has changed.
 */
MUST_USE int revoking_commit(struct revoking *g, uint64_t *out_version);
void revoking_undo(struct revoking *g);

/* Writes more into the store, so that it is durable together with a change. Return: 0; -errno: no change. */
typedef int revoking_note(void *arg);

/**
 * revoking_remove - take it back, wherever it is but in the file
 * @note: called if the store has it
 *
 * Return: 0; -ENOENT it is nowhere else; -EROFS, -ENOSPC, -EIO, -ENOMEM: it is still revoked.
 */
MUST_USE int revoking_remove(struct revoking *g, const uint8_t key[REVOKED_KEY_BYTES],
                             revoking_note *note, void *arg, uint64_t *out_version);

/**
 * revoking_find - the row of a key to @each
 * @who: REVOKED_BY_STORE or REVOKED_BY_MEMORY
 *
 * By a serial number's key all rows of that kind are looked at.
 * Return: 0; -ENOENT; what @each said; -EIO; -ENOMEM.
 */
MUST_USE int revoking_find(const struct revoking *g, enum revoked_by who,
                           const uint8_t key[REVOKED_KEY_BYTES], revocation_each *each, void *arg);

/** revoking_row - the row of an entry to @each, without a search. As above. */
MUST_USE int revoking_row(const struct revoking *g, enum revoked_by who,
                          const struct revoked_entry *entry, revocation_each *each, void *arg);

void revoking_fini(struct revoking *g);
