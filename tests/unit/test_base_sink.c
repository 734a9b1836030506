/* SPDX-License-Identifier: GPL-2.0-only */
#include <criterion/criterion.h>
#include <signal.h>

#include "base/sink.h"

Test(sink, takes_exactly_its_capacity)
{
	uint8_t room[4];
	struct sink s = sink_of(room, sizeof(room));

	sink_put(&s, SLICE("abc"));
	cr_expect_eq(sink_room(&s), 1);
	sink_putc(&s, 'd');
	cr_expect(!s.overflow);
	cr_expect(slice_eq(sink_slice(&s), SLICE("abcd")));
}

Test(sink, holds_a_prefix_without_holes_after_an_overflow)
{
	uint8_t room[4];
	struct sink s = sink_of(room, sizeof(room));

	sink_put(&s, SLICE("ab"));
	sink_put(&s, SLICE("cde"));
	cr_expect(s.overflow);
	sink_putc(&s, 'f'); /* would fit */
	cr_expect(slice_eq(sink_slice(&s), SLICE("ab")));
}

Test(sink, an_empty_slice_needs_no_pointer_and_no_room)
{
	struct sink s = sink_of(NULL, 0);

	sink_put(&s, slice_of(NULL, 0));
	cr_expect(!s.overflow);
	cr_expect_eq(s.len, 0);
}

Test(slice, equality_is_by_bytes_and_length)
{
	cr_expect(slice_eq(SLICE("a\0b"), SLICE("a\0b")));
	cr_expect(!slice_eq(SLICE("a\0b"), SLICE("a\0c")));
	cr_expect(!slice_eq(SLICE("ab"), SLICE("abc")));
	cr_expect(slice_eq(slice_of(NULL, 0), SLICE("")));
	cr_expect(slice_eq(slice_sub(SLICE("abc"), 3, 0), SLICE("")));
}

Test(slice, a_part_past_the_end_is_our_mistake, .signal = SIGABRT)
{
	(void)slice_sub(SLICE("abc"), 2, SIZE_MAX);
}
