/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/revocations.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "sys/memfd.h"

/* Descriptors here are never 0, which is the standard input's: a zeroed struct has none. */
static void close_fd(int *fd)
{
	if (*fd > 0)
		(void)close(*fd);
	*fd = 0;
}

/* All that is named, where @who names @keys. */
static int unite(const struct revocations *r, enum revoked_by who, const struct revoked_keys *keys,
                 struct revoked_keys *out)
{
	struct revoked_keys all = { 0 };
	int rc = 0;

	for (enum revoked_by by = 0; rc == 0 && by < REVOKED_BY_MAX; by++) {
		struct revoked_keys more = { 0 };

		rc = revoked_keys_unite(&all, by == who ? keys : &r->by[by], &more);
		if (rc < 0)
			break;
		revoked_keys_fini(&all);
		all = more;
	}
	if (rc == 0 && all.len > REVOKED_MAX)
		rc = -E2BIG;
	if (rc < 0) {
		revoked_keys_fini(&all);
		return rc;
	}
	*out = all;
	return 0;
}

static bool is_news(const struct revocations *r, const struct revoked_keys *all)
{
	return r->is_to_be_resent ||
	       !slice_eq(revoked_keys_bytes(all), revoked_keys_bytes(&r->all));
}

int revocations_prepare(const struct revocations *r, enum revoked_by who,
                        const struct revoked_keys *keys, struct revocations_change *out)
{
	static const struct revoked_keys none;
	struct revocations_change change = { .who = who };
	int fd = -1;
	int rc = unite(r, who, keys, &change.all);

	if (rc == 0)
		rc = revoked_keys_unite(keys, &none, &change.mine);
	if (rc == 0 && is_news(r, &change.all))
		rc = memfd_seal("sluice-revoked", revoked_keys_bytes(&change.all), &fd);
	if (rc < 0) {
		revocations_drop(&change);
		return rc;
	}
	must(fd != 0);
	change.fd = fd < 0 ? 0 : fd;
	*out = change;
	return 0;
}

void revocations_drop(struct revocations_change *change)
{
	revoked_keys_fini(&change->mine);
	revoked_keys_fini(&change->all);
	close_fd(&change->fd);
}

uint64_t revocations_commit(struct revocations *r, struct revocations_change *change)
{
	revoked_keys_fini(&r->by[change->who]);
	r->by[change->who] = change->mine;
	change->mine = (struct revoked_keys){ 0 };
	if (change->fd > 0) {
		revoked_keys_fini(&r->all);
		r->all = change->all;
		change->all = (struct revoked_keys){ 0 };
		close_fd(&r->owed_fd);
		r->owed_fd = change->fd;
		change->fd = 0;
		r->version++;
		r->is_to_be_resent = false;
	}
	revocations_drop(change);
	return r->version;
}

int revocations_put(struct revocations *r, const struct parent *to, enum revoked_by who,
                    const struct revoked_keys *keys)
{
	struct revocations_change change;
	int rc = revocations_prepare(r, who, keys, &change);

	if (rc < 0)
		return rc;
	(void)revocations_commit(r, &change);
	return revocations_flush(r, to);
}

int revocations_flush(struct revocations *r, const struct parent *to)
{
	const struct msg_version v = { .version = r->version };
	int rc;

	if (r->owed_fd <= 0)
		return 0;
	rc = channel_send(to->fd, MSG_REVOKED, &v, sizeof(v), r->owed_fd);
	if (rc == 0)
		close_fd(&r->owed_fd);
	return rc == -EAGAIN ? 0 : rc;
}

static void find_in_force(struct revocations *r)
{
	uint64_t least = UINT64_MAX;

	for (uint32_t i = 0; i < r->workers; i++)
		if (r->has[i] < least)
			least = r->has[i];
	if (r->workers == 0 || least <= r->in_force)
		return;
	r->in_force = least;
	if (least == r->version)
		log_info("list of revoked certificates in force: %zu entries, version %llu, in %u "
		         "workers",
		         r->all.len, (unsigned long long)r->version, r->workers);
}

void revocations_answer(struct revocations *r, const struct msg_result *result)
{
	if (result->version > r->version || result->worker >= r->workers ||
	    result->version <= r->has[result->worker])
		return;
	r->has[result->worker] = result->version;
	find_in_force(r);
}

bool revocations_is_in_force(const struct revocations *r, uint64_t version)
{
	return r->in_force >= version;
}

int revocations_adopt(struct revocations *r, uint64_t version, int fd)
{
	char *bytes = NULL;
	size_t len = 0;
	int rc = memfd_read(fd, (size_t)REVOKED_MAX * REVOKED_KEY_BYTES, &bytes, &len);

	if (rc < 0)
		return rc;
	if (!revoked_check(slice_of(bytes, len))) {
		free(bytes);
		return -EBADMSG;
	}
	r->by[REVOKED_BY_FORMER] =
		(struct revoked_keys){ .bytes = (uint8_t *)bytes, .len = len / REVOKED_KEY_BYTES };
	r->version = version;
	r->is_adopted = r->is_to_be_resent = true;
	return 0;
}

int revocations_disown(struct revocations *r)
{
	struct revoked_keys less = { 0 };
	struct revoked_keys least = { 0 };
	int rc;

	if (!r->is_adopted)
		return 0;
	rc = revoked_keys_subtract(&r->by[REVOKED_BY_FORMER], &r->by[REVOKED_BY_FILE], &less);
	if (rc == 0)
		rc = revoked_keys_subtract(&less, &r->by[REVOKED_BY_STORE], &least);
	revoked_keys_fini(&less);
	if (rc < 0)
		return rc;
	revoked_keys_fini(&r->by[REVOKED_BY_FORMER]);
	r->by[REVOKED_BY_FORMER] = least;
	r->is_adopted = false;
	return 0;
}

void revocations_fini(struct revocations *r)
{
	for (enum revoked_by by = 0; by < REVOKED_BY_MAX; by++)
		revoked_keys_fini(&r->by[by]);
	revoked_keys_fini(&r->all);
	close_fd(&r->owed_fd);
}
