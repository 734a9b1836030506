/* SPDX-License-Identifier: GPL-2.0-only */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

#include "store/snapshot.h"
#include "store/snapshot_json.h"

#define ID "0123456789abcdef0123456789abcdef"

static int read_text(const char *text, struct snapshot *s)
{
	json_t *all = json_loads(text, JSON_DECODE_ANY, NULL);
	int r = zones_from_json(all, s);

	json_decref(all);
	return r;
}

static void forget(struct snapshot *s)
{
	for (size_t i = 0; i < s->zones_len; i++)
		free(s->zones[i].name);
	free(s->zones);
	*s = (struct snapshot){ 0 };
}

Test(snapshot_zones, they_travel_as_they_are)
{
	static const char text[] = "[{\"id\":\"" ID "\",\"account\":\"" ID
				   "\",\"name\":\"example.com\"}]";
	struct snapshot s = { 0 };
	json_t *back;
	char *dumped;

	cr_assert_eq(read_text(text, &s), 0);
	cr_expect_null(zones_check(&s));
	back = zones_to_json(&s);
	dumped = json_dumps(back, JSON_COMPACT);
	cr_expect_str_eq(dumped, text);
	free(dumped);
	json_decref(back);
	forget(&s);
}

Test(snapshot_zones, what_is_none_is_refused)
{
	static const char *const rows[] = {
		"{}",
		"[1]",
		"[{\"id\":\"" ID "\",\"account\":\"" ID "\"}]",
		"[{\"id\":\"" ID "0\",\"account\":\"" ID "\",\"name\":\"a.b\"}]",
		"[{\"id\":\"\",\"account\":\"" ID "\",\"name\":\"a.b\"}]",
		"[{\"id\":\"" ID "\",\"account\":7,\"name\":\"a.b\"}]",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct snapshot s = { 0 };

		cr_expect_eq(read_text(rows[i], &s), -EINVAL, "%s", rows[i]);
		forget(&s);
	}
}

Test(snapshot_zones, ids_are_in_lower_case_and_names_normalised)
{
	static const char *const rows[] = {
		"[{\"id\":\"0123456789ABCDEF0123456789abcdef\",\"account\":\"" ID
		"\",\"name\":\"a.b\"}]",
		"[{\"id\":\"0123456789gbcdef0123456789abcdef\",\"account\":\"" ID
		"\",\"name\":\"a.b\"}]",
		"[{\"id\":\"" ID "\",\"account\":\"" ID "\",\"name\":\"A.b\"}]",
		"[{\"id\":\"" ID "\",\"account\":\"" ID "\",\"name\":\"*.a.b\"}]",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct snapshot s = { 0 };

		cr_assert_eq(read_text(rows[i], &s), 0, "%s", rows[i]);
		cr_expect_not_null(zones_check(&s), "%s", rows[i]);
		forget(&s);
	}
}
