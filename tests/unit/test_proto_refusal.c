/* SPDX-License-Identifier: GPL-2.0-only */
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include "proto/refusal.h"

Test(refusal, every_reason_but_none_is_an_error_status_with_a_label_of_its_own)
{
	cr_expect_eq(refusal_status(REFUSAL_NONE), 200);
	for (int r = REFUSAL_NONE + 1; r < REFUSAL_MAX; r++) {
		cr_expect_geq(refusal_status((enum refusal)r), 400);
		cr_expect_leq(refusal_status((enum refusal)r), 599);
		for (int s = 0; s < r; s++)
			cr_expect_str_neq(refusal_label((enum refusal)r),
			                  refusal_label((enum refusal)s));
	}
	cr_expect_eq(refusal_status(REFUSAL_HOST_MISDIRECTED), 421);
	cr_expect_str_eq(refusal_label(REFUSAL_LENGTH_AND_CODING), "length_and_coding");
}

Test(refusal, a_reason_off_the_table_is_our_mistake, .signal = SIGABRT)
{
	(void)refusal_status(REFUSAL_MAX);
}
