/* SPDX-License-Identifier: GPL-2.0-only */
#include "store/overlay.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static struct overlay o;

static void stop(void)
{
	overlay_fini(&o);
}

TestSuite(overlay, .fini = stop);

static void add(const char *name, int32_t ca, uint8_t rank)
{
	char copy[64];

	(void)snprintf(copy, sizeof(copy), "%s", name);
	cr_assert_eq(
		overlay_add(&o, &(struct overlay_fact){ .name = copy, .ca = ca, .rank = rank }), 0);
}

static void zone(const char *name, const char *id)
{
	o.zones = reallocarray(o.zones, o.zones_len + 1, sizeof(*o.zones));
	cr_assert_not_null(o.zones);
	o.zones[o.zones_len] = (struct overlay_zone){ .name = strdup(name) };
	(void)snprintf(o.zones[o.zones_len++].id, sizeof(o.zones->id), "%s", id);
}

Test(overlay, facts_are_sorted_by_name_ca_and_rank)
{
	add("b.example", 1, 0);
	add("a.example", -1, 1);
	add("b.example", 0, 0);
	add("a.example", -1, 0);
	overlay_sort(&o);
	cr_expect_str_eq(o.facts[0].name, "a.example");
	cr_expect_eq(o.facts[0].rank, 0);
	cr_expect_eq(o.facts[1].rank, 1);
	cr_expect_eq(o.facts[2].ca, 0);
	cr_expect_eq(o.facts[3].ca, 1);
}

Test(overlay, the_longest_zone_has_a_name)
{
	static const struct {
		const char *name, *zone;
	} rows[] = {
		{ "example.com", "1" },          { "a.example.com", "1" },
		{ "sub.example.com", "2" },      { "a.b.sub.example.com", "2" },
		{ "notexample.com", NULL },      { "com", NULL },
		{ "example.com.evil", NULL },    { "*.example.com", "1" },
		{ "*.sub.example.com", "2" },    { "xsub.example.com", "1" },
		{ "sub.example.com.org", NULL }, { "", NULL },
	};

	zone("sub.example.com", "2");
	zone("example.com", "1");
	zone("z.example", "3");
	overlay_sort(&o);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct overlay_zone *z = overlay_zone_of(&o, rows[i].name);

		cr_expect_eq(z == NULL, rows[i].zone == NULL, "%s", rows[i].name);
		cr_expect(!z || strcmp(z->id, rows[i].zone) == 0, "%s", rows[i].name);
	}
}

Test(overlay, zones_are_found_by_id)
{
	zone("b.example", "2");
	zone("a.example", "1");
	overlay_sort(&o);
	cr_expect_str_eq(overlay_zone(&o, "1")->name, "a.example");
	cr_expect_null(overlay_zone(&o, "3"));
}

Test(overlay, an_empty_one_has_nothing)
{
	overlay_sort(&o);
	cr_expect_null(overlay_zone_of(&o, "a.example"));
}
