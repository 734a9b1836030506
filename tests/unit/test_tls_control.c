/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/control.h"

#include <criterion/criterion.h>
#include <errno.h>

#include "tls/alert.h"
#include "tls_state.h"

enum { UNTOUCHED = 0xEE };

static const struct {
	const char *why;
	uint16_t version;
	uint8_t type;
	uint8_t len;
	uint8_t payload[6];
	uint16_t want; /* enum control_action */
	uint8_t alert;
} rows[] = {
	{ "close_notify", 0x0304, 21, 2, { 1, 0 }, CONTROL_CLOSE_NOTIFY, UNTOUCHED },
	{ "close_notify", 0x0303, 21, 2, { 1, 0 }, CONTROL_CLOSE_NOTIFY, UNTOUCHED },
	{ "user_canceled announces a close_notify",
	  0x0304,
	  21,
	  2,
	  { 1, 90 },
	  CONTROL_NOTHING,
	  UNTOUCHED },
	{ "1.3 has no warnings", 0x0304, 21, 2, { 1, 100 }, CONTROL_PEER_ALERT, 100 },
	{ "1.2 has", 0x0303, 21, 2, { 1, 100 }, CONTROL_NOTHING, UNTOUCHED },
	{ "fatal", 0x0303, 21, 2, { 2, 40 }, CONTROL_PEER_ALERT, 40 },
	{ "fatal", 0x0304, 21, 2, { 2, 40 }, CONTROL_PEER_ALERT, 40 },
	{ "half an alert", 0x0304, 21, 1, { 1 }, CONTROL_FATAL, 50 },
	{ "two alerts in one record", 0x0304, 21, 4, { 1, 90, 1, 0 }, CONTROL_FATAL, 50 },
	{ "ChangeCipherSpec", 0x0303, 20, 1, { 1 }, CONTROL_FATAL, 10 },
	{ "ChangeCipherSpec", 0x0304, 20, 1, { 1 }, CONTROL_FATAL, 10 },
	{ "renegotiation", 0x0303, 22, 4, { 1, 0, 0, 90 }, CONTROL_FATAL, 100 },
	{ "any other message", 0x0303, 22, 4, { 11, 0, 0, 90 }, CONTROL_FATAL, 10 },
	{ "1.2 has no KeyUpdate", 0x0303, 22, 5, { 24, 0, 0, 1, 0 }, CONTROL_FATAL, 10 },
	{ "nothing", 0x0304, 22, 0, { 0 }, CONTROL_FATAL, 10 },
	{ "KeyUpdate", 0x0304, 22, 5, { 24, 0, 0, 1, 0 }, CONTROL_REKEYED, UNTOUCHED },
	{ "KeyUpdate, ours too", 0x0304, 22, 5, { 24, 0, 0, 1, 1 }, CONTROL_REKEY_BOTH, UNTOUCHED },
	{ "KeyUpdate that asks for what is not",
	  0x0304,
	  22,
	  5,
	  { 24, 0, 0, 1, 2 },
	  CONTROL_FATAL,
	  47 },
	{ "KeyUpdate of another length", 0x0304, 22, 5, { 24, 0, 0, 2, 0 }, CONTROL_FATAL, 50 },
	{ "something behind it", 0x0304, 22, 6, { 24, 0, 0, 1, 0, 24 }, CONTROL_FATAL, 10 },
	{ "late Certificate", 0x0304, 22, 5, { 11, 0, 0, 1, 0 }, CONTROL_FATAL, 10 },
	{ "late ClientHello", 0x0304, 22, 5, { 1, 0, 0, 1, 0 }, CONTROL_FATAL, 10 },
	{ "an unknown type", 0x0304, 24, 1, { 0 }, CONTROL_FATAL, 10 },
};

Test(tls_control, reads_one_record)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct record_state r = test_state(rows[i].version, SUITE_AES_128_GCM, 1);
		uint64_t key_id = r.rx.key_id;
		uint8_t alert = UNTOUCHED;
		enum control_action got = control_record(
			&r, rows[i].type, slice_of(rows[i].payload, rows[i].len), &alert);
		bool rekeyed = got == CONTROL_REKEYED || got == CONTROL_REKEY_BOTH;

		cr_expect_eq(got, rows[i].want, "%zu: %s", i, rows[i].why);
		cr_expect_eq(alert, rows[i].alert, "%zu: %s", i, rows[i].why);
		cr_expect_eq(r.rx.key_id != key_id, rekeyed, "%zu: %s", i, rows[i].why);
	}
}

Test(tls_control, a_key_update_may_come_in_pieces)
{
	static const uint8_t message[] = { 24, 0, 0, 1, 1 };
	struct record_state r = test_state(0x0304, SUITE_AES_128_GCM, 1);
	uint8_t alert = UNTOUCHED;

	for (size_t i = 0; i < 5; i++)
		cr_expect_eq(control_record(&r, RECORD_HANDSHAKE, slice_of(message + i, 1), &alert),
		             i < 4 ? CONTROL_NOTHING : CONTROL_REKEY_BOTH);
	cr_expect_eq(r.partial_len, 0);
}

Test(tls_control, key_updates_are_counted)
{
	struct record_state r = test_state(0x0304, SUITE_AES_128_GCM, 1);
	const struct slice message = SLICE("\x18\0\0\1\0");
	uint8_t alert = UNTOUCHED;

	for (int i = 0; i < RECORD_KEY_UPDATES_MAX; i++)
		cr_assert_eq(control_record(&r, RECORD_HANDSHAKE, message, &alert),
		             CONTROL_REKEYED);
	cr_expect_eq(control_record(&r, RECORD_HANDSHAKE, message, &alert), CONTROL_FATAL);
	cr_expect_eq(alert, ALERT_UNEXPECTED_MESSAGE);
}

static struct aead_cache *cache;
static uint8_t wire[1024];
static uint8_t plain[1024];

static void setup(void)
{
	cr_assert_eq(aead_cache_new(8, &cache), 0);
}

static void teardown(void)
{
	aead_cache_free(cache);
}

TestSuite(tls_control, .init = setup, .fini = teardown);

Test(tls_control, data_goes_on_after_both_sides_have_new_keys)
{
	for (int suite = 0; suite < SUITE_MAX; suite++) {
		struct record_state r = test_state(0x0304, suite, 1);
		struct record_state p = test_peer(&r);
		struct sink out = sink_of(wire, sizeof(wire));
		struct record_opened o;
		uint8_t alert = UNTOUCHED;

		cr_assert_eq(record_update_tx(cache, &r, true, &out), 0);
		cr_assert_eq(record_seal(cache, &r, RECORD_APPLICATION_DATA, SLICE("new"), &out),
		             0);
		cr_assert_eq(record_open(cache, &p, sink_slice(&out), plain, &o), 1);
		cr_assert_eq(control_record(&p, o.type, slice_of(plain, o.plain_len), &alert),
		             CONTROL_REKEY_BOTH);
		cr_assert_eq(record_open(cache, &p,
		                         slice_of(wire + o.wire_len, out.len - o.wire_len), plain,
		                         &o),
		             1);
		cr_expect(slice_eq(slice_of(plain, o.plain_len), SLICE("new")));

		out = sink_of(wire, sizeof(wire));
		cr_assert_eq(record_update_tx(cache, &p, false, &out), 0);
		cr_assert_eq(record_open(cache, &r, sink_slice(&out), plain, &o), 1);
		cr_expect_eq(control_record(&r, o.type, slice_of(plain, o.plain_len), &alert),
		             CONTROL_REKEYED);
	}
}

Test(tls_control, data_between_the_pieces_of_a_key_update_is_refused)
{
	struct record_state r = test_state(0x0304, SUITE_AES_128_GCM, 1);
	struct record_state p = test_peer(&r);
	struct sink out = sink_of(wire, sizeof(wire));
	struct record_opened o;
	uint8_t alert = UNTOUCHED;

	cr_assert_eq(control_record(&p, RECORD_HANDSHAKE, SLICE("\x18\0"), &alert),
	             CONTROL_NOTHING);
	cr_assert_eq(record_seal(cache, &r, RECORD_APPLICATION_DATA, SLICE("x"), &out), 0);
	cr_expect_eq(record_open(cache, &p, sink_slice(&out), plain, &o),
	             -ALERT_UNEXPECTED_MESSAGE);
}

Test(tls_control, tls12_has_no_key_update_to_send)
{
	struct record_state r = test_state(0x0303, SUITE_AES_128_GCM, 1);
	struct sink out = sink_of(wire, sizeof(wire));

	cr_expect_eq(record_update_tx(cache, &r, false, &out), -ENOTSUP);
	cr_expect_eq(out.len, 0);
}

Test(tls_control, only_close_notify_is_a_warning)
{
	static const struct {
		uint8_t description, level;
	} alerts[] = { { ALERT_CLOSE_NOTIFY, 1 }, { ALERT_BAD_RECORD_MAC, 2 }, { 112, 2 } };

	for (size_t i = 0; i < ARRAY_LEN(alerts); i++) {
		struct record_state r = test_state(0x0303, SUITE_CHACHA20_POLY1305, 1);
		struct record_state p = test_peer(&r);
		struct sink out = sink_of(wire, sizeof(wire));
		struct record_opened o;

		cr_assert_eq(record_alert(cache, &r, alerts[i].description, &out), 0);
		cr_assert_eq(record_open(cache, &p, sink_slice(&out), plain, &o), 1);
		cr_expect_eq(o.type, RECORD_ALERT);
		cr_assert_eq(o.plain_len, 2);
		cr_expect_eq(plain[0], alerts[i].level);
		cr_expect_eq(plain[1], alerts[i].description);
	}
}
