/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/overlay_load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/certificates_db.h"
#include "store/settings_db.h"
#include "store/zones_db.h"

static const char *const of_zone = "zones/";
static const char *const of_account = "accounts/";

enum { RANK_ACCOUNT, RANK_ZONE };

bool overlay_owns(const struct overlay *o, const char *scope, const char *hostname)
{
	const struct overlay_zone *z = overlay_zone_of(o, hostname);

	if (!z)
		return false;
	if (strncmp(scope, of_zone, strlen(of_zone)) == 0)
		return strcmp(z->id, scope + strlen(of_zone)) == 0;
	return strncmp(scope, of_account, strlen(of_account)) == 0 &&
	       strcmp(z->account, scope + strlen(of_account)) == 0;
}

/* Room for one more of @size bytes. The lists are short: it is made each time. */
static void *grow(void *list, size_t len, size_t size)
{
	return reallocarray(list, len + 1, size);
}

static int add_zone(struct overlay *o, const struct zone_row *row, bool is_file)
{
	struct overlay_zone *zones = grow(o->zones, o->zones_len, sizeof(*zones));
	struct overlay_zone *z;

	if (!zones)
		return -ENOMEM;
	o->zones = zones;
	z = &zones[o->zones_len];
	*z = (struct overlay_zone){ .is_file = is_file, .name = strdup(row->name) };
	if (!z->name)
		return -ENOMEM;
	(void)snprintf(z->id, sizeof(z->id), "%s", row->id);
	(void)snprintf(z->account, sizeof(z->account), "%s", row->account);
	o->zones_len++;
	return 0;
}

static int take_zone(void *arg, const struct zone_row *row)
{
	struct overlay *o = arg;

	for (size_t i = 0; i < o->zones_len; i++)
		if (strcmp(o->zones[i].id, row->id) == 0 ||
		    strcmp(o->zones[i].name, row->name) == 0)
			return 0;
	return add_zone(o, row, false);
}

static int load_zones(struct db *db, const struct snapshot *s, struct overlay *o)
{
	int r = 0;

	for (size_t i = 0; i < s->zones_len && r == 0; i++)
		r = add_zone(o,
		             &(struct zone_row){ s->zones[i].id, s->zones[i].name,
		                                 s->zones[i].account },
		             true);
	if (r == 0 && db)
		r = zones_db_each(db, take_zone, o);
	for (size_t i = 0; i < o->zones_len && db && r == 0; i++) {
		int managed = zones_db_managed(db, o->zones[i].id);

		o->zones[i].is_managed = managed > 0;
		r = managed < 0 ? managed : 0;
	}
	return r;
}

/* Rows on their way into the overlay. */
struct walk {
	struct db *db;
	struct overlay *o;
	const char *scope;
};

static int take_hostname(void *arg, const char *hostname)
{
	struct walk *w = arg;
	char name[256];

	if (!overlay_owns(w->o, w->scope, hostname))
		return 0;
	(void)snprintf(name, sizeof(name), "%s", hostname);
	return overlay_add(w->o, &(struct overlay_fact){ .name = name,
	                                                 .ca = (int32_t)w->o->cas_len - 1 });
}

static int take_certificate(void *arg, const struct certificate_row *row)
{
	struct walk *w = arg;
	char **cas;

	if (w->o->cas_len == OVERLAY_CAS_MAX)
		return -E2BIG;
	cas = grow(w->o->cas, w->o->cas_len, sizeof(*cas));
	if (!cas)
		return -ENOMEM;
	w->o->cas = cas;
	cas[w->o->cas_len] = strdup(row->pem);
	if (!cas[w->o->cas_len])
		return -ENOMEM;
	w->o->cas_len++;
	w->scope = row->scope;
	return certificates_db_hostnames(w->db, row->id, take_hostname, w);
}

static int take_setting(void *arg, const struct setting_row *row)
{
	struct walk *w = arg;
	char name[256];

	if (!overlay_owns(w->o, w->scope, row->hostname))
		return 0;
	(void)snprintf(name, sizeof(name), "%s", row->hostname);
	return overlay_add(w->o, &(struct overlay_fact){
					 .name = name,
					 .ca = -1,
					 .forward = row->forwarding ? FORWARD_ON : FORWARD_OFF,
					 .rank = strncmp(w->scope, of_zone, strlen(of_zone)) == 0
	                                                 ? RANK_ZONE
	                                                 : RANK_ACCOUNT,
				 });
}

static int take_scope(void *arg, const char *scope)
{
	struct walk *w = arg;

	w->scope = scope;
	return settings_db_each(w->db, scope, take_setting, w);
}

int overlay_load(struct db *db, const struct snapshot *s, struct overlay *out)
{
	struct overlay o = { 0 };
	struct walk w = { .db = db, .o = &o };
	int r = load_zones(db, s, &o);

	overlay_sort(&o);
	if (r == 0 && db)
		r = certificates_db_all(db, take_certificate, &w);
	if (r == 0 && db)
		r = settings_db_scopes(db, take_scope, &w);
	if (r < 0) {
		overlay_fini(&o);
		return r;
	}
	overlay_sort(&o);
	*out = o;
	return 0;
}
