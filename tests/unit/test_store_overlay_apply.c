/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>

#include "hosts.h"
#include "proto/dialect.h"
#include "store/overlay.h"

static struct snapshot *s;
static struct overlay o;
static char err[SNAPSHOT_ERROR_MAX];

static void stop(void)
{
	snapshot_free(s);
	overlay_fini(&o);
}

TestSuite(overlay_apply, .fini = stop);

static void start(const struct host_spec *specs, size_t len)
{
	s = hosts_snapshot(specs, len);
	o.cas = calloc(3, sizeof(*o.cas));
	o.cas[0] = hosts_copy("-----BEGIN A");
	o.cas[1] = hosts_copy("-----BEGIN B");
	o.cas[2] = hosts_copy("-----BEGIN C");
	o.cas_len = 3;
}

static void trusts(const char *name, int32_t ca)
{
	char copy[64];

	(void)snprintf(copy, sizeof(copy), "%s", name);
	cr_assert_eq(overlay_add(&o, &(struct overlay_fact){ .name = copy, .ca = ca }), 0);
}

static void forwards(const char *name, enum overlay_forward forward)
{
	char copy[64];

	(void)snprintf(copy, sizeof(copy), "%s", name);
	cr_assert_eq(
		overlay_add(&o,
	                    &(struct overlay_fact){ .name = copy, .ca = -1, .forward = forward }),
		0);
}

static void manages(const char *name)
{
	o.zones = reallocarray(o.zones, o.zones_len + 1, sizeof(*o.zones));
	o.zones[o.zones_len++] =
		(struct overlay_zone){ .name = hosts_copy(name), .is_managed = true };
}

static void apply(void)
{
	overlay_sort(&o);
	cr_assert_eq(overlay_apply(s, &o, err), 0, "%s", err);
	cr_assert_eq(snapshot_validate(s, err), 0, "%s", err);
}

/* The derived host of @name; NULL: none. */
static const struct snapshot_host *derived(const char *name)
{
	for (size_t i = snapshot_configured(s); i < s->hosts_len; i++)
		for (size_t n = 0; n < s->hosts[i].names_len; n++)
			if (strcmp(s->hosts[i].names[n], name) == 0)
				return &s->hosts[i];
	return NULL;
}

static const struct host_spec three[] = {
	{ .names = { "a.example.com", "*.example.com", "b.example.com" } },
	{ .names = { "c.example.org" }, .is_default = true },
	{ .names = { "open.example.com" }, .asks_nobody = true },
};

Test(overlay_apply, of_nothing_comes_nothing)
{
	start(three, 3);
	apply();
	cr_expect_eq(s->hosts_len, 3);
}

Test(overlay_apply, a_ca_is_for_the_names_that_are_named)
{
	start(three, 3);
	trusts("a.example.com", 1);
	trusts("a.example.com", 0);
	apply();
	cr_assert_eq(s->hosts_len, 4);
	cr_expect_eq(s->hosts[3].names_len, 1);
	cr_expect_str_eq(s->hosts[3].names[0], "a.example.com");
	cr_expect_str_eq(s->hosts[3].ca_pem, "FILE\n-----BEGIN A\n-----BEGIN B");
	cr_expect_str_eq(s->hosts[3].key_pem, "KEY");
	cr_expect_str_eq(s->hosts[0].ca_pem, "FILE");
	cr_expect_eq(s->hosts[0].names_len, 3);
}

Test(overlay_apply, names_that_are_told_the_same_share_a_host)
{
	start(three, 3);
	trusts("a.example.com", 0);
	trusts("*.example.com", 0);
	trusts("b.example.com", 1);
	apply();
	cr_assert_eq(s->hosts_len, 5);
	cr_expect_eq(derived("a.example.com"), derived("*.example.com"));
	cr_expect_neq(derived("a.example.com"), derived("b.example.com"));
}

Test(overlay_apply, applied_again_it_is_the_same_and_applied_empty_it_is_gone)
{
	struct overlay none = { 0 };

	start(three, 3);
	trusts("a.example.com", 0);
	apply();
	apply();
	cr_expect_eq(s->hosts_len, 4);
	cr_expect_str_eq(s->hosts[3].ca_pem, "FILE\n-----BEGIN A");
	cr_assert_eq(overlay_apply(s, &none, err), 0);
	cr_expect_eq(s->hosts_len, 3);
}

Test(overlay_apply, under_a_wildcard_a_name_has_both)
{
	start(three, 3);
	trusts("*.example.com", 0);
	trusts("x.example.com", 1);
	apply();
	cr_expect_str_eq(derived("x.example.com")->ca_pem, "FILE\n-----BEGIN A\n-----BEGIN B");
	cr_expect_str_eq(derived("*.example.com")->ca_pem, "FILE\n-----BEGIN A");
	cr_expect_null(derived("a.example.com"));
}

Test(overlay_apply, a_name_is_kept_apart_from_what_its_wildcard_is_told)
{
	start(three, 3);
	forwards("*.example.com", FORWARD_OFF);
	forwards("x.example.com", FORWARD_ON);
	apply();
	cr_expect_null(derived("*.example.com")->der_header);
	cr_expect_str_eq(derived("x.example.com")->der_header, "X-Der");
}

Test(overlay_apply, the_default_host_is_not_trusted_with_what_it_serves)
{
	start(three, 3);
	trusts("c.example.org", 0);
	trusts("unknown.example.net", 1);
	apply();
	cr_expect_not(derived("c.example.org")->is_default);
	cr_expect_str_eq(derived("unknown.example.net")->ca_pem, "FILE\n-----BEGIN B");
	cr_expect(s->hosts[1].is_default);
	cr_expect_str_eq(s->hosts[1].ca_pem, "FILE");
}

Test(overlay_apply, wildcards_that_nobody_has_and_hosts_that_ask_nobody_get_nothing)
{
	start(three, 3);
	trusts("*.example.net", 0);
	trusts("open.example.com", 0);
	apply();
	cr_expect_eq(s->hosts_len, 3);
}

Test(overlay_apply, forwarding_is_switched_off_and_on)
{
	static const struct host_spec two[] = {
		{ .names = { "a.example.com" } },
		{ .names = { "b.example.com" }, .is_silent = true },
	};

	start(two, 2);
	forwards("a.example.com", FORWARD_OFF);
	forwards("b.example.com", FORWARD_ON);
	apply();
	cr_expect_null(derived("a.example.com")->der_header);
	cr_expect_null(derived("a.example.com")->sha256_header);
	cr_expect_str_eq(derived("b.example.com")->der_header, "Cf-Client-Cert-Der-Base64");
	cr_expect_str_eq(derived("b.example.com")->sha256_header, "Cf-Client-Cert-Sha256");
}

Test(overlay_apply, what_is_so_already_makes_no_host)
{
	static const struct host_spec two[] = {
		{ .names = { "a.example.com" } },
		{ .names = { "b.example.com" }, .is_silent = true },
	};

	start(two, 2);
	forwards("a.example.com", FORWARD_ON);
	forwards("b.example.com", FORWARD_OFF);
	apply();
	cr_expect_eq(s->hosts_len, 2);
}

Test(overlay_apply, what_the_file_says_in_so_many_words_stays)
{
	static const struct host_spec one[] = { { .names = { "a.example.com" },
		                                  .is_fixed = true } };

	start(one, 1);
	forwards("a.example.com", FORWARD_OFF);
	apply();
	cr_expect_eq(s->hosts_len, 1);
}

Test(overlay_apply, of_two_facts_the_higher_rank_counts)
{
	char name[] = "a.example.com";

	start(three, 3);
	cr_assert_eq(overlay_add(&o, &(struct overlay_fact){ name, -1, FORWARD_ON, 1 }), 0);
	cr_assert_eq(overlay_add(&o, &(struct overlay_fact){ name, -1, FORWARD_OFF, 0 }), 0);
	apply();
	cr_expect_eq(s->hosts_len, 3, "on, as it was");
}

Test(overlay_apply, managed_headers_are_for_all_names_of_the_zone)
{
	start(three, 3);
	manages("example.com");
	apply();
	cr_expect(derived("a.example.com")->dialects & 1U << DIALECT_CLOUDFLARE_MANAGED);
	cr_expect_eq(derived("a.example.com"), derived("*.example.com"));
	cr_expect_eq(derived("a.example.com"), derived("b.example.com"));
	cr_expect_not_null(derived("open.example.com"));
	cr_expect_null(derived("c.example.org"));
	cr_expect_eq(s->hosts[0].dialects, 0);
}

Test(overlay_apply, a_header_is_not_sent_twice)
{
	static const struct host_spec one[] = { { .names = { "a.example.com" },
		                                  .template = "CF-Cert-Serial" } };

	start(one, 1);
	manages("example.com");
	overlay_sort(&o);
	cr_expect_eq(overlay_apply(s, &o, err), -EINVAL);
	cr_expect_not_null(strstr(err, "hosts[0] (a.example.com)"));
	cr_expect_eq(s->hosts_len, 1);
}

Test(overlay_apply, there_is_an_end_to_cas)
{
	char *many = calloc(OVERLAY_CA_TEXTS_MAX + 1, 16);

	start(three, 3);
	for (int i = 0; i < OVERLAY_CA_TEXTS_MAX; i++)
		memcpy(many + strlen(many), "-----BEGIN X\n", 14);
	free(s->hosts[0].ca_pem);
	s->hosts[0].ca_pem = many;
	trusts("a.example.com", 0);
	overlay_sort(&o);
	cr_expect_eq(overlay_apply(s, &o, err), -EINVAL);
	cr_expect_not_null(strstr(err, "1000 client CAs"));
}

Test(overlay_apply, many_names_of_one_host_make_several)
{
	char name[64];

	start(three, 3);
	for (int i = 0; i < SNAPSHOT_NAMES_MAX + 10; i++) {
		(void)snprintf(name, sizeof(name), "n%03d.example.com", i);
		trusts(name, 0);
	}
	apply();
	cr_expect_eq(s->hosts_len, 5);
}
