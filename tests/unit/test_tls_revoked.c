/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/revoked.h"

#include <errno.h>

#include "tls/alert.h"
#include "tls/handshake_priv.h"
#include "tls/x509.h"
#include "tls_pair.h"

static struct pair_world w;
static struct pair_server *const s = &w.s;
static struct pki inter, under;
static uint8_t key[REVOKED_KEY_BYTES];

static void host(enum verify_mode verify, const char *crl)
{
	struct pair_host h = { .name = "a.example.com",
		               .cert = &w.server,
		               .ca = w.client_ca_pem,
		               .crl = crl,
		               .verify = verify,
		               .depth = 2,
		               .timeout_s = 300 };

	for (size_t n = 0; n < s->hosts_len; n++)
		tls_host_unref(s->hosts[n].host);
	s->hosts_len = 0;
	pair_add_host(s, &h);
}

static void setup(void)
{
	pair_world_init(&w, 16);
	inter = pki_make(
		&(struct pki_spec){ .cn = "inter", .issuer = &w.client_ca, .is_ca = true });
	under = pki_make(&(struct pki_spec){ .cn = "under", .issuer = &inter });
	host(VERIFY_REQUIRE, NULL);
}

static void teardown(void)
{
	pki_free(&inter);
	pki_free(&under);
	pair_world_fini(&w);
}

TestSuite(tls_revoked, .init = setup, .fini = teardown);

static struct pair *connect_as(int version, const struct pki *cert, SSL_SESSION *session)
{
	struct pair_client c = { .version = version,
		                 .sni = "a.example.com",
		                 .cert = cert,
		                 .chain = { cert == &under ? &inter : NULL },
		                 .session = session };
	struct pair *p = pair_run(s, &c);

	if (p->step == TLS_STEP_DONE)
		pair_talk(s, p);
	return p;
}

static void revoke_fingerprint(const struct pki *p)
{
	cr_assert_eq(X509_digest(p->x, EVP_sha256(), key, NULL), 1);
	tls_worker_revoke(s->w, slice_of(key, sizeof(key)));
}

static void revoke_serial(const struct pki *p)
{
	uint8_t serial[64];
	uint8_t issuer[256];
	struct sink a = sink_of(serial, sizeof(serial));
	struct sink b = sink_of(issuer, sizeof(issuer));

	x509_put_serial(X509_get0_serialNumber(p->x), &a);
	x509_put_name(X509_get_issuer_name(p->x), &b);
	cr_assert_eq(revoked_by_serial(sink_slice(&a), sink_slice(&b), key), 0);
	tls_worker_revoke(s->w, slice_of(key, sizeof(key)));
}

static void forgive(void)
{
	tls_worker_revoke(s->w, slice_of(NULL, 0));
}

static void (*const ways[])(const struct pki *p) = { revoke_fingerprint, revoke_serial };

Test(tls_revoked, a_listed_certificate_is_refused_in_its_own_words)
{
	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++) {
		for (size_t n = 0; n < ARRAY_LEN(ways); n++) {
			const char *text;
			struct pair *p;

			ways[n](&w.client);
			p = connect_as(pair_versions[v], &w.client, NULL);
			cr_expect_eq(pair_failure(p, &text), TLS_FAILURE_CERT_REJECTED);
			cr_expect_not_null(strstr(text, "certificate revoked (depth 0"), "%s",
			                   text);
			cr_expect_eq(pair_alert(p), ALERT_CERTIFICATE_REVOKED);
			pair_free(p);
			p = connect_as(pair_versions[v], &under, NULL);
			cr_expect_eq(p->step, TLS_STEP_DONE, "another certificate");
			pair_free(p);
			forgive();
			p = connect_as(pair_versions[v], &w.client, NULL);
			cr_expect_eq(p->step, TLS_STEP_DONE, "forgiven");
			pair_free(p);
		}
	}
}

Test(tls_revoked, a_chain_known_to_verify_does_not_help)
{
	struct pair *p = connect_as(0, &w.client, NULL);
	const char *text;

	pair_free(p);
	p = connect_as(0, &w.client, NULL);
	cr_assert_eq(s->stats.verified_hit, 1);
	pair_free(p);
	revoke_fingerprint(&w.client);
	p = connect_as(0, &w.client, NULL);
	cr_expect_eq(s->stats.verified_hit, 2);
	cr_expect_eq(pair_failure(p, &text), TLS_FAILURE_CERT_REJECTED);
	pair_free(p);
}

Test(tls_revoked, a_session_does_not_help_and_one_of_a_revoked_client_is_not_kept)
{
	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++) {
		struct pair *first = connect_as(pair_versions[v], &w.client, NULL);
		struct pair *again = connect_as(pair_versions[v], &w.client, first->session);
		const char *text;

		cr_assert(again->r.resumed);
		pair_free(again);
		revoke_serial(&w.client);
		again = connect_as(pair_versions[v], &w.client, first->session);
		cr_expect_eq(pair_failure(again, &text), TLS_FAILURE_CERT_REJECTED);
		pair_free(again);
		pair_free(first);

		host(VERIFY_REQUEST, NULL);
		first = connect_as(pair_versions[v], &w.client, NULL);
		cr_assert_eq(first->step, TLS_STEP_DONE);
		cr_assert_not_null(first->r.identity);
		cr_expect(first->r.identity->meta.revoked);
		cr_expect_not(first->r.identity->meta.verified);
		forgive();
		again = connect_as(pair_versions[v], &w.client, first->session);
		cr_assert_eq(again->step, TLS_STEP_DONE);
		cr_expect_not(again->r.resumed);
		cr_expect(again->r.identity->meta.verified);
		pair_free(again);
		pair_free(first);
		host(VERIFY_REQUIRE, NULL);
	}
}

/* What nobody vouches for would not be told of as verified, were it not revoked. */
Test(tls_revoked, a_certificate_that_does_not_verify_is_not_called_revoked)
{
	struct pair *p;

	host(VERIFY_REQUEST, NULL);
	revoke_fingerprint(&w.stranger);
	p = connect_as(0, &w.stranger, NULL);
	cr_assert_eq(p->step, TLS_STEP_DONE);
	cr_expect_not(p->r.identity->meta.revoked);
	cr_expect_not(p->r.identity->meta.verified);
	pair_free(p);
}

Test(tls_revoked, an_identity_is_asked_again_under_each_list)
{
	struct pair *p = connect_as(0, &w.client, NULL);
	struct identity *i = p->r.identity;

	cr_assert_not_null(i);
	cr_expect_not(identity_is_revoked(i));
	for (size_t n = 0; n < ARRAY_LEN(ways); n++) {
		ways[n](&w.client);
		cr_expect(identity_is_revoked(i));
		cr_expect(i->meta.verified, "the verdict of then");
		ways[n](&w.stranger);
		cr_expect_not(identity_is_revoked(i));
	}
	forgive();
	pair_free(p);
}

/* Were it kept, an evicted certificate would come back as one never seen. */
Test(tls_revoked, a_new_identity_is_asked_too)
{
	struct identity *i;

	revoke_fingerprint(&w.client);
	cr_assert_eq(identity_intern(tls_worker_identities(s->w), w.client.x, NULL, X509_V_OK, &i),
	             0);
	cr_expect(identity_is_revoked(i));
	identity_unref(i);
	forgive();
}

static char *crls(const struct pki *at_root, const struct pki *at_inter)
{
	char *text = pki_crl_pem(NULL, &(struct pki_crl){ .issuer = &w.client_ca,
	                                                  .revoked = { at_root } });

	return pki_crl_pem(text, &(struct pki_crl){ .issuer = &inter, .revoked = { at_inter } });
}

static struct tls_host *host_with(char *crl)
{
	struct pair_host h = { .name = "b.example.com",
		               .cert = &w.server,
		               .ca = w.client_ca_pem,
		               .crl = crl,
		               .verify = VERIFY_REQUIRE,
		               .depth = 2,
		               .timeout_s = 300 };
	struct tls_host *made = pair_make_host(s, &h);

	free(crl);
	return made;
}

Test(tls_revoked, a_crl_lists_the_leaf_or_one_above_it)
{
	const struct {
		const char *why;
		const struct pki *at_root, *at_inter;
		bool want;
	} rows[] = {
		{ "nobody", NULL, NULL, false },
		{ "the leaf", NULL, &under, true },
		{ "its issuer", &inter, NULL, true },
		{ "its serial number at another CA", &under, NULL, false },
		{ "others", &w.client, &w.client, false },
	};
	struct pair *p = connect_as(0, &under, NULL);
	struct tls_host *without = host_with(NULL);

	cr_assert_not_null(p->r.identity);
	for (size_t n = 0; n < ARRAY_LEN(rows); n++) {
		struct tls_host *h = host_with(crls(rows[n].at_root, rows[n].at_inter));

		cr_expect_eq(identity_is_listed(p->r.identity, h), rows[n].want, "%s", rows[n].why);
		cr_expect_eq(identity_is_listed(p->r.identity, h), rows[n].want, "%s, again",
		             rows[n].why);
		cr_expect_not(identity_is_listed(p->r.identity, without), "%s", rows[n].why);
		cr_expect_arr_eq(tls_host_demand_id(h), tls_host_demand_id(without), TLS_ID_BYTES);
		cr_expect_arr_neq(tls_host_client_auth_id(h), tls_host_client_auth_id(without),
		                  TLS_ID_BYTES);
		tls_host_unref(h);
	}
	tls_host_unref(without);
	pair_free(p);
}

Test(tls_revoked, a_key_is_of_a_number_and_a_name_together)
{
	uint8_t a[REVOKED_KEY_BYTES];
	uint8_t b[REVOKED_KEY_BYTES];

	cr_assert_eq(revoked_by_serial(SLICE("012AB"), SLICE("CN = CA, O = x"), a), 0);
	cr_assert_eq(revoked_by_serial(SLICE("12:ab"), SLICE("cn=ca,o=X"), b), 0);
	cr_expect_arr_eq(a, b, sizeof(a));
	cr_assert_eq(revoked_by_serial(SLICE("12AB"), SLICE("CN=CA"), b), 0);
	cr_expect_arr_neq(a, b, sizeof(a));
	cr_assert_eq(revoked_by_serial(SLICE("12AC"), SLICE("CN=CA,O=x"), b), 0);
	cr_expect_arr_neq(a, b, sizeof(a));
	cr_expect_eq(revoked_by_serial(SLICE("x"), SLICE("CN=CA"), b), -EINVAL);
	cr_expect_eq(revoked_by_serial(SLICE("12"), SLICE(""), b), -EINVAL);
}
