/* SPDX-License-Identifier: GPL-2.0-only */
#include "store/name_index.h"

#include "hosts.h"

static const struct host_spec specs[] = {
	{ .names = { "a.example.com", "*.example.com" } },
	{ .names = { "b.example.com" }, .is_default = true },
};

Test(name_index, a_name_is_served_as_a_worker_serves_it)
{
	static const struct {
		const char *name;
		enum name_by by;
		size_t host;
	} rows[] = {
		{ "a.example.com", NAME_BY_ITSELF, 0 },    { "b.example.com", NAME_BY_ITSELF, 1 },
		{ "*.example.com", NAME_BY_ITSELF, 0 },    { "c.example.com", NAME_BY_WILDCARD, 0 },
		{ "c.d.example.com", NAME_BY_DEFAULT, 1 }, { "example.com", NAME_BY_DEFAULT, 1 },
		{ "*.example.org", NAME_BY_NOBODY, 9 },    { "*.c.example.com", NAME_BY_NOBODY, 9 },
	};
	struct snapshot *s = hosts_snapshot(specs, ARRAY_LEN(specs));
	struct name_index *x = name_index_new(s);

	cr_assert_not_null(x);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t host = 9;

		cr_expect_eq(name_index_find(x, rows[i].name, &host), rows[i].by, "%s",
		             rows[i].name);
		cr_expect_eq(host, rows[i].host, "%s", rows[i].name);
	}
	name_index_free(x);
	snapshot_free(s);
}

Test(name_index, without_a_default_host_others_are_nobody_s)
{
	struct snapshot *s = hosts_snapshot(specs, 1);
	struct name_index *x = name_index_new(s);
	size_t host = 9;

	cr_expect_eq(name_index_find(x, "c.d.example.com", &host), NAME_BY_NOBODY);
	name_index_free(x);
	snapshot_free(s);
	name_index_free(NULL);
}

Test(name_index, derived_hosts_are_not_in_it)
{
	struct snapshot *s = hosts_snapshot(specs, 2);
	struct name_index *x;
	size_t host = 9;

	s->hosts[1].is_derived = true;
	s->hosts[1].is_default = false;
	x = name_index_new(s);
	cr_expect_eq(name_index_find(x, "b.example.com", &host), NAME_BY_WILDCARD);
	name_index_free(x);
	snapshot_free(s);
}
