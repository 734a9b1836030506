/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/handshake.h"

#include "tls/suite.h"
#include "tls_pair.h"

static struct pair_world w;
static struct pair_server *const s = &w.s;

static void setup(void)
{
	pair_world_init(&w, 16);
	pair_add_host(s, &(struct pair_host){ .name = "a.example.com",
	                                      .cert = &w.server,
	                                      .ca = w.client_ca_pem,
	                                      .verify = VERIFY_REQUIRE,
	                                      .depth = 1,
	                                      .timeout_s = 300 });
}

static void teardown(void)
{
	pair_world_fini(&w);
}

TestSuite(tls_handshake, .init = setup, .fini = teardown);

static const struct {
	const char *suite; /* as the client's configuration names it */
	const char *standard;
	int version;
	int record_suite;
} suites_of[] = {
	{ "TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", TLS1_3_VERSION, SUITE_AES_128_GCM },
	{ "TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384", TLS1_3_VERSION, SUITE_AES_256_GCM },
	{ "TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256", TLS1_3_VERSION,
	  SUITE_CHACHA20_POLY1305 },
	{ "ECDHE-ECDSA-AES128-GCM-SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
	  TLS1_2_VERSION, SUITE_AES_128_GCM },
	{ "ECDHE-ECDSA-AES256-GCM-SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
	  TLS1_2_VERSION, SUITE_AES_256_GCM },
	{ "ECDHE-ECDSA-CHACHA20-POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
	  TLS1_2_VERSION, SUITE_CHACHA20_POLY1305 },
};

static struct pair_client client_of(size_t n)
{
	return (struct pair_client){ .version = suites_of[n].version,
		                     .suite = suites_of[n].suite,
		                     .sni = "a.example.com",
		                     .cert = &w.client };
}

static void expect_client(const struct pair *p, size_t n)
{
	cr_expect_eq(p->r.record.suite, suites_of[n].record_suite);
	cr_expect_str_eq(p->r.cipher, suites_of[n].standard);
	cr_expect_str_eq(p->r.version,
	                 suites_of[n].version == TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2");
	cr_expect(slice_eq(hostname_slice(&p->r.sni), SLICE("a.example.com")));
	cr_expect_eq(p->r.user, &s->hosts[0]);
	cr_expect_eq(p->r.host, s->hosts[0].host);
	cr_assert_not_null(p->r.identity);
	cr_expect(slice_eq(p->r.identity->meta.subject, SLICE("CN=client")));
	cr_expect(p->r.identity->meta.verified);
}

Test(tls_handshake, full_and_resumed_in_every_version_and_suite)
{
	for (size_t n = 0; n < ARRAY_LEN(suites_of); n++) {
		struct pair_client c = client_of(n);
		struct pair *first = pair_run(s, &c);
		struct pair *second;

		cr_assert_eq(first->step, TLS_STEP_DONE, "%s: %s", c.suite, pair_text(first));
		cr_expect_not(first->r.resumed);
		expect_client(first, n);
		pair_talk(s, first);
		cr_assert_not_null(first->session, "%s", c.suite);

		c.session = first->session;
		second = pair_run(s, &c);
		cr_assert_eq(second->step, TLS_STEP_DONE, "%s: %s", c.suite, pair_text(second));
		cr_expect(second->r.resumed, "%s", c.suite);
		cr_expect_eq(second->r.identity, first->r.identity);
		expect_client(second, n);
		pair_talk(s, second);
		pair_free(first);
		pair_free(second);
	}
}

/* Client ChangeCipherSpec, our Finished, tickets: counted, in one step or in thousands. */
Test(tls_handshake, one_byte_at_a_time)
{
	for (size_t n = 0; n < ARRAY_LEN(suites_of); n++) {
		struct pair_client c = client_of(n);
		struct pair *first;
		struct pair *second;

		c.trickle = 1;
		first = pair_run(s, &c);
		cr_assert_eq(first->step, TLS_STEP_DONE, "%s: %s", c.suite, pair_text(first));
		cr_expect_gt(first->steps, 500);
		pair_talk(s, first);
		c.session = first->session;
		second = pair_run(s, &c);
		cr_assert_eq(second->step, TLS_STEP_DONE);
		cr_expect(second->r.resumed);
		pair_talk(s, second);
		pair_free(first);
		pair_free(second);
	}
}

static void expect_early(struct pair *p)
{
	struct record_opened o;
	uint8_t plain[200];

	cr_assert_eq(p->step, TLS_STEP_DONE, "%s", pair_text(p));
	cr_assert_gt(p->in_len, 0);
	cr_assert_eq(pair_open(s, p, plain, &o), 1);
	cr_expect(slice_eq(slice_of(plain, o.plain_len), SLICE("GET /early")));
	pair_talk(s, p);
}

Test(tls_handshake, data_right_behind_finished_is_for_the_record_engine)
{
	for (size_t n = 0; n < ARRAY_LEN(suites_of); n++) {
		struct pair_client c = client_of(n);
		struct pair *first;
		struct pair *second;

		if (c.version == TLS1_3_VERSION)
			c.early = SLICE("GET /early");
		first = pair_run(s, &c);
		if (c.version == TLS1_3_VERSION)
			expect_early(first);
		else
			pair_talk(s, first);
		c.early = SLICE("GET /early");
		c.session = first->session;
		second = pair_run(s, &c);
		cr_expect(second->r.resumed);
		expect_early(second);
		pair_free(first);
		pair_free(second);
	}
}

Test(tls_handshake, the_client_may_send_small_records)
{
	for (size_t n = 0; n < ARRAY_LEN(suites_of); n++) {
		struct pair_client c = client_of(n);
		struct pair *p;

		c.fragment = 512;
		p = pair_run(s, &c);
		cr_assert_eq(p->step, TLS_STEP_DONE, "%s", pair_text(p));
		pair_talk(s, p);
		pair_free(p);
	}
}

Test(tls_handshake, padded_records_are_understood)
{
	struct pair_client c = client_of(0);
	struct pair *p;

	c.padding = 1024;
	p = pair_run(s, &c);
	cr_assert_eq(p->step, TLS_STEP_DONE, "%s", pair_text(p));
	pair_talk(s, p);
	pair_free(p);
}

Test(tls_handshake, a_negotiated_max_fragment_length_binds_us)
{
	for (size_t n = 0; n < ARRAY_LEN(suites_of); n += 3) {
		struct pair_client c = client_of(n);
		struct pair *first;
		struct pair *second;

		c.max_fragment = TLSEXT_max_fragment_length_1024;
		first = pair_run(s, &c);
		cr_assert_eq(first->step, TLS_STEP_DONE, "%s", pair_text(first));
		cr_expect_eq(first->r.record.plain_max, 1024);
		pair_talk(s, first);
		c.session = first->session;
		second = pair_run(s, &c);
		cr_expect(second->r.resumed);
		cr_expect_eq(second->r.record.plain_max, 1024);
		pair_talk(s, second);
		pair_free(first);
		pair_free(second);
	}
}

static const char *const rsa_suites[] = { "ECDHE-RSA-AES128-GCM-SHA256",
	                                  "ECDHE-RSA-AES256-GCM-SHA384",
	                                  "ECDHE-RSA-CHACHA20-POLY1305" };

Test(tls_handshake, rsa_on_both_sides)
{
	struct pki rsa_server =
		pki_make(&(struct pki_spec){ .cn = "r", .issuer = &w.server_ca, .is_rsa = true });
	struct pki rsa_client =
		pki_make(&(struct pki_spec){ .cn = "rsa", .issuer = &w.client_ca, .is_rsa = true });

	pair_add_host(s, &(struct pair_host){ .name = "r.example.com",
	                                      .cert = &rsa_server,
	                                      .ca = w.client_ca_pem,
	                                      .verify = VERIFY_REQUIRE,
	                                      .depth = 1,
	                                      .timeout_s = 300 });
	for (size_t n = 0; n <= ARRAY_LEN(rsa_suites); n++) {
		bool is_tls12 = n < ARRAY_LEN(rsa_suites);
		struct pair_client c = { .version = is_tls12 ? TLS1_2_VERSION : TLS1_3_VERSION,
			                 .suite = is_tls12 ? rsa_suites[n] : NULL,
			                 .sni = "r.example.com",
			                 .cert = &rsa_client };
		struct pair *p = pair_run(s, &c);

		cr_assert_eq(p->step, TLS_STEP_DONE, "%s: %s", c.suite, pair_text(p));
		pair_talk(s, p);
		pair_free(p);
	}
	pki_free(&rsa_server);
	pki_free(&rsa_client);
}

Test(tls_handshake, a_certificate_of_12_kib)
{
	struct pki large =
		pki_make(&(struct pki_spec){ .cn = "large", .issuer = &w.client_ca, .pad = 12000 });

	for (size_t n = 0; n < ARRAY_LEN(pair_versions); n++) {
		struct pair_client c = { .version = pair_versions[n],
			                 .sni = "a.example.com",
			                 .cert = &large,
			                 .trickle = 1000 };
		struct pair *p = pair_run(s, &c);

		cr_assert_eq(p->step, TLS_STEP_DONE, "%s", pair_text(p));
		cr_expect_gt(p->r.identity->meta.der.len, 12000);
		pair_talk(s, p);
		pair_free(p);
	}
	pki_free(&large);
}

static const uint8_t retry_random[] = { 0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11 };

Test(tls_handshake, hello_retry_request)
{
	struct pair_client c = { .version = TLS1_3_VERSION,
		                 .sni = "a.example.com",
		                 .cert = &w.client,
		                 .groups = "X448:P-384" };
	struct pair *first = pair_run(s, &c);
	struct pair *second;

	cr_assert_eq(first->step, TLS_STEP_DONE, "%s", pair_text(first));
	cr_expect_not_null(memmem(first->wire, first->wire_len, retry_random, 8));
	pair_talk(s, first);
	c.session = first->session;
	second = pair_run(s, &c);
	cr_assert_eq(second->step, TLS_STEP_DONE, "%s", pair_text(second));
	cr_expect(second->r.resumed);
	pair_talk(s, second);
	pair_free(first);
	pair_free(second);
}

Test(tls_handshake, tickets_count_as_records_of_the_traffic_key)
{
	struct pair_client c = client_of(0);
	struct pair *p = pair_run(s, &c);

	cr_assert_eq(p->step, TLS_STEP_DONE);
	cr_expect_eq(p->r.record.tx.seq, 1);
	cr_expect_eq(p->r.record.rx.seq, 0);
	pair_free(p);
}

/* What is sent under TLS 1.2 AES-GCM: explicit nonces of all records behind our
 * ChangeCipherSpec, the Finished's first. */
static size_t explicit_nonces(const struct pair *p, uint64_t *out, size_t room)
{
	bool is_sealed = false;
	size_t len = 0;

	for (size_t at = 0; at < p->wire_len; at += 5 + get_be16(p->wire + at + 3)) {
		if (is_sealed && len < room)
			out[len++] = get_be64(p->wire + at + 5);
		if (p->wire[at] == RECORD_CHANGE_CIPHER_SPEC)
			is_sealed = true;
	}
	return len;
}

Test(tls_handshake, no_explicit_nonce_twice_on_the_wire)
{
	for (size_t n = 3; n < 5; n++) {
		struct pair_client c = client_of(n);

		for (int resumed = 0; resumed < 2; resumed++) {
			struct pair *p = pair_run(s, &c);
			uint64_t nonces[100];
			size_t len;

			cr_assert_eq(p->step, TLS_STEP_DONE);
			cr_assert_eq(p->r.resumed, resumed);
			for (int i = 0; i < 10; i++)
				pair_send(s, p, SLICE("data"));
			len = explicit_nonces(p, nonces, ARRAY_LEN(nonces));
			cr_assert_eq(len, 11);
			for (size_t i = 1; i < len; i++)
				cr_expect_eq(nonces[i], nonces[0] + i);
			if (!c.session && SSL_SESSION_up_ref(p->session))
				c.session = p->session;
			pair_free(p);
		}
		SSL_SESSION_free(c.session);
	}
}

static void act_on(struct pair *p, enum control_action want)
{
	struct record_opened o;
	uint8_t plain[300];
	uint8_t alert = 0;

	cr_assert_eq(pair_open(s, p, plain, &o), 1);
	cr_assert_eq(control_record(&p->r.record, o.type, slice_of(plain, o.plain_len), &alert),
	             want);
}

static void update(struct pair *p, bool request)
{
	uint8_t room[100];
	struct sink out = sink_of(room, sizeof(room));

	cr_assert_eq(record_update_tx(s->aead, &p->r.record, request, &out), 0);
	pair_to_client(p, &out);
}

Test(tls_handshake, key_updates_from_both_sides)
{
	for (size_t n = 0; n < 3; n++) {
		struct pair_client c = client_of(n);
		struct pair *p = pair_run(s, &c);
		struct record_opened o;
		uint8_t plain[100];

		cr_assert_eq(p->step, TLS_STEP_DONE);
		pair_talk(s, p);
		for (int i = 0; i < 3; i++) {
			cr_assert_eq(SSL_key_update(p->client, SSL_KEY_UPDATE_REQUESTED), 1);
			cr_assert_eq(SSL_do_handshake(p->client), 1);
			act_on(p, CONTROL_REKEY_BOTH);
			update(p, false);
			pair_talk(s, p);
			update(p, true);
			pair_send(s, p, SLICE("read it"));
			cr_assert_eq(SSL_write(p->client, "x", 1), 1);
			act_on(p, CONTROL_REKEYED);
			cr_assert_eq(pair_open(s, p, plain, &o), 1);
			pair_talk(s, p);
		}
		pair_free(p);
	}
}

Test(tls_handshake, close_notify_both_ways)
{
	for (size_t n = 0; n < ARRAY_LEN(suites_of); n++) {
		struct pair_client c = client_of(n);
		struct pair *p = pair_run(s, &c);
		uint8_t room[100];
		struct sink out = sink_of(room, sizeof(room));

		cr_assert_eq(p->step, TLS_STEP_DONE);
		pair_send(s, p, SLICE("the end"));
		cr_assert_eq(SSL_shutdown(p->client), 0);
		act_on(p, CONTROL_CLOSE_NOTIFY);
		cr_assert_eq(record_alert(s->aead, &p->r.record, 0, &out), 0);
		pair_to_client(p, &out);
		cr_expect_eq(SSL_shutdown(p->client), 1);
		pair_free(p);
	}
}

Test(tls_handshake, a_client_that_renegotiates_is_refused)
{
	struct pair_client c = client_of(3);
	struct pair *p = pair_run(s, &c);
	uint8_t plain[2000];
	struct record_opened o;
	uint8_t alert = 0;

	cr_assert_eq(p->step, TLS_STEP_DONE);
	cr_assert_eq(SSL_renegotiate(p->client), 1);
	(void)SSL_do_handshake(p->client);
	cr_assert_eq(pair_open(s, p, plain, &o), 1);
	cr_expect_eq(control_record(&p->r.record, o.type, slice_of(plain, o.plain_len), &alert),
	             CONTROL_FATAL);
	cr_expect_eq(alert, 100);
	pair_free(p);
}
