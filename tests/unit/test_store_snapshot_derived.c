/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>

#include "hosts.h"
#include "proto/dialect.h"
#include "store/snapshot_json.h"

static char err[SNAPSHOT_ERROR_MAX];

static const struct host_spec two[] = {
	{ .names = { "a.example.com" }, .template = "X-T", .dialects = 1U << DIALECT_NGINX },
	{ .names = { "b.example.com" } },
};

Test(snapshot_derived, a_copy_is_what_it_is_a_copy_of)
{
	struct snapshot *s = hosts_snapshot(two, 2);
	struct snapshot_host copy = { 0 };
	json_t *a;
	json_t *b;

	s->hosts[0].is_forwarding_fixed = true;
	cr_assert_eq(snapshot_host_copy(&s->hosts[0], &copy), 0);
	a = host_to_json(&s->hosts[0]);
	b = host_to_json(&copy);
	cr_expect(json_equal(a, b));
	cr_expect(copy.is_forwarding_fixed);
	json_decref(a);
	json_decref(b);
	host_fini(&copy);
	snapshot_free(s);
}

Test(snapshot_derived, derived_hosts_go_and_others_stay)
{
	struct snapshot *s = hosts_snapshot(two, 2);

	cr_expect_eq(snapshot_configured(s), 2);
	s->hosts[1].is_derived = true;
	cr_expect_eq(snapshot_configured(s), 1);
	snapshot_drop_derived(s);
	cr_expect_eq(s->hosts_len, 1);
	snapshot_free(s);
}

Test(snapshot_derived, names_may_be_in_a_derived_host_too_and_in_no_other)
{
	struct snapshot *s = hosts_snapshot(two, 2);

	cr_assert_not_null(s->hosts[1].names);
	free(s->hosts[1].names[0]);
	s->hosts[1].names[0] = hosts_copy("a.example.com");
	cr_expect_eq(snapshot_validate(s, err), -EINVAL);
	s->hosts[1].is_derived = true;
	cr_expect_eq(snapshot_validate(s, err), 0, "%s", err);
	s->hosts[1].is_default = true;
	cr_expect_eq(snapshot_validate(s, err), -EINVAL);
	s->hosts[1].is_default = false;
	s->hosts[0].is_derived = true;
	cr_expect_eq(snapshot_validate(s, err), -EINVAL, "there is none of the file");
	snapshot_free(s);
}

Test(snapshot_derived, headers_that_would_be_sent_twice_are_found)
{
	struct snapshot *s = hosts_snapshot(two, 1);
	struct snapshot_host *h = &s->hosts[0];

	cr_assert_not_null(h->templates);
	cr_expect_null(snapshot_header_twice(h));
	free(h->templates[0].header);
	h->templates[0].header = hosts_copy("x-DER");
	cr_expect_str_eq(snapshot_header_twice(h), "x-DER");
	free(h->templates[0].header);
	h->templates[0].header = hosts_copy("client-cert");
	cr_expect_null(snapshot_header_twice(h));
	h->rfc9440 = RFC9440_LEAF;
	cr_expect_not_null(snapshot_header_twice(h));
	h->rfc9440 = RFC9440_OFF;
	h->dialects |= 1U << DIALECT_RFC9440;
	cr_expect_not_null(snapshot_header_twice(h));
	snapshot_free(s);
}
