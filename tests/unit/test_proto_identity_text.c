/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/identity_text.h"

#include <criterion/criterion.h>

#include "heads.h"

#define SAYS(call, want)                                                                           \
	do {                                                                                       \
		uint8_t room_[256];                                                                \
		struct sink s = sink_of(room_, sizeof(room_));                                     \
		call;                                                                              \
		EXPECT_SLICE(sink_slice(&s), SLICE(want), #call);                                  \
	} while (0)

Test(identity_text, dates_are_as_openssl_prints_them)
{
	SAYS(put_date(&s, 0), "Jan  1 00:00:00 1970 GMT");
	SAYS(put_date(&s, 1647869700), "Mar 21 13:35:00 2022 GMT");
	SAYS(put_date(&s, 253402300799), "Dec 31 23:59:59 9999 GMT");
	SAYS(put_rfc3339(&s, 951782400, SLICE("Z")), "2000-02-29T00:00:00Z");
	SAYS(put_date(&s, INT64_MAX), "");
}

Test(identity_text, numbers_become_decimal)
{
	SAYS(put_decimal(&s, SLICE("00")), "0");
	SAYS(put_decimal(&s, SLICE("")), "0");
	SAYS(put_decimal(&s, SLICE("FF")), "255");
	SAYS(put_decimal(&s, SLICE("-0100")), "-256");
	SAYS(put_decimal(&s, SLICE("527E0F20A20EA2A4146C78390F34CE7AF0878CA4")),
	     "470948454891305343599952963496927655120758869156");
	SAYS(put_decimal(&s,
	                 SLICE("0fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")),
	     "7237005577332262213973186563042994240829374041602535252466099000494570602495");
	SAYS(put_decimal(&s, SLICE("xyz")), "xyz");
}

Test(identity_text, escapes_leave_printable_ascii)
{
	SAYS(put_printable(&s, SLICE("a\r\n\0\x7F\xC3\xA9~ ")), "a??????~ ");
	SAYS(put_escaped(&s, SLICE("a\\b\r\xC3\xA9")), "a\\5Cb\\0D\\C3\\A9");
	SAYS(put_percent(&s, SLICE("a-._~ +/=\n\xC3"), SLICE("+")), "a-._~%20+%2F%3D%0A%C3");
	SAYS(put_percent(&s, SLICE("a\n"), SLICE("\n")), "a%0A");
	SAYS(put_uri(&s, SLICE("a b,%\x7F"), SLICE(",")), "a%20b%2C%%7F");
}

Test(identity_text, pem_is_cut_at_64_characters)
{
	SAYS(put_pem_line(&s, SLICE("012345678901234567890123456789012345678901234567ab"),
	                  SLICE(" ")),
	     "-----BEGIN CERTIFICATE----- "
	     "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3 YWI= "
	     "-----END CERTIFICATE-----");
	SAYS(put_pem_percent(&s, SLICE(">>>>"), SLICE("=")),
	     "-----BEGIN%20CERTIFICATE-----%0APj4%2BPg==%0A-----END%20CERTIFICATE-----%0A");
}

Test(identity_text, names_end_where_they_are_cut)
{
	struct slice rest = SLICE("D\x00\x01"
	                          "aU\x00\x05"
	                          "b");
	struct san san;

	cr_assert(san_next(&rest, &san));
	cr_expect_eq(san.kind, SAN_DNS);
	EXPECT_SLICE(san.value, SLICE("a"), "first");
	cr_expect_not(san_next(&rest, &san));
	rest.len = 2;
	cr_expect_not(san_next(&rest, &san));
}
