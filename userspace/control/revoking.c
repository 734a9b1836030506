/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/revoking.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct db *revoking_rows(const struct revoking *g, enum revoked_by who)
{
	if (who == REVOKED_BY_STORE)
		return g->store;
	return who == REVOKED_BY_MEMORY ? g->memory : NULL;
}

/* --- a growing set ------------------------------------------------------------------------- */

static int grow(struct revoked_keys *k, size_t *cap, const uint8_t *key)
{
	enum { FIRST = 64 };
	size_t want = *cap ? *cap * 2 : FIRST;
	uint8_t *bytes;

	if (k->len == REVOKED_MAX)
		return -E2BIG;
	if (k->len == *cap) {
		bytes = reallocarray(k->bytes, want, REVOKED_KEY_BYTES);
		if (!bytes)
			return -ENOMEM;
		k->bytes = bytes;
		*cap = want;
	}
	memcpy(k->bytes + k->len++ * REVOKED_KEY_BYTES, key, REVOKED_KEY_BYTES);
	return 0;
}

struct load {
	struct revoked_keys keys;
	size_t cap;
};

static int load_row(void *arg, const struct revocation_row *row)
{
	static struct revoked_entry entry;
	struct load *l = arg;
	int r = revoked_entry_stored(row, &entry);

	return r < 0 ? r : grow(&l->keys, &l->cap, entry.key);
}

int revoking_load(struct revoking *g, const struct parent *to)
{
	struct load l = { 0 };
	int r = 0;

	if (g->store)
		r = revocations_db_each(g->store, 0, INT64_MAX, load_row, &l);
	if (r == 0) {
		revoked_keys_settle(&l.keys);
		r = revocations_put(g->list, to, REVOKED_BY_STORE, &l.keys);
	}
	revoked_keys_fini(&l.keys);
	return r;
}

/* --- revoke -------------------------------------------------------------------------------- */

int revoking_begin(struct revoking *g, bool is_durable)
{
	int r = 0;

	revoked_keys_fini(&g->fresh);
	g->fresh_cap = 0;
	g->who = is_durable ? REVOKED_BY_STORE : REVOKED_BY_MEMORY;
	if (!is_durable && !g->memory)
		r = db_open_memory(&g->memory);
	if (r < 0)
		return r;
	return revoking_rows(g, g->who) ? db_begin(revoking_rows(g, g->who)) : -ENOENT;
}

int revoking_add(struct revoking *g, const struct revoked_entry *entry,
                 const struct revocation_row *row)
{
	struct revocation_row full = *row;
	int r;

	/* A row of the store outlasts one in memory: the second adds nothing. */
	if (revoked_keys_have(&g->list->by[REVOKED_BY_STORE], entry->key))
		return 1;
	full.kind = revoked_kind_word(entry->kind);
	full.value = entry->value;
	r = revocations_db_add(revoking_rows(g, g->who), &full);
	if (r == -EEXIST)
		return 1;
	return r < 0 ? r : grow(&g->fresh, &g->fresh_cap, entry->key);
}

/* @who names @keys from now on, as the rows of @db say when that is committed; @db may be NULL. */
static int change(struct revoking *g, struct db *db, enum revoked_by who,
                  const struct revoked_keys *keys, uint64_t *out_version)
{
	struct revocations_change c;
	int r = revocations_prepare(g->list, who, keys, &c);

	if (r < 0)
		return r;
	if (db)
		r = db_commit(db);
	if (r < 0) {
		revocations_drop(&c);
		return r;
	}
	*out_version = revocations_commit(g->list, &c);
	return 0;
}

int revoking_commit(struct revoking *g, uint64_t *out_version)
{
	struct revoked_keys all = { 0 };
	int r;

	revoked_keys_settle(&g->fresh);
	r = revoked_keys_unite(&g->list->by[g->who], &g->fresh, &all);
	if (r == 0)
		r = change(g, revoking_rows(g, g->who), g->who, &all, out_version);
	revoked_keys_fini(&all);
	return r;
}

void revoking_undo(struct revoking *g)
{
	if (revoking_rows(g, g->who))
		db_rollback(revoking_rows(g, g->who));
}

/* --- find ---------------------------------------------------------------------------------- */

struct search {
	const uint8_t *key;
	revocation_each *each;
	void *arg;
	int said;
};

enum { FOUND = 1 };

static int compare_row(void *arg, const struct revocation_row *row)
{
	static struct revoked_entry entry;
	struct search *s = arg;

	if (strcmp(row->kind, revoked_kind_word(REVOKED_SERIAL)) != 0 ||
	    revoked_entry_stored(row, &entry) < 0 ||
	    memcmp(entry.key, s->key, REVOKED_KEY_BYTES) != 0)
		return 0;
	s->said = s->each(s->arg, row);
	return FOUND;
}

int revoking_find(const struct revoking *g, enum revoked_by who,
                  const uint8_t key[REVOKED_KEY_BYTES], revocation_each *each, void *arg)
{
	struct search s = { .key = key, .each = each, .arg = arg };
	struct db *db = revoking_rows(g, who);
	char id[REVOKED_ID_DIGITS + 1];
	int r;

	if (!db || !revoked_keys_have(&g->list->by[who], key))
		return -ENOENT;
	revoked_id(key, id);
	r = revocations_db_find(db, revoked_kind_word(REVOKED_SHA256), id, each, arg);
	if (r != -ENOENT)
		return r;
	r = revocations_db_each(db, 0, INT64_MAX, compare_row, &s);
	if (r == FOUND)
		return s.said;
	return r < 0 ? r : -ENOENT;
}

int revoking_row(const struct revoking *g, enum revoked_by who, const struct revoked_entry *entry,
                 revocation_each *each, void *arg)
{
	struct db *db = revoking_rows(g, who);

	return db ? revocations_db_find(db, revoked_kind_word(entry->kind), entry->value, each, arg)
	          : -ENOENT;
}

/* --- take back ----------------------------------------------------------------------------- */

static int without(const struct revoked_keys *k, const uint8_t *key, struct revoked_keys *out)
{
	uint8_t copy[REVOKED_KEY_BYTES];
	struct revoked_keys one = { .bytes = copy, .len = 1 };

	memcpy(copy, key, sizeof(copy));
	return revoked_keys_subtract(k, &one, out);
}

struct removal {
	char kind[REVOCATION_KIND_MAX + 1];
	char value[REVOCATION_VALUE_MAX + 1];
};

static int note_row(void *arg, const struct revocation_row *row)
{
	struct removal *r = arg;

	must(strlen(row->kind) <= REVOCATION_KIND_MAX);
	must(strlen(row->value) <= REVOCATION_VALUE_MAX);
	memcpy(r->kind, row->kind, strlen(row->kind) + 1);
	memcpy(r->value, row->value, strlen(row->value) + 1);
	return 0;
}

static int remove_row(struct revoking *g, enum revoked_by who, const uint8_t *key)
{
	static struct removal removal;
	struct db *db = revoking_rows(g, who);
	int r = revoking_find(g, who, key, note_row, &removal);

	if (r == 0)
		r = db_begin(db);
	if (r == 0)
		r = revocations_db_remove(db, removal.kind, removal.value);
	return r;
}

/* Who is told of it, if anybody. */
struct notice {
	revoking_note *note;
	void *arg;
};

static int remove_from(struct revoking *g, enum revoked_by who, const uint8_t *key,
                       const struct notice *notice, uint64_t *out_version)
{
	struct db *db = revoking_rows(g, who);
	struct revoked_keys less = { 0 };
	int r = without(&g->list->by[who], key, &less);

	if (r == 0 && db)
		r = remove_row(g, who, key);
	if (r == 0 && who == REVOKED_BY_STORE)
		r = notice->note(notice->arg);
	if (r == 0)
		r = change(g, db, who, &less, out_version);
	if (r < 0 && db)
		db_rollback(db);
	revoked_keys_fini(&less);
	return r;
}

int revoking_remove(struct revoking *g, const uint8_t key[REVOKED_KEY_BYTES], revoking_note *note,
                    void *arg, uint64_t *out_version)
{
	/* The store goes first: what it refuses leaves all as it was. */
	static const enum revoked_by order[] = { REVOKED_BY_STORE, REVOKED_BY_MEMORY,
		                                 REVOKED_BY_FORMER };
	const struct notice notice = { .note = note, .arg = arg };
	int r = -ENOENT;

	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		if (!revoked_keys_have(&g->list->by[order[i]], key))
			continue;
		r = remove_from(g, order[i], key, &notice, out_version);
		if (r < 0)
			return r;
	}
	return r;
}

void revoking_fini(struct revoking *g)
{
	revoked_keys_fini(&g->fresh);
	db_close(g->memory);
}
