/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls_pair.h"

static struct pair_world w;
static struct pair_server *const s = &w.s;
static struct pki expired, future, self_signed, server_only, weak, ca_sha;
static struct pki any_usage, for_clients, server_inter, client_inter, no_ca;
static struct pki under_server, under_client, under_no_ca;
static struct pki inter1, inter2, under_one, under_two, fake_client, stale_stranger;

static const struct pki *kind(const char *cn, const struct pki_spec *extra, struct pki *out)
{
	struct pki_spec spec = *extra;

	spec.cn = cn;
	*out = pki_make(&spec);
	return out;
}

static void setup(void)
{
	static const char *const names[VERIFY_MODE_MAX] = { "none.x.org", "optional.x.org",
		                                            "request.x.org", "require.x.org" };
	const struct pki *ca = &w.client_ca;

	pair_world_init(&w, 16);
	kind("expired", &(struct pki_spec){ .issuer = ca, .until_s = -60 }, &expired);
	kind("future", &(struct pki_spec){ .issuer = ca, .from_s = 600 }, &future);
	kind("self", &(struct pki_spec){ 0 }, &self_signed);
	kind("usage", &(struct pki_spec){ .issuer = ca, .usage = "serverAuth" }, &server_only);
	kind("weak", &(struct pki_spec){ .issuer = ca, .is_rsa = true, .rsa_bits = 1024 }, &weak);
	kind("inter 1", &(struct pki_spec){ .issuer = ca, .is_ca = true }, &inter1);
	kind("inter 2", &(struct pki_spec){ .issuer = &inter1, .is_ca = true }, &inter2);
	kind("under one", &(struct pki_spec){ .issuer = &inter1 }, &under_one);
	kind("under two", &(struct pki_spec){ .issuer = &inter2 }, &under_two);
	kind("stale", &(struct pki_spec){ .issuer = &w.other_ca, .until_s = -60 }, &stale_stranger);
	kind("any", &(struct pki_spec){ .issuer = ca, .usage = "anyExtendedKeyUsage" }, &any_usage);
	kind("clients", &(struct pki_spec){ .issuer = ca, .usage = "clientAuth" }, &for_clients);
	kind("server inter",
	     &(struct pki_spec){ .issuer = ca, .is_ca = true, .usage = "serverAuth" },
	     &server_inter);
	kind("under server inter", &(struct pki_spec){ .issuer = &server_inter }, &under_server);
	kind("client inter",
	     &(struct pki_spec){ .issuer = ca, .is_ca = true, .usage = "serverAuth,clientAuth" },
	     &client_inter);
	kind("under client inter", &(struct pki_spec){ .issuer = &client_inter }, &under_client);
	kind("no CA", &(struct pki_spec){ .issuer = ca }, &no_ca);
	kind("under no CA", &(struct pki_spec){ .issuer = &no_ca }, &under_no_ca);
	/* The name of the CA and a key of its own. */
	kind("Client CA", &(struct pki_spec){ .is_ca = true }, &ca_sha);
	kind("fake", &(struct pki_spec){ .issuer = &ca_sha }, &fake_client);
	for (int mode = 0; mode < VERIFY_MODE_MAX; mode++)
		pair_add_host(s, &(struct pair_host){ .name = names[mode],
		                                      .cert = &w.server,
		                                      .ca = w.client_ca_pem,
		                                      .verify = mode,
		                                      .depth = 1,
		                                      .timeout_s = 300 });
}

static void teardown(void)
{
	struct pki *all[] = { &any_usage, &for_clients,  &server_inter, &client_inter,
		              &no_ca,     &under_server, &under_client, &under_no_ca,
		              &expired,   &future,       &self_signed,  &server_only,
		              &weak,      &ca_sha,       &inter1,       &inter2,
		              &under_one, &under_two,    &fake_client,  &stale_stranger };

	for (size_t n = 0; n < ARRAY_LEN(all); n++)
		pki_free(all[n]);
	pair_world_fini(&w);
}

TestSuite(tls_verify, .init = setup, .fini = teardown);

static const struct {
	const char *why;
	const struct pki *cert;
	const struct pki *chain[2];
	const char *verdict; /* in request mode; NULL: it verifies */
	int alert;           /* where it must verify */
} rows[] = {
	{ "good", &w.client, { NULL }, NULL, 0 },
	{ "one intermediate, as deep as may be", &under_one, { &inter1 }, NULL, 0 },
	{ "too long a chain",
	  &under_two,
	  { &inter2, &inter1 },
	  "FAILED:certificate chain too long",
	  48 },
	{ "intermediate not sent",
	  &under_one,
	  { NULL },
	  "FAILED:unable to get local issuer certificate",
	  48 },
	{ "another CA", &w.stranger, { NULL }, "FAILED:unable to get local issuer certificate", 48 },
	{ "another CA, sent along",
	  &w.stranger,
	  { &w.other_ca },
	  "FAILED:self-signed certificate in certificate chain",
	  48 },
	{ "a CA of the right name",
	  &fake_client,
	  { &ca_sha },
	  "FAILED:self-signed certificate in certificate chain",
	  48 },
	{ "expired, of another CA",
	  &stale_stranger,
	  { NULL },
	  "FAILED:unable to get local issuer certificate",
	  48 },
	{ "expired", &expired, { NULL }, "FAILED:certificate has expired", 45 },
	{ "not yet valid", &future, { NULL }, "FAILED:certificate is not yet valid", 42 },
	{ "self-signed", &self_signed, { NULL }, "FAILED:self-signed certificate", 48 },
	{ "for servers only", &server_only, { NULL }, "FAILED:unsuitable certificate purpose", 43 },
	{ "for clients", &for_clients, { NULL }, NULL, 0 },
	{ "for anything but clients by name",
	  &any_usage,
	  { NULL },
	  "FAILED:unsuitable certificate purpose",
	  43 },
	{ "under an intermediate for servers only",
	  &under_server,
	  { &server_inter },
	  "FAILED:unsuitable certificate purpose",
	  43 },
	{ "under an intermediate for both", &under_client, { &client_inter }, NULL, 0 },
	{ "under a client", &under_no_ca, { &no_ca }, "FAILED:invalid CA certificate", 48 },
	{ "a key that is too short", &weak, { NULL }, "FAILED:EE certificate key too weak", 42 },
};

static struct pair_client client_of(size_t n, const char *sni, int version)
{
	struct pair_client c = { .version = version, .sni = sni, .cert = rows[n].cert };

	c.chain[0] = rows[n].chain[0];
	c.chain[1] = rows[n].chain[1];
	return c;
}

static void expect_refused(struct pair *p, size_t n, const char *mode)
{
	const char *text;

	cr_assert_eq(p->step, TLS_STEP_FAILED, "%s: %s", mode, rows[n].why);
	cr_expect_eq(pair_failure(p, &text), TLS_FAILURE_CERT_REJECTED, "%s: %s", mode,
	             rows[n].why);
	cr_expect_not_null(strstr(text, "depth"), "%s", text);
	cr_expect_eq(pair_alert(p), rows[n].alert, "%s: %s", mode, rows[n].why);
}

static void where_it_must_verify(const char *sni, int version)
{
	for (size_t n = 0; n < ARRAY_LEN(rows); n++) {
		struct pair_client c = client_of(n, sni, version);
		struct pair *p = pair_run(s, &c);

		if (rows[n].verdict) {
			expect_refused(p, n, sni);
		} else {
			cr_assert_eq(p->step, TLS_STEP_DONE, "%s: %s: %s", sni, rows[n].why,
			             pair_text(p));
			cr_assert_not_null(p->r.identity);
			cr_expect(p->r.identity->meta.verified);
			cr_expect(slice_eq(p->r.identity->meta.verdict, SLICE("SUCCESS")));
			pair_talk(s, p);
		}
		pair_free(p);
	}
}

Test(tls_verify, require_and_optional_let_in_what_verifies_and_nothing_else)
{
	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++) {
		where_it_must_verify("require.x.org", pair_versions[v]);
		where_it_must_verify("optional.x.org", pair_versions[v]);
	}
}

static bool starts_with(struct slice in, const char *text)
{
	size_t len = strlen(text);

	return in.len >= len && memcmp(in.ptr, text, len) == 0;
}

/* Also when the connection is resumed: the verdict stays. */
Test(tls_verify, request_lets_in_all_and_tells_the_verdict)
{
	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++) {
		for (size_t n = 0; n < ARRAY_LEN(rows); n++) {
			struct pair_client c = client_of(n, "request.x.org", pair_versions[v]);
			const char *want = rows[n].verdict ? rows[n].verdict : "SUCCESS";
			struct pair *p = pair_run(s, &c);
			struct identity_meta *m;

			cr_assert_eq(p->step, TLS_STEP_DONE, "%s: %s", rows[n].why, pair_text(p));
			cr_assert_not_null(p->r.identity);
			m = &p->r.identity->meta;
			cr_expect(m->presented);
			cr_expect_eq(m->verified, !rows[n].verdict);
			cr_expect(starts_with(m->verdict, want), "%s: %.*s", rows[n].why,
			          (int)m->verdict.len, m->verdict.ptr);
			if (rows[n].verdict)
				cr_expect_eq(m->chain_len, 0, "what did not verify is no chain");
			pair_talk(s, p);
			pair_free(p);
		}
	}
}

Test(tls_verify, the_verdict_outlives_resumption)
{
	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++) {
		struct pair_client c = { .version = pair_versions[v],
			                 .sni = "request.x.org",
			                 .cert = &w.stranger };
		struct pair *first = pair_run(s, &c);
		struct pair *second;

		pair_talk(s, first);
		c.session = first->session;
		second = pair_run(s, &c);
		cr_assert_eq(second->step, TLS_STEP_DONE);
		cr_expect(second->r.resumed);
		cr_expect_not(second->r.identity->meta.verified);
		cr_expect(starts_with(second->r.identity->meta.verdict, "FAILED:"));
		pair_free(first);
		pair_free(second);
	}
}

static const struct {
	const char *sni;
	enum tls_failure want;
} absent[] = {
	{ "none.x.org", TLS_FAILURE_NONE },
	{ "optional.x.org", TLS_FAILURE_NONE },
	{ "request.x.org", TLS_FAILURE_NONE },
	{ "require.x.org", TLS_FAILURE_CERT_MISSING },
};

Test(tls_verify, only_require_refuses_a_client_without_certificate)
{
	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++) {
		for (size_t n = 0; n < ARRAY_LEN(absent); n++) {
			struct pair_client c = { .version = pair_versions[v],
				                 .sni = absent[n].sni };
			struct pair *p = pair_run(s, &c);
			const char *text;

			if (absent[n].want == TLS_FAILURE_NONE) {
				cr_assert_eq(p->step, TLS_STEP_DONE, "%s", absent[n].sni);
				cr_expect_null(p->r.identity);
				pair_talk(s, p);
			} else {
				cr_expect_eq(pair_failure(p, &text), absent[n].want);
				cr_expect_eq(pair_alert(p),
				             pair_versions[v] == TLS1_3_VERSION ? 116 : 40);
			}
			pair_free(p);
		}
	}
}

Test(tls_verify, none_does_not_ask)
{
	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++) {
		struct pair_client c = { .version = pair_versions[v],
			                 .sni = "none.x.org",
			                 .cert = &w.client };
		struct pair *p = pair_run(s, &c);

		cr_assert_eq(p->step, TLS_STEP_DONE);
		cr_expect_null(p->r.identity);
		pair_free(p);
	}
}

Test(tls_verify, the_client_is_told_which_cas)
{
	struct pair_client c = { .version = TLS1_2_VERSION,
		                 .sni = "require.x.org",
		                 .cert = &w.client };
	struct pair *p = pair_run(s, &c);
	const STACK_OF(X509_NAME) *names = SSL_get0_peer_CA_list(p->client);

	cr_assert_eq(sk_X509_NAME_num(names), 1);
	cr_expect_eq(X509_NAME_cmp(sk_X509_NAME_value(names, 0),
	                           X509_get_subject_name(w.client_ca.x)),
	             0);
	pair_free(p);
}
