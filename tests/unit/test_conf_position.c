/* SPDX-License-Identifier: GPL-2.0-only */
#include "conf/position.h"

#include <criterion/criterion.h>

Test(position, the_nearest_known_thing_around_a_path_answers)
{
	static const struct {
		const char *path;
		unsigned int line;
	} rows[] = {
		{ "hosts[2].client_auth.ca", 9 }, { "hosts[2].client_auth.depth", 8 },
		{ "hosts[2].names[7]", 7 },       { "hosts[3].names", 5 },
		{ "options.workers", 2 },         { "", 2 },
	};
	struct positions *p = positions_new();

	cr_assert(positions_add(p, 9, "hosts[2].client_auth.ca"));
	cr_assert(positions_add(p, 2, ""));
	cr_assert(positions_add(p, 5, "hosts"));
	cr_assert(positions_add(p, 7, "hosts[2]"));
	cr_assert(positions_add(p, 8, "hosts[2].client_auth"));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		cr_expect_eq(positions_line(p, rows[i].path), rows[i].line, "%s", rows[i].path);
	cr_expect(positions_has(p, "hosts[2]", "client_auth.ca"));
	cr_expect_not(positions_has(p, "hosts[2]", "client_auth.crl"), "what is around it is");
	positions_free(p);
}

Test(position, an_empty_map_answers_with_the_first_line)
{
	struct positions *p = positions_new();

	cr_expect_eq(positions_line(p, "listen"), 1);
	positions_free(p);
	positions_free(NULL);
}
