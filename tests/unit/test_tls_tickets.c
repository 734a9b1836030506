/* SPDX-License-Identifier: GPL-2.0-only */
#include "sys/clock.h"
#include "tls_pair.h"

/* Two workers that know the same keys. */
static struct pair_world w;
static struct pair_server *const a = &w.s;
static struct pair_server other;
static struct pair_server *const b = &other;
static struct ticket_keys keys;
static struct pki middle, below;

static const struct pair_host base = { .name = "a.example.com",
	                               .verify = VERIFY_REQUIRE,
	                               .depth = 2,
	                               .timeout_s = 300 };

static struct pair_host policy(void)
{
	struct pair_host h = base;

	h.cert = &w.server;
	h.ca = w.client_ca_pem;
	return h;
}

static void set_keys(const struct ticket_keys *k)
{
	tls_worker_ticket_keys(a->w, k);
	tls_worker_ticket_keys(b->w, k);
}

static void setup(void)
{
	struct pair_host h;

	pair_world_init(&w, 16);
	tls_worker_free(a->w);
	aead_cache_free(a->aead);
	pair_server_make(a, 16, true);
	pair_server_make(b, 16, true);
	keys.len = 1;
	cr_assert_eq(tls_ticket_key_make(&keys.rows[0]), 0);
	set_keys(&keys);
	middle = pki_make(&(struct pki_spec){ .cn = "m", .issuer = &w.client_ca, .is_ca = true });
	below = pki_make(&(struct pki_spec){ .cn = "below", .issuer = &middle });
	h = policy();
	pair_add_host(a, &h);
	pair_add_host(b, &h);
	h.name = "*.wild.org";
	pair_add_host(a, &h);
	pair_add_host(b, &h);
}

static void teardown(void)
{
	pair_server_fini(b);
	pair_world_fini(&w);
	pki_free(&middle);
	pki_free(&below);
}

TestSuite(tls_tickets, .init = setup, .fini = teardown);

static struct pair *visit(struct pair_server *s, int version, const struct pki *cert,
                          SSL_SESSION *session)
{
	struct pair_client c = {
		.version = version, .sni = "a.example.com", .cert = cert, .session = session
	};
	struct pair *p;

	if (cert == &below)
		c.chain[0] = &middle;
	p = pair_run(s, &c);
	if (p->step == TLS_STEP_DONE)
		pair_talk(s, p);
	return p;
}

static void replace(struct pair_server *s, const struct pair_host *h)
{
	struct tls_host *old = s->hosts[0].host;

	s->hosts[0].host = pair_make_host(s, h);
	tls_host_unref(old);
}

static void expect_same(const struct identity *x, const struct identity *y)
{
	cr_assert_not_null(x);
	cr_assert_not_null(y);
	cr_expect(slice_eq(x->meta.der, y->meta.der));
	cr_expect(slice_eq(x->meta.issuer_serial, y->meta.issuer_serial));
	cr_expect(slice_eq(x->meta.issuer_ski, y->meta.issuer_ski));
	cr_expect(slice_eq(x->meta.verdict, y->meta.verdict));
	cr_expect_eq(x->meta.verified, y->meta.verified);
	cr_expect_eq(x->good_from, y->good_from);
	cr_expect_eq(x->good_until, y->good_until);
	cr_assert_eq(x->meta.chain_len, y->meta.chain_len);
	for (size_t n = 0; n < x->meta.chain_len; n++)
		cr_expect(slice_eq(x->meta.chain[n], y->meta.chain[n]));
}

/* The other worker has never seen this client. */
Test(tls_tickets, any_worker_resumes_and_knows_the_client_as_well)
{
	const struct pki *const certs[] = { &w.client, &below };

	for (size_t v = 0; v < 2 * ARRAY_LEN(certs); v++) {
		int version = pair_versions[v % 2];
		struct pair *first = visit(a, version, certs[v / 2], NULL);
		struct pair *second = visit(b, version, certs[v / 2], first->session);

		cr_assert_eq(second->step, TLS_STEP_DONE, "%s", pair_text(second));
		cr_expect(second->r.resumed);
		expect_same(first->r.identity, second->r.identity);
		cr_expect_eq(b->stats.identities_miss, v / 2 + 1, "made of the ticket, once");
		pair_free(first);
		pair_free(second);
	}
	cr_expect_eq(a->stats.sessions_stored, 0);
	cr_expect_eq(b->stats.sessions_hit, 4);
}

Test(tls_tickets, a_verdict_comes_back_as_it_was)
{
	struct pair_host h = policy();

	h.verify = VERIFY_REQUEST;
	replace(a, &h);
	replace(b, &h);
	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++) {
		struct pair *first = visit(a, pair_versions[v], &w.stranger, NULL);
		struct pair *second = visit(b, pair_versions[v], &w.stranger, first->session);

		cr_expect(second->r.resumed);
		cr_expect_not(second->r.identity->meta.verified);
		expect_same(first->r.identity, second->r.identity);
		pair_free(first);
		pair_free(second);
	}
}

Test(tls_tickets, no_certificate_stays_no_certificate)
{
	struct pair_host h = policy();

	h.verify = VERIFY_OPTIONAL;
	replace(a, &h);
	replace(b, &h);
	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++) {
		struct pair *first = visit(a, pair_versions[v], NULL, NULL);
		struct pair *second = visit(b, pair_versions[v], &w.client, first->session);

		cr_expect(second->r.resumed);
		cr_expect_null(second->r.identity);
		pair_free(first);
		pair_free(second);
	}
}

enum change { CA_ADDED, CA_OTHER, MODE, DEPTH, CERTIFICATE, CHANGE_MAX };

static struct pair_host changed(enum change n, const char *both)
{
	struct pair_host h = policy();

	if (n == CA_ADDED)
		h.ca = both;
	if (n == CA_OTHER)
		h.ca = w.other_ca_pem;
	if (n == MODE)
		h.verify = VERIFY_OPTIONAL;
	if (n == DEPTH)
		h.depth = 1;
	if (n == CERTIFICATE)
		h.cert = &w.stranger;
	return h;
}

Test(tls_tickets, are_good_under_the_policy_they_were_made_under)
{
	char *both = pki_cert_pem(pki_cert_pem(NULL, &w.client_ca), &w.other_ca);

	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++)
		for (enum change n = 0; n < CHANGE_MAX; n++) {
			struct pair *first = visit(a, pair_versions[v], &w.client, NULL);
			struct pair_host h = changed(n, both);
			uint64_t miss = b->stats.sessions_miss;
			struct pair *second;

			replace(b, &h);
			second = visit(b, pair_versions[v], &w.client, first->session);
			cr_expect_eq(second->step == TLS_STEP_DONE, n != CA_OTHER);
			cr_expect_eq(second->is_taken && second->r.resumed, n == CERTIFICATE,
			             "change %d", n);
			cr_expect_eq(b->stats.sessions_miss - miss, n != CERTIFICATE,
			             "the client did offer it");
			pair_free(first);
			pair_free(second);
		}
	free(both);
}

Test(tls_tickets, are_good_for_one_name)
{
	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++) {
		struct pair_client c = { .version = pair_versions[v],
			                 .sni = "x.wild.org",
			                 .cert = &w.client };
		struct pair *first = pair_run(a, &c);
		struct pair *neighbour;
		struct pair *host;

		pair_talk(a, first);
		cr_assert_not_null(first->session);
		c.session = first->session;
		c.sni = "y.wild.org";
		neighbour = pair_run(b, &c);
		c.sni = "a.example.com";
		host = pair_run(b, &c);
		cr_expect(neighbour->is_taken && !neighbour->r.resumed);
		cr_expect(host->is_taken && !host->r.resumed);
		pair_free(first);
		pair_free(neighbour);
		pair_free(host);
	}
}

Test(tls_tickets, the_key_before_opens_and_one_older_does_not)
{
	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++) {
		struct ticket_keys now = { .len = 2 };
		SSL_SESSION *renewed; /* of TLS 1.2 the client's callback is not told */
		struct pair *first;
		struct pair *second;
		struct pair *third;

		set_keys(&keys);
		first = visit(a, pair_versions[v], &w.client, NULL);
		now.rows[1] = keys.rows[0];
		cr_assert_eq(tls_ticket_key_make(&now.rows[0]), 0);
		set_keys(&now);
		second = visit(b, pair_versions[v], &w.client, first->session);
		cr_expect(second->r.resumed);
		renewed = second->session ? second->session : SSL_get0_session(second->client);
		now.len = 1;
		set_keys(&now);
		third = visit(b, pair_versions[v], &w.client, renewed);
		cr_expect(third->r.resumed, "it was given a new one, under the new key");
		pair_free(third);
		third = visit(b, pair_versions[v], &w.client, first->session);
		cr_assert_eq(third->step, TLS_STEP_DONE);
		cr_expect_not(third->r.resumed);
		pair_free(first);
		pair_free(second);
		pair_free(third);
	}
}

/* A chain of resumptions ends when its first handshake says. */
Test(tls_tickets, resuming_does_not_prolong)
{
	char *crl = pki_crl_pem(NULL, &(struct pki_crl){ .issuer = &w.client_ca, .until_s = 100 });
	struct pair_host h = policy();

	h.crl = crl;
	replace(a, &h);
	replace(b, &h);
	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++) {
		struct pair *p = visit(a, pair_versions[v], &w.client, NULL);

		for (int n = 0; n < 3; n++) {
			struct pair *next = visit(b, pair_versions[v], &w.client, p->session);

			cr_assert(next->r.resumed);
			if (next->session)
				cr_expect_leq(SSL_SESSION_get_ticket_lifetime_hint(next->session),
				              100);
			else if (SSL_SESSION_up_ref(p->session))
				next->session = p->session; /* TLS 1.2 gives no new one */
			pair_free(p);
			p = next;
		}
		pair_free(p);
	}
	free(crl);
}

Test(tls_tickets, what_fits_none_is_stateful_or_not_resumed)
{
	struct pki big =
		pki_make(&(struct pki_spec){ .cn = "big", .issuer = &w.client_ca, .pad = 9000 });

	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++) {
		bool is_tls13 = pair_versions[v] == TLS1_3_VERSION;
		struct pair *first = visit(a, pair_versions[v], &big, NULL);
		struct pair *same = visit(a, pair_versions[v], &big, first->session);
		struct pair *away = visit(b, pair_versions[v], &big, first->session);

		cr_assert_eq(same->step, TLS_STEP_DONE, "%s", pair_text(same));
		cr_assert_eq(away->step, TLS_STEP_DONE, "%s", pair_text(away));
		cr_expect_eq(same->r.resumed, is_tls13);
		cr_expect_not(away->r.resumed);
		expect_same(first->r.identity, same->r.identity);
		pair_free(first);
		pair_free(same);
		pair_free(away);
	}
	cr_expect_eq(a->stats.tickets_too_large + b->stats.tickets_too_large, 2 + 1 + 2);
	cr_expect_eq(a->stats.tickets_sealed, 0);
	pki_free(&big);
}

Test(tls_tickets, without_keys_sessions_are_stateful_or_not_resumed)
{
	set_keys(&(struct ticket_keys){ .len = 0 });
	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++) {
		struct pair *first = visit(a, pair_versions[v], &w.client, NULL);
		struct pair *second = visit(a, pair_versions[v], &w.client, first->session);

		cr_assert_eq(second->step, TLS_STEP_DONE, "%s", pair_text(second));
		cr_expect_eq(second->r.resumed, pair_versions[v] == TLS1_3_VERSION);
		pair_free(first);
		pair_free(second);
	}
}

/* Of a client that brings a ticket nobody can open, and fits none. */
Test(tls_tickets, a_lost_key_and_a_large_certificate)
{
	struct pki big =
		pki_make(&(struct pki_spec){ .cn = "big", .issuer = &w.client_ca, .pad = 9000 });
	struct ticket_keys lost = { .len = 1 };
	struct pair *first = visit(a, TLS1_3_VERSION, &w.client, NULL);
	struct pair *second;
	struct pair *third;

	cr_assert_eq(tls_ticket_key_make(&lost.rows[0]), 0);
	set_keys(&lost);
	second = visit(a, TLS1_3_VERSION, &big, first->session);
	cr_assert_eq(second->step, TLS_STEP_DONE, "%s", pair_text(second));
	cr_expect_not(second->r.resumed);
	third = visit(a, TLS1_3_VERSION, &big, second->session);
	cr_assert_eq(third->step, TLS_STEP_DONE, "%s", pair_text(third));
	cr_expect(third->r.resumed);
	pair_free(first);
	pair_free(second);
	pair_free(third);
	pki_free(&big);
}

/* The session as the client has it, with one bit of its ticket another. */
static SSL_SESSION *altered(const SSL_SESSION *session, size_t at)
{
	unsigned char *der = NULL;
	int len = i2d_SSL_SESSION(session, &der);
	const unsigned char *ticket;
	const unsigned char *from;
	unsigned char *found;
	SSL_SESSION *made;
	size_t ticket_len;

	SSL_SESSION_get0_ticket(session, &ticket, &ticket_len);
	found = memmem(der, (size_t)len, ticket, ticket_len);
	cr_assert_not_null(found);
	found[at == SIZE_MAX ? ticket_len - 1 : at] ^= 1;
	from = der;
	made = d2i_SSL_SESSION(NULL, &from, len);
	cr_assert_not_null(made);
	OPENSSL_free(der);
	return made;
}

Test(tls_tickets, that_were_altered_are_not_believed)
{
	static const size_t places[] = { 0, 16, 40, 400, SIZE_MAX };

	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++)
		for (size_t n = 0; n < ARRAY_LEN(places); n++) {
			struct pair *first = visit(a, pair_versions[v], &w.client, NULL);
			SSL_SESSION *bad = altered(first->session, places[n]);
			struct pair *second = visit(b, pair_versions[v], &w.client, bad);

			cr_assert_eq(second->step, TLS_STEP_DONE, "%s", pair_text(second));
			cr_expect_not(second->r.resumed, "byte %zu", places[n]);
			SSL_SESSION_free(bad);
			pair_free(first);
			pair_free(second);
		}
	cr_expect_eq(b->stats.sessions_hit, 0);
}

Test(tls_tickets, give_no_early_data_and_say_nothing_of_who)
{
	struct pair *p = visit(a, TLS1_3_VERSION, &w.client, NULL);
	const unsigned char *ticket;
	size_t len;

	SSL_SESSION_get0_ticket(p->session, &ticket, &len);
	cr_expect_eq(SSL_SESSION_get_max_early_data(p->session), 0);
	cr_expect_gt(len, p->r.identity->meta.der.len);
	cr_expect_null(memmem(ticket, len, "client", 6));
	cr_expect_eq(memcmp(ticket, keys.rows[0].name, TICKET_KEY_NAME_BYTES), 0);
	pair_free(p);
}

Test(tls_tickets, no_timeout_no_tickets)
{
	struct pair_host h = policy();

	h.timeout_s = 0;
	replace(a, &h);
	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++) {
		struct pair *first = visit(a, pair_versions[v], &w.client, NULL);
		struct pair *second = visit(a, pair_versions[v], &w.client, first->session);

		cr_assert_eq(second->step, TLS_STEP_DONE);
		cr_expect_not(second->r.resumed);
		pair_free(first);
		pair_free(second);
	}
	cr_expect_eq(a->stats.tickets_sealed, 0);
}

/* A client of TLS 1.2 that knows no tickets has a session id. */
static int without_tickets(SSL *ssl)
{
	(void)SSL_set_options(ssl, SSL_OP_NO_TICKET);
	return 1;
}

Test(tls_tickets, who_takes_none_has_a_stateful_session)
{
	struct pair_client c = { .version = TLS1_2_VERSION,
		                 .sni = "a.example.com",
		                 .cert = &w.client,
		                 .alter = without_tickets };
	struct pair *first = pair_run(a, &c);
	struct pair *second;

	c.session = first->session;
	second = pair_run(a, &c);
	cr_expect(second->r.resumed);
	expect_same(first->r.identity, second->r.identity);
	pair_free(second);
	c.alter = NULL; /* and now it would like a ticket, for a session that has no leaf */
	second = pair_run(a, &c);
	cr_assert_eq(second->step, TLS_STEP_DONE, "%s", pair_text(second));
	cr_expect_eq(a->stats.tickets_sealed, 0);
	expect_same(first->r.identity, second->r.identity);
	pair_free(first);
	pair_free(second);
}

Test(tls_tickets, hello_retry_request)
{
	struct pair_client c = { .version = TLS1_3_VERSION,
		                 .sni = "a.example.com",
		                 .cert = &w.client,
		                 .groups = "X448:P-384" };
	struct pair *first = pair_run(a, &c);
	struct pair *second;

	pair_talk(a, first);
	c.session = first->session;
	second = pair_run(b, &c);
	cr_assert_eq(second->step, TLS_STEP_DONE, "%s", pair_text(second));
	cr_expect(second->r.resumed);
	pair_talk(b, second);
	pair_free(first);
	pair_free(second);
}
