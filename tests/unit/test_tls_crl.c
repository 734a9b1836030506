/* SPDX-License-Identifier: GPL-2.0-only */
#include <time.h>

#include "tls_pair.h"

static struct pair_world w;
static struct pair_server *const s = &w.s;
static struct pki ca_twin, no_crl_ca, inter, other_leaf, under_one, under_no_crl;
static char *cas;

static struct pair_host policy(const char *crl, bool soft)
{
	return (struct pair_host){ .name = "a.example.com",
		                   .cert = &w.server,
		                   .ca = cas,
		                   .crl = crl,
		                   .crl_soft_fail = soft,
		                   .verify = VERIFY_REQUIRE,
		                   .depth = 2,
		                   .timeout_s = 300 };
}

static void setup(void)
{
	const struct pki *ca = &w.client_ca;
	struct pair_host h;

	pair_world_init(&w, 16);
	ca_twin = pki_make(&(struct pki_spec){ .cn = "Client CA", .is_ca = true });
	no_crl_ca = pki_make(&(struct pki_spec){
		.cn = "No CRLs", .is_ca = true, .key_usage = "critical,keyCertSign" });
	inter = pki_make(&(struct pki_spec){ .cn = "inter", .issuer = ca, .is_ca = true });
	under_one = pki_make(&(struct pki_spec){ .cn = "under one", .issuer = &inter });
	under_no_crl = pki_make(&(struct pki_spec){ .cn = "x", .issuer = &no_crl_ca });
	other_leaf = pki_make(&(struct pki_spec){ .cn = "other leaf", .issuer = ca });
	cas = pki_cert_pem(pki_cert_pem(NULL, ca), &no_crl_ca);
	h = policy(NULL, false);
	pair_add_host(s, &h);
}

static void teardown(void)
{
	struct pki *all[] = { &ca_twin, &no_crl_ca, &inter, &other_leaf, &under_one, &under_no_crl };

	for (size_t n = 0; n < ARRAY_LEN(all); n++)
		pki_free(all[n]);
	free(cas);
	pair_world_fini(&w);
}

TestSuite(tls_crl, .init = setup, .fini = teardown);

static void put_in_force(struct pair_host h)
{
	struct tls_host *old = s->hosts[0].host;

	s->hosts[0].host = pair_make_host(s, &h);
	tls_host_unref(old);
}

static struct pair *connect_as(int version, const struct pki *cert, const struct pki *above,
                               SSL_SESSION *session)
{
	struct pair_client c = { .version = version,
		                 .sni = "a.example.com",
		                 .cert = cert,
		                 .chain = { above },
		                 .session = session };
	struct pair *p = pair_run(s, &c);

	if (p->step == TLS_STEP_DONE)
		pair_talk(s, p);
	return p;
}

/* @says NULL: it is let in. */
static void expect(const char *why, const struct pair *p, const char *says)
{
	const char *text = "";

	cr_assert_eq(p->step, says ? TLS_STEP_FAILED : TLS_STEP_DONE, "%s: %s", why, pair_text(p));
	if (!says)
		return;
	cr_expect_eq(pair_failure(p, &text), TLS_FAILURE_CERT_REJECTED, "%s", why);
	cr_expect_not_null(strstr(text, says), "%s: %s", why, text);
}

enum { LONG_AGO = -7200, A_MINUTE_AGO = -60, SOON = 3600, LATER = 7200 };

static const struct {
	const char *why;
	struct pki_crl crl[2];
	const struct pki *cert, *above;
	const char *hard, *soft; /* what the refusal says; NULL: let in */
} rows[] = {
	{ "not listed",
	  { { .issuer = &w.client_ca, .revoked = { &other_leaf } } },
	  &w.client,
	  NULL,
	  NULL,
	  NULL },
	{ "listed",
	  { { .issuer = &w.client_ca, .revoked = { &other_leaf, &w.client } } },
	  &w.client,
	  NULL,
	  "certificate revoked (depth 0",
	  "certificate revoked (depth 0" },
	{ "missing: only another CA's is there",
	  { { .issuer = &w.other_ca } },
	  &w.client,
	  NULL,
	  "unable to get certificate CRL (depth 0",
	  NULL },
	{ "expired",
	  { { .issuer = &w.client_ca, .from_s = LONG_AGO, .until_s = A_MINUTE_AGO } },
	  &w.client,
	  NULL,
	  "CRL has expired",
	  NULL },
	{ "expired and listed",
	  { { .issuer = &w.client_ca,
	      .revoked = { &w.client },
	      .from_s = LONG_AGO,
	      .until_s = A_MINUTE_AGO } },
	  &w.client,
	  NULL,
	  "CRL has expired",
	  "certificate revoked" },
	{ "an expired one and a fresh one",
	  { { .issuer = &w.client_ca,
	      .revoked = { &w.client },
	      .from_s = LONG_AGO,
	      .until_s = A_MINUTE_AGO },
	    { .issuer = &w.client_ca } },
	  &w.client,
	  NULL,
	  NULL,
	  NULL },
	{ "not yet valid",
	  { { .issuer = &w.client_ca, .from_s = SOON, .until_s = LATER } },
	  &w.client,
	  NULL,
	  "CRL is not yet valid",
	  "CRL is not yet valid" },
	{ "signed by another",
	  { { .issuer = &w.client_ca, .signer = &w.other_ca } },
	  &w.client,
	  NULL,
	  "CRL signature failure",
	  "CRL signature failure" },
	{ "of another CA with the same name",
	  { { .issuer = &ca_twin } },
	  &w.client,
	  NULL,
	  "unable to get certificate CRL",
	  "unable to get certificate CRL" },
	{ "by a CA that may not sign CRLs",
	  { { .issuer = &no_crl_ca } },
	  &under_no_crl,
	  NULL,
	  "key usage does not include CRL signing",
	  "key usage does not include CRL signing" },
	{ "of all the chain",
	  { { .issuer = &w.client_ca }, { .issuer = &inter } },
	  &under_one,
	  &inter,
	  NULL,
	  NULL },
	{ "none of the intermediate's",
	  { { .issuer = &w.client_ca } },
	  &under_one,
	  &inter,
	  "unable to get certificate CRL (depth 0",
	  NULL },
	{ "the intermediate's only",
	  { { .issuer = &inter } },
	  &under_one,
	  &inter,
	  "unable to get certificate CRL (depth 1",
	  NULL },
	{ "the intermediate is listed",
	  { { .issuer = &w.client_ca, .revoked = { &inter } }, { .issuer = &inter } },
	  &under_one,
	  &inter,
	  "certificate revoked (depth 1",
	  "certificate revoked (depth 1" },
	{ "the intermediate is listed, it has none itself",
	  { { .issuer = &w.client_ca, .revoked = { &inter } } },
	  &under_one,
	  &inter,
	  "unable to get certificate CRL (depth 0",
	  "certificate revoked (depth 1" },
};

static char *text_of(const struct pki_crl crl[2])
{
	char *text = pki_crl_pem(NULL, &crl[0]);

	return crl[1].issuer ? pki_crl_pem(text, &crl[1]) : text;
}

/* Twice, so that what is let in is found verified the second time. */
static void try(size_t n, int version, bool soft)
{
	char *text = text_of(rows[n].crl);
	const char *says = soft ? rows[n].soft : rows[n].hard;

	put_in_force(policy(text, soft));
	for (int again = 0; again < 2; again++) {
		uint64_t hits = s->stats.verified_hit;
		struct pair *p = connect_as(version, rows[n].cert, rows[n].above, NULL);

		expect(rows[n].why, p, says);
		cr_expect_eq(s->stats.verified_hit - hits, again && !says, "%s", rows[n].why);
		if (!says)
			cr_expect(p->r.identity->meta.verified, "%s", rows[n].why);
		pair_free(p);
	}
	free(text);
}

Test(tls_crl, each_certificate_needs_its_issuers_word)
{
	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++)
		for (size_t n = 0; n < ARRAY_LEN(rows); n++) {
			try(n, pair_versions[v], false);
			try(n, pair_versions[v], true);
		}
}

Test(tls_crl, an_anchor_below_the_root_needs_no_crl_of_its_own)
{
	char *anchor = pki_cert_pem(NULL, &inter);
	char *text = pki_crl_pem(NULL, &(struct pki_crl){ .issuer = &inter });
	struct pair_host h = policy(text, false);
	struct pair *p;

	h.ca = anchor;
	put_in_force(h);
	p = connect_as(TLS1_3_VERSION, &under_one, NULL, NULL);
	expect("under the anchor", p, NULL);
	pair_free(p);
	free(text);
	text = pki_crl_pem(NULL, &(struct pki_crl){ .issuer = &inter, .revoked = { &under_one } });
	h.crl = text;
	put_in_force(h);
	p = connect_as(TLS1_3_VERSION, &under_one, NULL, NULL);
	expect("listed by the anchor", p, "certificate revoked");
	pair_free(p);
	free(text);
	free(anchor);
}

Test(tls_crl, request_mode_tells_what_became_of_it)
{
	static const struct {
		const char *why, *verdict;
		struct pki_crl crl;
		const struct pki *cert;
		bool soft, is_revoked;
	} told[] = {
		{ "fresh", "SUCCESS", { .issuer = &w.client_ca }, &w.client, false, false },
		{ "listed",
		  "FAILED:certificate revoked",
		  { .issuer = &w.client_ca, .revoked = { &w.client } },
		  &w.client,
		  false,
		  true },
		{ "missing",
		  "FAILED:unable to get certificate CRL",
		  { .issuer = &w.other_ca },
		  &w.client,
		  false,
		  false },
		{ "missing, soft", "SUCCESS", { .issuer = &w.other_ca }, &w.client, true, false },
		{ "listed, though out of date",
		  "FAILED:certificate revoked",
		  { .issuer = &w.client_ca,
		    .revoked = { &w.client },
		    .from_s = LONG_AGO,
		    .until_s = A_MINUTE_AGO },
		  &w.client,
		  false,
		  true },
		{ "a stranger, soft",
		  "FAILED:unable to get local issuer certificate",
		  { .issuer = &w.client_ca },
		  &w.stranger,
		  true,
		  false },
	};

	for (size_t n = 0; n < ARRAY_LEN(told); n++) {
		char *text = pki_crl_pem(NULL, &told[n].crl);
		struct pair_host h = policy(text, told[n].soft);
		const struct identity_meta *m;
		struct pair *p;

		h.verify = VERIFY_REQUEST;
		put_in_force(h);
		p = connect_as(TLS1_3_VERSION, told[n].cert, NULL, NULL);
		expect(told[n].why, p, NULL);
		m = &p->r.identity->meta;
		cr_expect(slice_eq(m->verdict, pki_text(told[n].verdict)), "%s: %.*s", told[n].why,
		          (int)m->verdict.len, m->verdict.ptr);
		cr_expect_eq(m->revoked, told[n].is_revoked, "%s", told[n].why);
		pair_free(p);
		free(text);
	}
}

/* Known by chain and by session: neither survives the CRL that lists it. */
Test(tls_crl, a_new_crl_ends_what_the_old_one_let_in)
{
	char *before = pki_crl_pem(NULL, &(struct pki_crl){ .issuer = &w.client_ca });
	char *after = pki_crl_pem(NULL, &(struct pki_crl){ .issuer = &w.client_ca,
	                                                   .revoked = { &w.client } });

	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++) {
		struct pair *first;
		struct pair *again;

		put_in_force(policy(before, false));
		first = connect_as(pair_versions[v], &w.client, NULL, NULL);
		again = connect_as(pair_versions[v], &w.client, NULL, first->session);
		expect("before", again, NULL);
		cr_expect(again->r.resumed);
		pair_free(again);
		put_in_force(policy(after, false));
		again = connect_as(pair_versions[v], &w.client, NULL, first->session);
		expect("with its session", again, "certificate revoked");
		pair_free(again);
		again = connect_as(pair_versions[v], &w.client, NULL, NULL);
		expect("and without", again, "certificate revoked");
		pair_free(again);
		put_in_force(policy(before, false));
		again = connect_as(pair_versions[v], &other_leaf, NULL, first->session);
		expect("somebody else", again, NULL);
		pair_free(again);
		pair_free(first);
	}
	free(before);
	free(after);
}

Test(tls_crl, a_new_crl_lets_nobody_resume_but_all_come_back)
{
	char *before = pki_crl_pem(NULL, &(struct pki_crl){ .issuer = &w.client_ca });
	char *after = pki_crl_pem(NULL, &(struct pki_crl){ .issuer = &w.client_ca,
	                                                   .revoked = { &other_leaf } });
	struct pair *first;
	struct pair *again;

	put_in_force(policy(before, false));
	first = connect_as(TLS1_3_VERSION, &w.client, NULL, NULL);
	put_in_force(policy(after, false));
	again = connect_as(TLS1_3_VERSION, &w.client, NULL, first->session);
	expect("not listed", again, NULL);
	cr_expect_not(again->r.resumed);
	cr_expect_eq(s->stats.verified_hit, 0);
	pair_free(first);
	pair_free(again);
	free(before);
	free(after);
}

Test(tls_crl, time_runs_out_for_chains_and_sessions_known_under_it)
{
	enum { LIFE_S = 4 };
	const struct timespec pause = { .tv_nsec = 50000000 };
	char *text =
		pki_crl_pem(NULL, &(struct pki_crl){ .issuer = &w.client_ca, .until_s = LIFE_S });
	const time_t made = time(NULL);
	struct pair *first;
	struct pair *again;

	put_in_force(policy(text, false));
	first = connect_as(TLS1_3_VERSION, &w.client, NULL, NULL);
	expect("fresh", first, NULL);
	again = connect_as(TLS1_3_VERSION, &w.client, NULL, NULL);
	cr_expect_eq(s->stats.verified_hit, 1);
	pair_free(again);
	while (time(NULL) <= made + LIFE_S)
		(void)nanosleep(&pause, NULL);
	again = connect_as(TLS1_3_VERSION, &w.client, NULL, NULL);
	expect("a chain that was known", again, "CRL has expired");
	pair_free(again);
	again = connect_as(TLS1_3_VERSION, &w.client, NULL, first->session);
	expect("a session that was good", again, "CRL has expired");
	pair_free(again);
	pair_free(first);
	free(text);
}
