/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/api_paging.h"

#include <criterion/criterion.h>

#include "control/api_answer.h"

/* What a query says is looked at end to end: without libmicrohttpd there is none. */
Test(api_paging, without_a_query_it_is_the_first_page)
{
	struct api_paging p = { .per_page = 50, .per_page_max = 100 };
	struct api_call call = { 0 };

	cr_assert(api_paging_read(&call, &p));
	cr_expect_eq(p.page, 1);
	cr_expect_eq(p.per_page, 50);
	cr_expect_eq(p.skip, 0);
	api_paging_say(&call, &p, 3, 103);
	cr_expect_eq(json_integer_value(json_object_get(call.result_info, "count")), 3);
	cr_expect_eq(json_integer_value(json_object_get(call.result_info, "total_count")), 103);
	api_call_fini(&call);
}
