/* SPDX-License-Identifier: GPL-2.0-only */
#include <criterion/criterion.h>
#include <string.h>

#include "sys/ktls.h"

enum {
	GCM128 = 1 << KTLS_AES_128_GCM,
	GCM256 = 1 << KTLS_AES_256_GCM,
	CHACHA = 1 << KTLS_CHACHA20_POLY1305,
};

Test(ktls_support, every_bit_survives_the_way_to_another_process)
{
	for (uint32_t bits = 0; bits < 1U << KTLS_PACK_BITS; bits++) {
		struct ktls_support s;

		ktls_unpack(bits, &s);
		cr_assert_eq(ktls_pack(&s), bits, "%#x", bits);
	}
}

Test(ktls_support, a_suite_needs_both_directions)
{
	const struct ktls_support s = { .rx = { GCM128 | CHACHA, GCM256 },
		                        .tx = { GCM128, GCM256 } };

	cr_expect(ktls_can(&s, TLS_1_2_VERSION, KTLS_AES_128_GCM));
	cr_expect_not(ktls_can(&s, TLS_1_2_VERSION, KTLS_CHACHA20_POLY1305), "RX only");
	cr_expect_not(ktls_can(&s, TLS_1_2_VERSION, KTLS_AES_256_GCM), "of the other version");
	cr_expect(ktls_can(&s, TLS_1_3_VERSION, KTLS_AES_256_GCM));
	cr_expect_not(ktls_can(&s, TLS_1_3_VERSION, KTLS_AES_128_GCM), "of the other version");
	cr_expect_not(ktls_is_whole(&s));
}
