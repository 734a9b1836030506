/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * control_revoked.c - the list of revoked certificates: from its file and the store to the
 * workers, and back from the master after a restart.
 */
#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "control/control_priv.h"

int control_revoke_by_file(struct control *c, const struct revoked_file *f)
{
	static const struct revoked_keys none;
	int r = revocations_put(&c->revocations, &c->parent, REVOKED_BY_FILE, f ? &f->keys : &none);

	if (r == -E2BIG)
		log_error("more than %d certificates are revoked", REVOKED_MAX);
	return r < 0 ? r : revocations_disown(&c->revocations);
}

int control_revoke_by_store(struct control *c)
{
	int r;

	c->revoking.store = c->db;
	r = revoking_load(&c->revoking, &c->parent);
	if (r < 0 && r != -EPIPE)
		log_error("the store's revocations cannot be put in force: %s",
		          r == -EINVAL ? "one of them is not understood" : strerror(-r));
	return r;
}

int control_look_at_revoked(struct control *c)
{
	int r = c->revoked_file ? revoked_file_look(c->revoked_file, &c->source) : 0;

	if (r == 1)
		r = control_revoke_by_file(c, c->revoked_file);
	return r == -E2BIG || r == -ENOMEM ? 0 : r;
}

void control_on_revoked_done(void *arg, const struct msg_result *result)
{
	struct control *c = arg;

	revocations_answer(&c->revocations, result);
}

int control_adopt_revoked(struct control *c)
{
	int r;

	if (c->parent.revoked_fd < 0)
		return 0;
	r = revocations_adopt(&c->revocations, c->parent.revoked_version, c->parent.revoked_fd);
	fd_closep(&c->parent.revoked_fd);
	return r;
}
