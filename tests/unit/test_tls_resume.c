/* SPDX-License-Identifier: GPL-2.0-only */
#include "sys/clock.h"
#include "tls/handshake_priv.h"
#include "tls_pair.h"

static struct pair_world w;
static struct pair_server *const s = &w.s;
static char *both_ca_pem, *both_ca_swapped_pem;

/* The host under test has one of these policies at a time. */
static const struct pair_host base = { .name = "a.example.com",
	                               .verify = VERIFY_REQUIRE,
	                               .depth = 1,
	                               .timeout_s = 300 };

static struct pair_host policy(void)
{
	struct pair_host h = base;

	h.cert = &w.server;
	h.ca = both_ca_pem;
	return h;
}

static void setup(void)
{
	struct pair_host h;

	pair_world_init(&w, 16);
	both_ca_pem = pki_cert_pem(pki_cert_pem(NULL, &w.client_ca), &w.other_ca);
	both_ca_swapped_pem = pki_cert_pem(pki_cert_pem(NULL, &w.other_ca), &w.client_ca);
	h = policy();
	pair_add_host(s, &h);
	h.name = "*.wild.org";
	pair_add_host(s, &h);
}

static void teardown(void)
{
	pair_world_fini(&w);
	free(both_ca_pem);
	free(both_ca_swapped_pem);
}

TestSuite(tls_resume, .init = setup, .fini = teardown);

static struct pair *connect_as(int version, const char *sni, const struct pki *cert,
                               SSL_SESSION *session)
{
	struct pair_client c = { .version = version, .sni = sni, .cert = cert, .session = session };
	struct pair *p = pair_run(s, &c);

	if (p->step == TLS_STEP_DONE)
		pair_talk(s, p);
	return p;
}

static void replace(struct pair_host h)
{
	struct tls_host *old = s->hosts[0].host;

	s->hosts[0].host = pair_make_host(s, &h);
	tls_host_unref(old);
}

/* Makes a session under the base policy, then comes back with it. */
static struct pair *come_back(int version, const char *sni)
{
	struct pair *first;
	struct pair *second;

	replace(policy());
	first = connect_as(version, "a.example.com", &w.client, NULL);
	cr_assert_not_null(first->session);
	second = connect_as(version, sni, &w.client, first->session);
	pair_free(first);
	return second;
}

Test(tls_resume, not_under_another_host_even_of_the_same_policy)
{
	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++) {
		struct pair *p = come_back(pair_versions[v], "x.wild.org");

		cr_assert_eq(p->step, TLS_STEP_DONE, "%s", pair_text(p));
		cr_expect_eq(s->stats.sessions_miss, v + 1, "the client did offer it");
		cr_expect_not(p->r.resumed);
		cr_expect_eq(p->r.host, s->hosts[1].host);
		cr_assert_not_null(p->r.identity);
		pair_free(p);
	}
}

Test(tls_resume, not_under_another_name_of_one_wildcard)
{
	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++) {
		struct pair *first = connect_as(pair_versions[v], "x.wild.org", &w.client, NULL);
		struct pair *other =
			connect_as(pair_versions[v], "y.wild.org", &w.client, first->session);
		struct pair *same =
			connect_as(pair_versions[v], "X.wild.ORG.", &w.client, first->session);

		cr_assert_eq(other->step, TLS_STEP_DONE, "%s", pair_text(other));
		cr_expect_not(other->r.resumed);
		cr_assert_eq(same->step, TLS_STEP_DONE, "%s", pair_text(same));
		cr_expect(same->r.resumed);
		pair_free(first);
		pair_free(other);
		pair_free(same);
	}
}

enum change { CA_GONE, CA_ADDED, CA_ORDER, MODE, DEPTH, CERTIFICATE, CHANGE_MAX };

static const bool is_resumed_after[CHANGE_MAX] = { [CA_ORDER] = true, [CERTIFICATE] = true };

static struct pair_host changed(enum change n)
{
	struct pair_host h = policy();

	if (n == CA_GONE)
		h.ca = w.client_ca_pem;
	if (n == CA_ORDER)
		h.ca = both_ca_swapped_pem;
	if (n == MODE)
		h.verify = VERIFY_OPTIONAL;
	if (n == DEPTH)
		h.depth = 2;
	if (n == CERTIFICATE)
		h.cert = &w.stranger; /* any certificate will do for a server */
	return h;
}

Test(tls_resume, not_after_the_policy_changed)
{
	uint64_t hits = 0;
	uint64_t offers = 0;

	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++) {
		for (enum change n = 0; n < CHANGE_MAX; n++) {
			struct pair_host before = policy();
			struct pair *first;
			struct pair *second;

			if (n == CA_ADDED)
				before.ca = w.client_ca_pem;
			replace(before);
			first = connect_as(pair_versions[v], "a.example.com", &w.client, NULL);
			replace(changed(n));
			second = connect_as(pair_versions[v], "a.example.com", &w.client,
			                    first->session);
			cr_assert_eq(second->step, TLS_STEP_DONE, "%s", pair_text(second));
			cr_expect_eq(second->r.resumed, is_resumed_after[n], "change %d", n);
			hits += is_resumed_after[n];
			offers++;
			cr_expect_eq(s->stats.sessions_hit, hits);
			cr_expect_eq(s->stats.sessions_miss, offers - hits);
			pair_free(first);
			pair_free(second);
		}
	}
}

/* CVE-2025-23419 in our words. */
Test(tls_resume, a_session_does_not_open_a_host_that_its_certificate_would_not)
{
	struct pair_host strict = policy();

	strict.name = "strict.example.com";
	strict.ca = w.client_ca_pem;
	pair_add_host(s, &strict);
	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++) {
		struct pair *first =
			connect_as(pair_versions[v], "a.example.com", &w.stranger, NULL);
		struct pair *second = connect_as(pair_versions[v], "strict.example.com",
		                                 &w.stranger, first->session);
		struct pair *third =
			connect_as(pair_versions[v], "strict.example.com", NULL, first->session);
		const char *text;

		cr_assert_eq(first->step, TLS_STEP_DONE);
		cr_expect_eq(s->stats.sessions_miss, 2 * (v + 1), "the client did offer it");
		cr_expect_eq(pair_failure(second, &text), TLS_FAILURE_CERT_REJECTED);
		cr_expect_eq(pair_failure(third, &text), TLS_FAILURE_CERT_MISSING);
		pair_free(first);
		pair_free(second);
		pair_free(third);
	}
}

static struct session_bond bond_of(const SSL_SESSION *session)
{
	struct session_bond bond = { .expires = 0 };
	unsigned int len;
	const uint8_t *id = SSL_SESSION_get_id(session, &len);
	SSL_SESSION *got;

	/* A TLS 1.3 client's ticket is the id. */
	if (SSL_SESSION_get_protocol_version(session) == TLS1_3_VERSION) {
		const unsigned char *ticket;
		size_t ticket_len;

		SSL_SESSION_get0_ticket(session, &ticket, &ticket_len);
		id = ticket;
		len = (unsigned int)ticket_len;
	}
	got = sessions_get(s->w->sessions, slice_of(id, len), clock_wall_ms() / 1000, &bond);
	SSL_SESSION_free(got);
	return bond;
}

Test(tls_resume, resuming_does_not_prolong)
{
	struct pair *first = connect_as(TLS1_3_VERSION, "a.example.com", &w.client, NULL);
	int64_t now = clock_wall_ms() / 1000;
	struct session_bond bond = bond_of(first->session);
	struct pair *second;
	SSL_SESSION *stored;
	const unsigned char *ticket;
	size_t len;

	cr_expect(bond.expires >= now + 299 && bond.expires <= now + 301);
	SSL_SESSION_get0_ticket(first->session, &ticket, &len);
	stored = sessions_get(s->w->sessions, slice_of(ticket, len), now, &bond);
	cr_assert_not_null(stored);
	bond.expires = now + 100;
	cr_assert_eq(sessions_put(s->w->sessions, stored, &bond), 0);
	SSL_SESSION_free(stored);

	second = connect_as(TLS1_3_VERSION, "a.example.com", &w.client, first->session);
	cr_assert(second->r.resumed);
	cr_expect_eq(bond_of(second->session).expires, now + 100);
	cr_expect_leq(SSL_SESSION_get_ticket_lifetime_hint(second->session), 100);
	pair_free(first);
	pair_free(second);
}

Test(tls_resume, a_chain_of_resumptions_keeps_the_identity)
{
	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++) {
		struct pair *p = connect_as(pair_versions[v], "a.example.com", &w.client, NULL);
		struct identity *who = p->r.identity;

		for (int i = 0; i < 5; i++) {
			struct pair *next = connect_as(pair_versions[v], "a.example.com", &w.client,
			                               p->session);

			cr_assert(next->r.resumed);
			cr_expect_eq(next->r.identity, who);
			if (!next->session && SSL_SESSION_up_ref(p->session))
				next->session = p->session; /* TLS 1.2 gives no new one */
			pair_free(p);
			p = next;
		}
		pair_free(p);
	}
}

Test(tls_resume, no_certificate_stays_no_certificate)
{
	struct pair_host h = policy();

	h.verify = VERIFY_OPTIONAL;
	replace(h);
	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++) {
		struct pair *first = connect_as(pair_versions[v], "a.example.com", NULL, NULL);
		struct pair *second =
			connect_as(pair_versions[v], "a.example.com", &w.client, first->session);

		cr_expect(second->r.resumed);
		cr_expect_null(second->r.identity);
		pair_free(first);
		pair_free(second);
	}
}

Test(tls_resume, no_timeout_no_sessions)
{
	struct pair_host h = policy();

	h.timeout_s = 0;
	replace(h);
	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++) {
		struct pair *first = connect_as(pair_versions[v], "a.example.com", &w.client, NULL);
		struct pair *second =
			connect_as(pair_versions[v], "a.example.com", &w.client, first->session);

		cr_assert_eq(first->step, TLS_STEP_DONE);
		if (pair_versions[v] == TLS1_3_VERSION)
			cr_expect_null(first->session, "not even a ticket");
		cr_expect_not(second->r.resumed);
		pair_free(first);
		pair_free(second);
	}
	cr_expect_eq(s->stats.sessions_stored, 0);
}

Test(tls_resume, hits_and_misses_are_counted)
{
	struct pair *first = connect_as(TLS1_3_VERSION, "a.example.com", &w.client, NULL);
	struct pair *second =
		connect_as(TLS1_3_VERSION, "a.example.com", &w.client, first->session);
	struct pair *third = connect_as(TLS1_3_VERSION, "x.wild.org", &w.client, second->session);

	cr_expect_eq(s->stats.sessions_stored, 3);
	cr_expect_eq(s->stats.sessions_hit, 1);
	cr_expect_eq(s->stats.sessions_miss, 1);
	pair_free(first);
	pair_free(second);
	pair_free(third);
}

Test(tls_resume, a_full_table_forgets_the_oldest)
{
	struct pair *first = connect_as(TLS1_2_VERSION, "a.example.com", &w.client, NULL);
	struct pair *again;

	for (int i = 0; i < 16; i++)
		pair_free(connect_as(TLS1_2_VERSION, "a.example.com", &w.client, NULL));
	again = connect_as(TLS1_2_VERSION, "a.example.com", &w.client, first->session);
	cr_assert_eq(again->step, TLS_STEP_DONE);
	cr_expect_not(again->r.resumed);
	cr_expect_geq(s->stats.sessions_evicted, 1);
	pair_free(first);
	pair_free(again);
}

/* Any certificate is let in here, so anybody could fill memory with large ones: a session
 * holds what its certificate became. */
Test(tls_resume, sessions_of_large_certificates_give_way)
{
	struct pair_host h = policy();
	size_t bytes = 0;

	h.verify = VERIFY_REQUEST;
	replace(h);
	for (int n = 0; n < 8; n++) {
		struct pki big = pki_make(&(struct pki_spec){ .cn = "big", .pad = 40000 });
		struct pair *p = connect_as(TLS1_3_VERSION, "a.example.com", &big, NULL);

		cr_assert_eq(p->step, TLS_STEP_DONE);
		bytes += 40000;
		pair_free(p);
		pki_free(&big);
		cr_expect_not(identity_cache_is_heavy(tls_worker_identities(s->w)), "%d", n);
	}
	cr_assert_gt(bytes, 4UL * IDENTITY_BYTES_EACH);
	cr_expect_gt(s->stats.sessions_evicted, 0);
}
