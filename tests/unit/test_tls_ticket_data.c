/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/ticket_data.h"

#include <criterion/criterion.h>
#include <errno.h>

static const struct ticket_data one = {
	.expires = 1700000000,
	.good_from = INT64_MIN,
	.good_until = INT64_MAX,
	.verdict = 10,
	.has_identity = true,
	.identity_key = { 1, 2, 3, [31] = 9 },
	.certs = { .ptr = (const uint8_t *)"DER", .len = 3 },
};

static struct slice put(const struct ticket_data *d, uint8_t room[256])
{
	struct sink out = sink_of(room, 256);

	ticket_data_put(d, &out);
	cr_assert_not(out.overflow);
	return sink_slice(&out);
}

Test(ticket_data, comes_back_as_it_was)
{
	uint8_t room[256];
	struct ticket_data got;

	cr_assert_eq(ticket_data_get(put(&one, room), &got), 0);
	cr_expect_eq(got.expires, one.expires);
	cr_expect_eq(got.good_from, INT64_MIN);
	cr_expect_eq(got.good_until, INT64_MAX);
	cr_expect_eq(got.verdict, 10);
	cr_expect(got.has_identity);
	cr_expect_eq(memcmp(got.identity_key, one.identity_key, 32), 0);
	cr_expect(slice_eq(got.certs, one.certs));
}

Test(ticket_data, of_another_version_or_cut_is_not_ours)
{
	uint8_t room[256];
	struct slice all = put(&one, room);
	struct ticket_data got;

	for (size_t len = 0; len < TICKET_DATA_HEAD; len++)
		cr_expect_eq(ticket_data_get(slice_sub(all, 0, len), &got), -EBADMSG, "%zu", len);
	room[0]++;
	cr_expect_eq(ticket_data_get(all, &got), -EBADMSG);
	room[0]--;
	room[1] = 2;
	cr_expect_eq(ticket_data_get(all, &got), -EBADMSG);
}

Test(ticket_data, without_certificates_ends_behind_the_head)
{
	struct ticket_data d = one;
	uint8_t room[256];
	struct slice all;

	d.certs.len = 0;
	all = put(&d, room);
	cr_expect_eq(all.len, TICKET_DATA_HEAD);
	cr_assert_eq(ticket_data_get(all, &d), 0);
	cr_expect_eq(d.certs.len, 0);
}
