/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/handshake.h"

#include "tls/suite.h"
#include "tls_pair.h"

static struct pki server_ca, client_ca, server, client;
static char *client_ca_pem;
static struct pair_server s;

static void setup(void)
{
	server_ca = pki_make(&(struct pki_spec){ .cn = "Server CA", .is_ca = true });
	client_ca = pki_make(&(struct pki_spec){ .cn = "Client CA", .is_ca = true });
	server = pki_make(&(struct pki_spec){ .cn = "a.example.com", .issuer = &server_ca });
	client = pki_make(&(struct pki_spec){ .cn = "client", .issuer = &client_ca });
	client_ca_pem = pki_cert_pem(NULL, &client_ca);
	pair_server_init(&s, 16);
	pair_add_host(&s, &(struct pair_host){ .name = "a.example.com",
	                                       .cert = &server,
	                                       .ca = client_ca_pem,
	                                       .verify = VERIFY_REQUIRE,
	                                       .depth = 1,
	                                       .timeout_s = 300 });
}

static void teardown(void)
{
	pair_server_fini(&s);
	pki_free(&server_ca);
	pki_free(&client_ca);
	pki_free(&server);
	pki_free(&client);
	free(client_ca_pem);
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
		                     .cert = &client };
}

static const char *text_of(const struct pair *p)
{
	const char *text = "";

	if (p->h)
		(void)tls_handshake_failure(p->h, &text);
	return text;
}

static void expect_client(const struct pair *p, size_t n)
{
	cr_expect_eq(p->r.record.suite, suites_of[n].record_suite);
	cr_expect_str_eq(p->r.cipher, suites_of[n].standard);
	cr_expect_str_eq(p->r.version,
	                 suites_of[n].version == TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2");
	cr_expect(slice_eq(hostname_slice(&p->r.sni), SLICE("a.example.com")));
	cr_expect_eq(p->r.user, &s.hosts[0]);
	cr_expect_eq(p->r.host, s.hosts[0].host);
	cr_assert_not_null(p->r.identity);
	cr_expect(slice_eq(p->r.identity->meta.subject, SLICE("CN=client")));
	cr_expect(p->r.identity->meta.verified);
}

Test(tls_handshake, full_and_resumed_in_every_version_and_suite)
{
	for (size_t n = 0; n < ARRAY_LEN(suites_of); n++) {
		struct pair_client c = client_of(n);
		struct pair *first = pair_run(&s, &c);
		struct pair *second;

		cr_assert_eq(first->step, TLS_STEP_DONE, "%s: %s", c.suite, text_of(first));
		cr_expect_not(first->r.resumed);
		expect_client(first, n);
		pair_talk(&s, first);
		cr_assert_not_null(first->session, "%s", c.suite);

		c.session = first->session;
		second = pair_run(&s, &c);
		cr_assert_eq(second->step, TLS_STEP_DONE, "%s: %s", c.suite, text_of(second));
		cr_expect(second->r.resumed, "%s", c.suite);
		cr_expect_eq(second->r.identity, first->r.identity);
		expect_client(second, n);
		pair_talk(&s, second);
		pair_free(first);
		pair_free(second);
	}
}
