/* SPDX-License-Identifier: GPL-2.0-only */
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

TestSuite(tls_failure, .init = setup, .fini = teardown);

Test(tls_failure, every_failure_has_a_label)
{
	for (int f = 0; f < TLS_FAILURE_MAX; f++)
		cr_expect_gt(strlen(tls_failure_label(f)), 3);
	cr_expect_str_eq(tls_failure_label(TLS_FAILURE_SNI_UNKNOWN), "sni_unknown");
}

static const struct {
	const char *why;
	const char *bytes;
	size_t len;
} not_tls[] = {
#define ROW(why, bytes)                                                                            \
	{                                                                                          \
		why, bytes, sizeof(bytes) - 1                                                      \
	}
	ROW("HTTP", "GET / HTTP/1.1\r\n\r\n"),
	ROW("SSH", "SSH-2.0-OpenSSH_9.2\r\n"),
	ROW("SSL 2 ClientHello",
	    "\x80\x2E\x01\x03\x03\x00\x15\x00\x00\x00\x10\x00\xC0\x2B\x00\xC0\x2F\x00"),
	ROW("application data first", "\x17\x03\x03\x00\x01x"),
	ROW("an alert first", "\x15\x03\x03\x00\x02\x02\x28"),
	ROW("a record over all limits", "\x16\x03\x01\xFF\xFF"),
	ROW("another handshake message first", "\x16\x03\x01\x00\x04\x0B\x00\x00\x00"),
#undef ROW
};

/* At once: nobody waits for a body that will not come. */
Test(tls_failure, what_is_not_a_client_hello_ends_at_once)
{
	for (size_t n = 0; n < ARRAY_LEN(not_tls); n++) {
		static uint8_t room[HANDSHAKE_OUT_MAX];
		struct sink out = sink_of(room, sizeof(room));
		struct tls_handshake *h;
		const char *text;
		size_t consumed;

		cr_assert_eq(tls_handshake_new(s->w, s, &h), 0);
		cr_expect_eq(tls_handshake_step(h, slice_of(not_tls[n].bytes, not_tls[n].len),
		                                &consumed, &out),
		             TLS_STEP_FAILED, "%s", not_tls[n].why);
		cr_expect_leq(consumed, not_tls[n].len);
		cr_expect(tls_handshake_failure(h, &text) == TLS_FAILURE_PROTOCOL ||
		                  tls_handshake_failure(h, &text) == TLS_FAILURE_PEER_ALERT,
		          "%s", not_tls[n].why);
		cr_expect_neq(text[0], '\0', "%s", not_tls[n].why);
		tls_handshake_free(h);
	}
}

static int only_tls11(SSL *ssl)
{
	return SSL_set_min_proto_version(ssl, TLS1_1_VERSION) &&
	       SSL_set_max_proto_version(ssl, TLS1_1_VERSION);
}

static int only_cbc(SSL *ssl)
{
	return SSL_set_max_proto_version(ssl, TLS1_2_VERSION) &&
	       SSL_set_cipher_list(ssl, "ECDHE-ECDSA-AES128-SHA256");
}

static int only_static_rsa(SSL *ssl)
{
	return SSL_set_max_proto_version(ssl, TLS1_2_VERSION) &&
	       SSL_set_cipher_list(ssl, "AES128-GCM-SHA256");
}

static int only_ccm(SSL *ssl)
{
	return SSL_set_min_proto_version(ssl, TLS1_3_VERSION) &&
	       SSL_set_ciphersuites(ssl, "TLS_AES_128_CCM_SHA256");
}

static int only_unknown_group(SSL *ssl)
{
	char groups[] = "X448";

	return SSL_set_min_proto_version(ssl, TLS1_3_VERSION) && SSL_set1_groups_list(ssl, groups);
}

static const struct {
	const char *why;
	int (*alter)(SSL *ssl);
	int alert;
} weak[] = {
	{ "TLS 1.1", only_tls11, 70 },
	{ "CBC", only_cbc, 40 },
	{ "static RSA", only_static_rsa, 40 },
	{ "CCM", only_ccm, 40 },
	{ "no group in common", only_unknown_group, 40 },
};

Test(tls_failure, old_versions_and_suites_are_refused)
{
	for (size_t n = 0; n < ARRAY_LEN(weak); n++) {
		struct pair_client c = { .sni = "a.example.com",
			                 .cert = &w.client,
			                 .alter = weak[n].alter };
		struct pair *p = pair_run(s, &c);
		const char *text;

		cr_expect_eq(pair_failure(p, &text), TLS_FAILURE_PROTOCOL, "%s", weak[n].why);
		cr_expect_eq(pair_alert(p), weak[n].alert, "%s", weak[n].why);
		pair_free(p);
	}
}

Test(tls_failure, a_client_that_gives_up_is_told_from_one_that_errs)
{
	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++) {
		struct pair_client c = { .version = pair_versions[v],
			                 .sni = "a.example.com",
			                 .cert = &w.client,
			                 .checks_server = true };
		struct pair *p = pair_run(s, &c);
		const char *text;

		cr_expect_eq(pair_failure(p, &text), TLS_FAILURE_PEER_ALERT, "%s", text);
		cr_expect_not_null(strstr(text, "unknown ca"), "%s", text);
		pair_free(p);
	}
}

Test(tls_failure, a_certificate_without_end_is_too_large)
{
	struct pki huge =
		pki_make(&(struct pki_spec){ .cn = "huge", .issuer = &w.client_ca, .pad = 90000 });

	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++) {
		struct pair_client c = { .version = pair_versions[v],
			                 .sni = "a.example.com",
			                 .cert = &huge };
		struct pair *p = pair_run(s, &c);
		const char *text;

		cr_expect_eq(pair_failure(p, &text), TLS_FAILURE_TOO_LARGE, "%s", text);
		pair_free(p);
	}
	pki_free(&huge);
}

Test(tls_failure, a_hello_without_end_is_too_large)
{
	static uint8_t record[RECORD_HEADER_BYTES + 16000] = { 22, 3, 1, 16000 >> 8, 16000 & 255 };
	struct tls_handshake *h;
	enum tls_step step = TLS_STEP_MORE;
	const char *text;
	size_t fed = 0;

	cr_assert_eq(tls_handshake_new(s->w, s, &h), 0);
	memcpy(record + 5, (uint8_t[]){ 1, 2, 0, 0x80 }, 4); /* a ClientHello of 131200 bytes */
	while (step == TLS_STEP_MORE && fed <= HANDSHAKE_IN_MAX) {
		static uint8_t room[HANDSHAKE_OUT_MAX];
		struct sink out = sink_of(room, sizeof(room));
		size_t consumed;

		step = tls_handshake_step(h, slice_of(record, sizeof(record)), &consumed, &out);
		fed += consumed;
		memset(record + 5, 0, 4);
	}
	cr_expect_eq(step, TLS_STEP_FAILED);
	cr_expect_eq(tls_handshake_failure(h, &text), TLS_FAILURE_TOO_LARGE, "%s", text);
	cr_expect_leq(fed, HANDSHAKE_IN_MAX);
	tls_handshake_free(h);
}

Test(tls_failure, too_little_room_for_output_is_ours)
{
	struct pair_client c = { .sni = "a.example.com", .cert = &w.client };
	struct pair *p = calloc(1, sizeof(*p));
	uint8_t room[100];
	struct sink out = sink_of(room, sizeof(room));
	const char *text;
	size_t consumed;

	p->in = malloc(PAIR_BUF);
	p->wire = malloc(PAIR_BUF);
	pair_client_new(p, &c);
	cr_assert_eq(tls_handshake_new(s->w, s, &p->h), 0);
	(void)SSL_do_handshake(p->client);
	pair_collect(p);
	p->step = tls_handshake_step(p->h, slice_of(p->in, p->in_len), &consumed, &out);
	cr_expect_eq(pair_failure(p, &text), TLS_FAILURE_INTERNAL);
	pair_free(p);
}
