/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/revoked_entry.h"

#include <criterion/criterion.h>
#include <errno.h>

#define HEX   "00aabb0000000000000000000000000000000000000000000000000000000001"
#define UPPER "00AABB0000000000000000000000000000000000000000000000000000000001"

static struct revoked_entry entry, other;

Test(revoked_entry, a_fingerprint_is_its_own_id)
{
	const uint8_t want[REVOKED_KEY_BYTES] = { 0, 0xAA, 0xBB, [31] = 1 };

	cr_assert_eq(revoked_entry_sha256(SLICE(UPPER "0"), &entry), -EINVAL);
	cr_assert_eq(revoked_entry_sha256(SLICE(UPPER), &entry), 0);
	cr_expect_eq(entry.kind, REVOKED_SHA256);
	cr_expect_str_eq(entry.value, HEX);
	cr_expect_arr_eq(entry.key, want, sizeof(want));
}

Test(revoked_entry, spellings_of_a_serial_number_and_an_issuer_are_one)
{
	cr_assert_eq(
		revoked_entry_serial(SLICE("0x00:12:AB"), SLICE("CN = Some  CA,O=Org"), &entry), 0);
	cr_assert_eq(revoked_entry_serial(SLICE("12ab"), SLICE("cn=some ca , o=org"), &other), 0);
	cr_expect_eq(entry.kind, REVOKED_SERIAL);
	cr_expect_str_eq(entry.value, "12ab cn=some ca,o=org");
	cr_expect_str_eq(other.value, entry.value);
	cr_expect_arr_eq(other.key, entry.key, sizeof(entry.key));
	cr_expect_eq(revoked_entry_serial(SLICE("x"), SLICE("CN=a"), &entry), -EINVAL);
	cr_expect_eq(revoked_entry_serial(SLICE("1"), SLICE(""), &entry), -EINVAL);
	cr_expect_eq(revoked_entry_serial(SLICE("1"), SLICE("CN=a\n"), &entry), -EINVAL);
}

Test(revoked_entry, what_is_stored_comes_back_as_it_was)
{
	struct revocation_row row = { .kind = "serial" };

	cr_assert_eq(revoked_entry_serial(SLICE("-1F"), SLICE("CN=a\\,b,O=c d"), &entry), 0);
	row.value = entry.value;
	cr_assert_eq(revoked_entry_stored(&row, &other), 0);
	cr_expect_eq(other.kind, REVOKED_SERIAL);
	cr_expect_str_eq(other.value, entry.value);
	cr_expect_arr_eq(other.key, entry.key, sizeof(entry.key));
	row = (struct revocation_row){ .kind = "sha256", .value = HEX };
	cr_assert_eq(revoked_entry_stored(&row, &other), 0);
	cr_expect_eq(other.kind, REVOKED_SHA256);
}

Test(revoked_entry, what_nobody_can_have_stored_is_refused)
{
	static const struct revocation_row rows[] = {
		{ .kind = "spki", .value = HEX },     { .kind = "", .value = HEX },
		{ .kind = "sha256", .value = "12" },  { .kind = "serial", .value = HEX },
		{ .kind = "serial", .value = "12 " }, { .kind = "serial", .value = " CN=a" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		cr_expect_eq(revoked_entry_stored(&rows[i], &entry), -EINVAL, "%s %s", rows[i].kind,
		             rows[i].value);
}
