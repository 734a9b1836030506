/* SPDX-License-Identifier: GPL-2.0-only */
/* control_overlay.c - what the API was told, laid over what the file says. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "control/control_priv.h"
#include "control/overlay_load.h"

int control_lay(struct control *c, struct snapshot *s, struct overlay *out,
                struct mistakes *mistakes)
{
	char err[SNAPSHOT_ERROR_MAX] = "";
	struct overlay o;
	int r = overlay_load(c->db, s, &o);

	if (r == 0) {
		r = overlay_apply(s, &o, err);
		if (r < 0)
			overlay_fini(&o);
	}
	if (r < 0) {
		const char *why = err[0] ? err : strerror(-r);

		log_error("%s: with what the settings API was told: %s", c->config, why);
		mistakes_add(mistakes, 1, "with what the settings API was told: %s", why);
		return r;
	}
	*out = o;
	return 0;
}

void control_laid(struct control *c, struct overlay *o)
{
	overlay_fini(&c->overlay);
	c->overlay = *o;
	*o = (struct overlay){ 0 };
	c->is_overlay_known = true;
}

void control_adopt_overlay(struct control *c)
{
	struct overlay o;
	int r = overlay_load(c->db, c->snapshot, &o);

	if (r == 0)
		control_laid(c, &o);
	else
		log_error("what the settings API was told cannot be read: %s", strerror(-r));
}

int control_lay_again(struct control *c)
{
	char err[SNAPSHOT_ERROR_MAX];
	int r;

	/* What was adopted has in it what cannot be read now. */
	if (!c->is_overlay_known)
		return 0;
	r = overlay_apply(c->snapshot, &c->overlay, err);
	if (r == -EINVAL)
		log_error("%s; what was in force stays in force", err);
	return r;
}

int control_prepare(void *arg, char *err)
{
	struct control *c = arg;
	int r;

	must(c->snapshot);
	r = overlay_load(c->db, c->snapshot, &c->overlay_next);
	if (r < 0)
		return r;
	r = overlay_apply(c->snapshot, &c->overlay_next, err);
	if (r < 0) {
		overlay_fini(&c->overlay_next);
		(void)control_lay_again(c);
	}
	return r;
}

int control_publish(void *arg, bool is_kept)
{
	struct control *c = arg;

	if (!is_kept) {
		overlay_fini(&c->overlay_next);
		return control_lay_again(c);
	}
	control_laid(c, &c->overlay_next);
	return control_send_snapshot(c, c->snapshot, PUBLISH_API);
}
