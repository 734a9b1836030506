/* SPDX-License-Identifier: GPL-2.0-only */
/* control_store.c - the store, opened once for as long as control lives. */
#include <string.h>

#include "base/log.h"
#include "control/control_priv.h"

int control_open_store(struct control *c, const char *path, struct mistakes *mistakes)
{
	char err[DB_ERROR_MAX];
	int r;

	must(!c->db);
	if (!path)
		return 0;
	r = db_open(path, &c->db, err);
	if (r < 0) {
		log_error("%s: store: %s", c->config, err[0] ? err : strerror(-r));
		mistakes_add(mistakes, 1, "store: %s", err[0] ? err : strerror(-r));
		return r;
	}
	if (!db_is_writable(c->db))
		log_warn("store: it is read, and cannot be changed: %s", err);
	return 0;
}

enum { SETTLE_MS = 1000 };

/* Once nothing has changed for a while: a change shall not wait for it. */
void control_settle_store(struct control *c, uint64_t now_ms)
{
	if (!c->db || db_is_settled(c->db))
		c->settle_at_ms = UINT64_MAX;
	else if (c->parent.is_draining || now_ms >= c->settle_at_ms)
		db_settle(c->db);
	else if (c->settle_at_ms == UINT64_MAX)
		c->settle_at_ms = now_ms + SETTLE_MS;
}
