/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/keys.h"

#include <criterion/criterion.h>
#include <errno.h>

#include "tls/control.h"
#include "tls_state.h"

/* RFC 8448 section 3, "Simple 1-RTT Handshake": secrets, keys, and a record of each side. */
#define RANDOM "cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7"
#define CLIENT "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5"
#define SERVER "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643"

static struct record_state rfc8448(void)
{
	struct record_state r = { .version = 0x0304, .suite = SUITE_AES_128_GCM, .hash_bytes = 32 };
	struct keylog k = { 0 };

	cr_assert_eq(keylog_take(&k, "CLIENT_TRAFFIC_SECRET_0 " RANDOM " " CLIENT), KEYLOG_CLIENT);
	cr_assert_eq(keylog_take(&k, "SERVER_TRAFFIC_SECRET_0 " RANDOM " " SERVER), KEYLOG_SERVER);
	cr_assert_eq(keys_tls13(&r, &k), 0);
	r.plain_max = RECORD_PLAIN_MAX;
	return r;
}

Test(tls_keys, are_those_of_rfc8448)
{
	struct record_state r = rfc8448();
	uint8_t want[32];

	cr_expect_arr_eq(r.tx.key, test_hex("9f02283b6c9c07efc26bb9f2ac92e356", want), 16);
	cr_expect_arr_eq(r.tx.iv, test_hex("cf782b88dd83549aadf1e984", want), 12);
	cr_expect_arr_eq(r.rx.key, test_hex("17422dda596ed5d9acd890e3c63f5051", want), 16);
	cr_expect_arr_eq(r.rx.iv, test_hex("5b78923dee08579033e523d9", want), 12);
}

Test(tls_keys, open_the_record_of_rfc8448)
{
	static const char record[] =
		"1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395b"
		"d54a9a20441e2b62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4";
	struct record_state r = rfc8448();
	struct aead_cache *c;
	struct record_opened o;
	uint8_t wire[72];
	uint8_t plain[72];

	cr_assert_eq(aead_cache_new(4, &c), 0);
	cr_assert_eq(record_open(c, &r, slice_of(test_hex(record, wire), 72), plain, &o), 1);
	cr_expect_eq(o.type, RECORD_APPLICATION_DATA);
	cr_expect_eq(o.wire_len, 72);
	cr_assert_eq(o.plain_len, 50);
	for (size_t i = 0; i < 50; i++)
		cr_expect_eq(plain[i], i);
	aead_cache_free(c);
}

static const struct {
	const char *why;
	const char *line;
	enum keylog_line want;
	uint8_t bytes;
} lines[] = {
	{ "no space at all", "CLIENT_TRAFFIC_SECRET_0", KEYLOG_OTHER, 0 },
	{ "another label", "CLIENT_HANDSHAKE_TRAFFIC_SECRET " RANDOM " " CLIENT, KEYLOG_OTHER, 0 },
	{ "the secret after an update", "CLIENT_TRAFFIC_SECRET_1 " RANDOM " " CLIENT, KEYLOG_OTHER,
	  0 },
	{ "upper case", "CLIENT_TRAFFIC_SECRET_0 00 ABCDEF", KEYLOG_CLIENT, 3 },
	{ "not hexadecimal", "CLIENT_TRAFFIC_SECRET_0 00 zz", KEYLOG_CLIENT, 0 },
	{ "half a byte", "CLIENT_TRAFFIC_SECRET_0 00 abc", KEYLOG_CLIENT, 0 },
	{ "longer than any hash", "CLIENT_TRAFFIC_SECRET_0 00 " CLIENT CLIENT, KEYLOG_CLIENT, 0 },
	{ "empty", "CLIENT_TRAFFIC_SECRET_0 00 ", KEYLOG_CLIENT, 0 },
};

Test(tls_keys, a_keylog_line_is_taken_whole_or_not_at_all)
{
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct keylog k = { 0 };

		cr_expect_eq(keylog_take(&k, lines[i].line), lines[i].want, "%s", lines[i].why);
		cr_expect_eq(k.client_len, lines[i].bytes, "%s", lines[i].why);
	}
}

Test(tls_keys, need_both_secrets_in_the_length_of_the_hash)
{
	struct record_state r = { .version = 0x0304, .suite = SUITE_AES_256_GCM, .hash_bytes = 48 };
	struct keylog k = { .client_len = 48 };

	cr_expect_eq(keys_tls13(&r, &k), -EIO);
	k.server_len = 32;
	cr_expect_eq(keys_tls13(&r, &k), -EIO);
	k.server_len = 48;
	cr_expect_eq(keys_tls13(&r, &k), 0);
}

Test(tls_keys, next_key_is_another_one_and_counts_from_zero)
{
	struct record_state r = rfc8448();
	struct record_dir before = r.tx;

	r.tx.seq = 9;
	cr_assert_eq(keys_next(&r, &r.tx), 0);
	cr_expect_eq(r.tx.seq, 0);
	cr_expect_neq(r.tx.key_id, before.key_id);
	cr_expect_arr_neq(r.tx.key, before.key, 16);
	cr_expect_arr_neq(r.tx.iv, before.iv, 12);
	cr_expect_arr_neq(r.tx.secret, before.secret, 32);
}
