/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/api_time.h"

#include <criterion/criterion.h>

Test(api_time, moments_are_rfc_3339)
{
	json_t *t = api_time(1388553600);

	cr_expect_str_eq(json_string_value(t), "2014-01-01T05:20:00Z");
	json_decref(t);
	t = api_time(0);
	cr_expect_str_eq(json_string_value(t), "1970-01-01T00:00:00Z");
	json_decref(t);
}

Test(api_time, what_has_no_such_form_is_null)
{
	cr_expect(json_is_null(api_time(253402300800)));
	cr_expect(json_is_null(api_time(INT64_MAX)));
}
