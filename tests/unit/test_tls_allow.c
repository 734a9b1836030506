/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/digest.h"
#include "tls_pair.h"

static struct pair_world w;
static struct pair_server *const s = &w.s;
static struct pki service, twin, bare;
static char leaf_hex[65], key_hex[65], other_hex[65];

static void hex(unsigned char *der, int len, char out[65])
{
	uint8_t digest[DIGEST_BYTES];

	digest_begin();
	digest_add(slice_of(der, (size_t)len));
	cr_assert_eq(digest_end(digest), 0);
	for (size_t n = 0; n < sizeof(digest); n++)
		(void)snprintf(out + 2 * n, 3, n % 2 ? "%02x" : "%02X", digest[n]);
	OPENSSL_free(der);
}

static void setup(void)
{
	const struct pki *ca = &w.client_ca;
	unsigned char *der = NULL;
	int len;

	pair_world_init(&w, 16);
	service = pki_make(&(struct pki_spec){
		.cn = "service",
		.issuer = ca,
		.san = "URI:spiffe://td/ns/a/sa/b,DNS:api.example.com,email:a@x.org" });
	twin = pki_make(&(struct pki_spec){ .cn = "renewed", .issuer = ca, .twin = &service });
	bare = pki_make(&(struct pki_spec){ .cn = "api.example.com", .issuer = ca });
	len = i2d_X509(service.x, &der);
	hex(der, len, leaf_hex);
	der = NULL;
	len = i2d_PUBKEY(service.key, &der);
	hex(der, len, key_hex);
	der = NULL;
	len = i2d_X509(bare.x, &der);
	hex(der, len, other_hex);
	pair_add_host(s, &(struct pair_host){ .name = "a.example.com",
	                                      .cert = &w.server,
	                                      .ca = w.client_ca_pem,
	                                      .verify = VERIFY_NONE });
}

static void teardown(void)
{
	pki_free(&service);
	pki_free(&twin);
	pki_free(&bare);
	pair_world_fini(&w);
}

TestSuite(tls_allow, .init = setup, .fini = teardown);

static void put_in_force(enum verify_mode mode, const struct allow_list *allow)
{
	struct tls_host *old = s->hosts[0].host;

	s->hosts[0].host = pair_make_host(s, &(struct pair_host){ .name = "a.example.com",
	                                                          .cert = &w.server,
	                                                          .ca = w.client_ca_pem,
	                                                          .verify = mode,
	                                                          .depth = 1,
	                                                          .allow = allow,
	                                                          .timeout_s = 300 });
	tls_host_unref(old);
}

static struct pair *connect_as(int version, const struct pki *cert, SSL_SESSION *session)
{
	struct pair_client c = {
		.version = version, .sni = "a.example.com", .cert = cert, .session = session
	};
	struct pair *p = pair_run(s, &c);

	if (p->step == TLS_STEP_DONE)
		pair_talk(s, p);
	return p;
}

static const struct {
	const char *why;
	const char *sha256, *spki, *san[2];
	bool lets_in[3]; /* service; its key in another certificate; the name in its CN only */
} rows[] = {
	{ "its certificate", leaf_hex, NULL, { NULL }, { true, false, false } },
	{ "its key", NULL, key_hex, { NULL }, { true, true, false } },
	{ "a key is no certificate", key_hex, leaf_hex, { NULL }, { false, false, false } },
	{ "its URI", NULL, NULL, { "spiffe://td/ns/*/sa/b" }, { true, false, false } },
	{ "its name", NULL, NULL, { "dns:*.example.com" }, { true, false, false } },
	{ "its mailbox", NULL, NULL, { "email:*@x.org" }, { true, false, false } },
	{ "near its URI",
	  NULL,
	  NULL,
	  { "spiffe://td/*", "dns:api.example.org" },
	  { false, false, false } },
	{ "any of two patterns",
	  NULL,
	  NULL,
	  { "spiffe://td/*", "email:a@x.org" },
	  { true, false, false } },
	{ "any of two lists", other_hex, NULL, { "email:a@x.org" }, { true, false, true } },
};

/* The lists of a snapshot own their texts; these do not. */
static char *borrow(const char *text)
{
	char *same;

	memcpy(&same, &text, sizeof(same));
	return same;
}

static const struct pki *const clients[] = { &service, &twin, &bare };

static void try(size_t n, enum verify_mode mode, int version)
{
	char *sha256[] = { borrow(rows[n].sha256) };
	char *spki[] = { borrow(rows[n].spki) };
	char *san[] = { borrow(rows[n].san[0]), borrow(rows[n].san[1]) };
	const struct allow_list allow = {
		.sha256 = { sha256, rows[n].sha256 ? 1 : 0 },
		.spki_sha256 = { spki, rows[n].spki ? 1 : 0 },
		.san = { san, (size_t)(rows[n].san[0] ? 1 : 0) + (rows[n].san[1] ? 1 : 0) },
	};

	put_in_force(mode, &allow);
	/* Twice: what is let in is found verified the second time, what is not never is. */
	for (size_t i = 0; i < 2 * ARRAY_LEN(clients); i++) {
		uint64_t hits = s->stats.verified_hit;
		struct pair *p = connect_as(version, clients[i / 2], NULL);
		bool is_in = rows[n].lets_in[i / 2];
		const char *text;

		cr_assert_eq(p->step,
		             is_in || mode == VERIFY_REQUEST ? TLS_STEP_DONE : TLS_STEP_FAILED,
		             "%s: %zu: %s", rows[n].why, i, pair_text(p));
		cr_expect_eq(s->stats.verified_hit - hits, is_in && i % 2, "%s: %zu", rows[n].why,
		             i);
		if (p->step == TLS_STEP_DONE) {
			cr_expect_eq(p->r.identity->meta.verified, is_in);
			cr_expect(slice_eq(p->r.identity->meta.verdict,
			                   is_in ? SLICE("SUCCESS")
			                         : SLICE("FAILED:certificate on no allow-list")));
		} else {
			cr_expect_eq(pair_failure(p, &text), TLS_FAILURE_CERT_NOT_ALLOWED);
			cr_expect_not_null(strstr(text, "no allow-list (depth 0, subject CN="),
			                   "%s", text);
			cr_expect_eq(pair_alert(p), 40);
		}
		pair_free(p);
	}
}

Test(tls_allow, one_entry_of_any_list_must_mean_the_certificate)
{
	for (size_t n = 0; n < ARRAY_LEN(rows); n++) {
		try(n, VERIFY_REQUIRE, TLS1_3_VERSION);
		try(n, VERIFY_OPTIONAL, TLS1_2_VERSION);
		try(n, VERIFY_REQUEST, TLS1_3_VERSION);
	}
}

static char only_service[] = "dns:api.example.com";
static char only_mail[] = "email:a@x.org";

static const struct allow_list by_name = { .san = { (char *[]){ only_service }, 1 } };
static const struct allow_list by_mail = { .san = { (char *[]){ only_mail }, 1 } };

Test(tls_allow, who_sends_no_certificate_is_asked_for_none)
{
	static const struct {
		enum verify_mode mode;
		bool is_in;
	} absent[] = { { VERIFY_OPTIONAL, true },
		       { VERIFY_REQUEST, true },
		       { VERIFY_REQUIRE, false } };

	for (size_t n = 0; n < ARRAY_LEN(absent); n++) {
		struct pair *p;

		put_in_force(absent[n].mode, &by_name);
		p = connect_as(TLS1_3_VERSION, NULL, NULL);
		cr_expect_eq(p->step, absent[n].is_in ? TLS_STEP_DONE : TLS_STEP_FAILED);
		pair_free(p);
	}
}

/* A list is no CA. */
Test(tls_allow, what_does_not_verify_is_not_let_in_by_a_list)
{
	struct pki fake = pki_make(&(struct pki_spec){
		.cn = "service", .issuer = &w.other_ca, .san = "DNS:api.example.com" });
	const char *text;
	struct pair *p;

	put_in_force(VERIFY_REQUIRE, &by_name);
	p = connect_as(TLS1_3_VERSION, &fake, NULL);
	cr_expect_eq(pair_failure(p, &text), TLS_FAILURE_CERT_REJECTED);
	pair_free(p);
	put_in_force(VERIFY_REQUEST, &by_name);
	p = connect_as(TLS1_3_VERSION, &fake, NULL);
	cr_assert_eq(p->step, TLS_STEP_DONE);
	cr_expect(slice_eq(p->r.identity->meta.verdict,
	                   SLICE("FAILED:unable to get local issuer certificate")));
	pair_free(p);
	pki_free(&fake);
}

Test(tls_allow, another_list_finds_neither_session_nor_chain)
{
	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++) {
		struct pair *first;
		struct pair *again;
		uint64_t hits;

		put_in_force(VERIFY_REQUIRE, &by_name);
		first = connect_as(pair_versions[v], &service, NULL);
		again = connect_as(pair_versions[v], &service, first->session);
		cr_assert_eq(again->step, TLS_STEP_DONE);
		cr_expect(again->r.resumed);
		pair_free(again);
		hits = s->stats.verified_hit;
		put_in_force(VERIFY_REQUIRE, &by_mail);
		again = connect_as(pair_versions[v], &service, first->session);
		cr_assert_eq(again->step, TLS_STEP_DONE);
		cr_expect_not(again->r.resumed);
		cr_expect_eq(s->stats.verified_hit - hits, v, "known from the version before");
		pair_free(again);
		pair_free(first);
	}
}
