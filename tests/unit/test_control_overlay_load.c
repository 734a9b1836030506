/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/overlay_load.h"

#include "hosts.h"
#include "store/certificates_db.h"
#include "store/settings_db.h"
#include "store/zones_db.h"

#define FILE_ZONE "11111111111111111111111111111111"
#define API_ZONE  "22222222222222222222222222222222"
#define ACCOUNT   "33333333333333333333333333333333"

static struct db *db;
static struct snapshot *s;
static struct overlay o;

static void start(void)
{
	static const struct host_spec spec = { .names = { "a.example.com" } };
	char err[DB_ERROR_MAX];

	cr_assert_eq(db_open(":memory:", &db, err), 0, "%s", err);
	s = hosts_snapshot(&spec, 1);
	s->zones = calloc(1, sizeof(*s->zones));
	s->zones_len = 1;
	s->zones[0] = (struct snapshot_zone){ FILE_ZONE, ACCOUNT, hosts_copy("example.com") };
	cr_assert_eq(zones_db_add(db, &(struct zone_row){ API_ZONE, "example.org", ACCOUNT }), 0);
}

static void stop(void)
{
	overlay_fini(&o);
	snapshot_free(s);
	db_close(db);
}

TestSuite(overlay_load, .init = start, .fini = stop);

static void load(void)
{
	overlay_fini(&o);
	cr_assert_eq(overlay_load(db, s, &o), 0);
}

static void certificate(const char *id, const char *scope, const char *hostname)
{
	cr_assert_eq(certificates_db_add(db, &(struct certificate_row){ .id = id,
	                                                                .scope = scope,
	                                                                .account = ACCOUNT,
	                                                                .name = "n",
	                                                                .pem = id,
	                                                                .sha256 = id,
	                                                                .fingerprint = "F" }),
	             0);
	cr_assert_eq(certificates_db_attach(db, id, hostname), 0);
}

static void setting(const char *scope, const char *hostname, bool on)
{
	cr_assert_eq(settings_db_add(db, scope, 0, &(struct setting_row){ hostname, false, on }),
	             0);
}

Test(overlay_load, zones_are_the_file_s_and_the_store_s)
{
	load();
	cr_assert_eq(o.zones_len, 2);
	cr_expect(overlay_zone(&o, FILE_ZONE)->is_file);
	cr_expect_not(overlay_zone(&o, API_ZONE)->is_file);
	cr_assert_eq(zones_db_manage(db, FILE_ZONE, true), 0);
	load();
	cr_expect(overlay_zone(&o, FILE_ZONE)->is_managed);
	cr_expect_not(overlay_zone(&o, API_ZONE)->is_managed);
}

Test(overlay_load, the_file_hides_what_has_its_id_or_name)
{
	cr_assert_eq(zones_db_add(db, &(struct zone_row){ FILE_ZONE, "evil.example", ACCOUNT }), 0);
	cr_assert_eq(zones_db_add(db, &(struct zone_row){ "9", "example.com", ACCOUNT }), 0);
	load();
	cr_expect_eq(o.zones_len, 2);
	cr_expect_str_eq(overlay_zone(&o, FILE_ZONE)->name, "example.com");
}

Test(overlay_load, without_a_store_there_are_the_file_s_zones)
{
	cr_assert_eq(overlay_load(NULL, s, &o), 0);
	cr_expect_eq(o.zones_len, 1);
	cr_expect_eq(o.facts_len, 0);
}

Test(overlay_load, what_is_not_theirs_has_no_effect)
{
	certificate("c1", "zones/" FILE_ZONE, "a.example.com");
	certificate("c2", "zones/" FILE_ZONE, "a.example.org");
	certificate("c3", "accounts/" ACCOUNT, "a.example.org");
	certificate("c4", "accounts/" API_ZONE, "a.example.org");
	certificate("c5", "zones/99999999999999999999999999999999", "a.example.com");
	certificate("c6", "nonsense", "a.example.com");
	setting("zones/" API_ZONE, "a.example.com", false);
	load();
	cr_assert_eq(o.facts_len, 2);
	cr_expect_str_eq(o.facts[0].name, "a.example.com");
	cr_expect_str_eq(o.cas[o.facts[0].ca], "c1");
	cr_expect_str_eq(o.facts[1].name, "a.example.org");
	cr_expect_str_eq(o.cas[o.facts[1].ca], "c3");
}

Test(overlay_load, a_zone_goes_before_its_account)
{
	setting("accounts/" ACCOUNT, "a.example.com", false);
	setting("zones/" FILE_ZONE, "a.example.com", true);
	load();
	cr_assert_eq(o.facts_len, 2);
	cr_expect_eq(o.facts[1].forward, FORWARD_ON);
	cr_expect_gt(o.facts[1].rank, o.facts[0].rank);
}

Test(overlay_load, with_its_zone_an_effect_goes)
{
	certificate("c1", "zones/" API_ZONE, "a.example.org");
	load();
	cr_expect_eq(o.facts_len, 1);
	cr_assert_eq(zones_db_remove(db, API_ZONE), 0);
	load();
	cr_expect_eq(o.facts_len, 0);
}

Test(overlay_load, names_are_owned_by_the_longest_zone)
{
	cr_assert_eq(zones_db_add(db, &(struct zone_row){ "9", "sub.example.com", "8" }), 0);
	load();
	cr_expect(overlay_owns(&o, "zones/" FILE_ZONE, "a.example.com"));
	cr_expect_not(overlay_owns(&o, "zones/" FILE_ZONE, "a.sub.example.com"));
	cr_expect(overlay_owns(&o, "zones/9", "a.sub.example.com"));
	cr_expect(overlay_owns(&o, "accounts/8", "a.sub.example.com"));
	cr_expect_not(overlay_owns(&o, "accounts/" ACCOUNT, "a.sub.example.com"));
	cr_expect_not(overlay_owns(&o, "accounts/" ACCOUNT, "a.example.net"));
}
