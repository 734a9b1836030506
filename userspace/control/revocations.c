/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/revocations.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "sys/memfd.h"

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, REVOKED_KEY_BYTES);
}

static uint8_t *at(const struct revoked_keys *k, size_t n)
{
	return k->bytes + n * REVOKED_KEY_BYTES;
}

void revoked_keys_settle(struct revoked_keys *k)
{
	size_t kept = 0;

	if (k->len == 0)
		return;
	qsort(k->bytes, k->len, REVOKED_KEY_BYTES, by_bytes);
	for (size_t n = 0; n < k->len; n++) {
		if (kept > 0 && by_bytes(at(k, kept - 1), at(k, n)) == 0)
			continue;
		memmove(at(k, kept++), at(k, n), REVOKED_KEY_BYTES);
	}
	k->len = kept;
}

void revoked_keys_fini(struct revoked_keys *k)
{
	free(k->bytes);
	*k = (struct revoked_keys){ 0 };
}

static struct slice bytes_of(const struct revoked_keys *k)
{
	return slice_of(k->bytes, k->len * REVOKED_KEY_BYTES);
}

static int append(struct revoked_keys *to, const struct revoked_keys *more)
{
	uint8_t *bytes;

	if (more->len == 0)
		return 0;
	bytes = reallocarray(to->bytes, to->len + more->len, REVOKED_KEY_BYTES);
	if (!bytes)
		return -ENOMEM;
	to->bytes = bytes;
	slice_copy(at(to, to->len), bytes_of(more));
	to->len += more->len;
	return 0;
}

/* All that is named, where @who names @keys. */
static int unite(const struct revocations *r, enum revoked_by who, const struct revoked_keys *keys,
                 struct revoked_keys *out)
{
	struct revoked_keys all = { 0 };
	int rc = 0;

	for (enum revoked_by by = 0; rc == 0 && by < REVOKED_BY_MAX; by++)
		rc = append(&all, by == who ? keys : &r->by[by]);
	revoked_keys_settle(&all);
	if (rc == 0 && all.len > REVOKED_MAX)
		rc = -E2BIG;
	if (rc < 0) {
		revoked_keys_fini(&all);
		return rc;
	}
	*out = all;
	return 0;
}

int revocations_name(struct revocations *r, enum revoked_by who, const struct revoked_keys *keys)
{
	struct revoked_keys all = { 0 };
	struct revoked_keys mine = { 0 };
	int rc = unite(r, who, keys, &all);

	revoked_keys_fini(&all);
	if (rc == 0)
		rc = append(&mine, keys);
	if (rc < 0)
		return rc;
	revoked_keys_fini(&r->by[who]);
	r->by[who] = mine;
	return 0;
}

static int send_all(const struct parent *to, uint64_t version, const struct revoked_keys *all)
{
	const struct msg_version v = { .version = version };
	CLEAN_FD int fd = -1;
	int rc = memfd_seal("sluice-revoked", bytes_of(all), &fd);

	return rc < 0 ? rc : channel_send(to->fd, MSG_REVOKED, &v, sizeof(v), fd);
}

int revocations_send(struct revocations *r, const struct parent *to)
{
	struct revoked_keys all = { 0 };
	int rc = unite(r, REVOKED_BY_MAX, NULL, &all);

	if (rc < 0)
		return rc;
	if (slice_eq(bytes_of(&all), bytes_of(&r->sent))) {
		revoked_keys_fini(&all);
		return 0;
	}
	rc = send_all(to, r->version + 1, &all);
	if (rc < 0) {
		revoked_keys_fini(&all);
		return rc;
	}
	revoked_keys_fini(&r->sent);
	r->sent = all;
	r->version++;
	r->answers = 0;
	memset(r->has_answered, 0, sizeof(r->has_answered));
	return 0;
}

void revocations_answer(struct revocations *r, const struct msg_result *result)
{
	if (result->version != r->version || result->worker >= r->workers ||
	    r->has_answered[result->worker])
		return;
	r->has_answered[result->worker] = true;
	if (++r->answers < r->workers)
		return;
	r->in_force = r->version;
	log_info("list of revoked certificates in force: %zu entries, version %llu, in %u workers",
	         r->sent.len, (unsigned long long)r->version, r->workers);
}

int revocations_adopt(struct revocations *r, uint64_t version, int fd)
{
	struct revoked_keys had = { 0 };
	char *bytes = NULL;
	size_t len = 0;
	int rc = memfd_read(fd, (size_t)REVOKED_MAX * REVOKED_KEY_BYTES, &bytes, &len);

	if (rc < 0)
		return rc;
	had = (struct revoked_keys){ .bytes = (uint8_t *)bytes, .len = len / REVOKED_KEY_BYTES };
	r->version = version;
	rc = revocations_name(r, REVOKED_BY_FILE, &had);
	revoked_keys_fini(&r->sent);
	r->sent = had;
	return rc;
}

void revocations_fini(struct revocations *r)
{
	for (enum revoked_by by = 0; by < REVOKED_BY_MAX; by++)
		revoked_keys_fini(&r->by[by]);
	revoked_keys_fini(&r->sent);
}
