/* SPDX-License-Identifier: GPL-2.0-only */
#include <criterion/criterion.h>
#include <errno.h>
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

enum { ALL = GCM128 | GCM256 | CHACHA };

static const struct {
	struct ktls_support s;
	const char *summary, *missing;
} said[] = {
	{ { { ALL, ALL }, { ALL, ALL }, true, 0, "" },
	  "1.2 and 1.3, AES-128-GCM AES-256-GCM CHACHA20-POLY1305, rekey",
	  "" },
	{ { { ALL, ALL }, { ALL, ALL }, false, 0, "" },
	  "1.2 and 1.3, AES-128-GCM AES-256-GCM CHACHA20-POLY1305, no rekey",
	  "" },
	{ { { 0 }, { 0 }, false, -ENOENT, "TCP_ULP" },
	  "none (TCP_ULP: No such file or directory): records stay in user space",
	  "TLS 1.2 AES-128-GCM RX TX, TLS 1.2 AES-256-GCM RX TX, TLS 1.2 CHACHA20-POLY1305 RX TX, "
	  "TLS 1.3 AES-128-GCM RX TX, TLS 1.3 AES-256-GCM RX TX, TLS 1.3 CHACHA20-POLY1305 RX TX" },
	{ { { 0 }, { 0 }, false, 0, "" },
	  "none: records stay in user space",
	  "TLS 1.2 AES-128-GCM RX TX, TLS 1.2 AES-256-GCM RX TX, TLS 1.2 CHACHA20-POLY1305 RX TX, "
	  "TLS 1.3 AES-128-GCM RX TX, TLS 1.3 AES-256-GCM RX TX, TLS 1.3 CHACHA20-POLY1305 RX TX" },
	{ { { ALL, ALL & ~CHACHA },
	    { ALL & ~GCM128, ALL & ~CHACHA },
	    true,
	    -ENOENT,
	    "TLS 1.2 AES-128-GCM TX" },
	  "not all (TLS 1.2 AES-128-GCM TX: No such file or directory), without "
	  "TLS 1.2 AES-128-GCM TX, TLS 1.3 CHACHA20-POLY1305 RX TX, rekey",
	  "TLS 1.2 AES-128-GCM TX, TLS 1.3 CHACHA20-POLY1305 RX TX" },
};

Test(ktls_support, is_said_in_one_line_with_what_is_missing)
{
	for (size_t i = 0; i < ARRAY_LEN(said); i++) {
		char text[KTLS_TEXT_MAX + 1] = "";
		struct sink line = sink_of(text, KTLS_TEXT_MAX);

		ktls_put_summary(&line, &said[i].s);
		cr_expect_str_eq(text, said[i].summary);
		memset(text, 0, sizeof(text));
		line = sink_of(text, KTLS_TEXT_MAX);
		ktls_put_missing(&line, &said[i].s);
		cr_expect_str_eq(text, said[i].missing);
	}
}

Test(ktls_support, the_longest_texts_fit)
{
	const struct ktls_support none = { .error = -ENOPROTOOPT };
	struct ktls_support most = { .rx = { CHACHA }, .error = -ENOTRECOVERABLE };
	char text[KTLS_TEXT_MAX];
	struct sink line = sink_of(text, sizeof(text));

	memset(most.what, 'w', sizeof(most.what) - 1);
	ktls_put_summary(&line, &most);
	cr_expect_not(line.overflow);
	line = sink_of(text, sizeof(text));
	ktls_put_table(&line, &none);
	cr_expect_not(line.overflow);
}

Test(ktls_support, the_table_has_a_line_for_each_version_and_cipher)
{
	const struct ktls_support s = { .rx = { ALL, GCM256 }, .tx = { ALL & ~CHACHA, GCM256 } };
	char text[KTLS_TEXT_MAX + 1] = "";
	struct sink lines = sink_of(text, KTLS_TEXT_MAX);

	ktls_put_table(&lines, &s);
	cr_expect_str_eq(text, "  version  cipher             rx   tx\n"
	                       "  TLS 1.2  AES-128-GCM        yes  yes\n"
	                       "  TLS 1.2  AES-256-GCM        yes  yes\n"
	                       "  TLS 1.2  CHACHA20-POLY1305  yes  no\n"
	                       "  TLS 1.3  AES-128-GCM        no   no\n"
	                       "  TLS 1.3  AES-256-GCM        yes  yes\n"
	                       "  TLS 1.3  CHACHA20-POLY1305  no   no\n"
	                       "  rekey: no (Linux 6.14 can)\n");
}
