/* SPDX-License-Identifier: GPL-2.0-only */
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <time.h>

#include "tls_pair.h"

static struct pair_world w;
static struct pair_server *const s = &w.s;
static struct pki inter1, inter1_cross, inter2, under_one, under_two;

static struct pair_host policy(const char *ca, uint32_t depth)
{
	return (struct pair_host){ .name = "a.example.com",
		                   .cert = &w.server,
		                   .ca = ca,
		                   .verify = VERIFY_REQUIRE,
		                   .depth = depth,
		                   .timeout_s = 300 };
}

static void setup(void)
{
	const struct pki *ca = &w.client_ca;
	struct pair_host h;

	pair_world_init(&w, 0);
	inter1 = pki_make(&(struct pki_spec){ .cn = "inter 1", .issuer = ca, .is_ca = true });
	inter1_cross = pki_make(&(struct pki_spec){
		.cn = "inter 1", .issuer = &w.other_ca, .is_ca = true, .twin = &inter1 });
	inter2 = pki_make(&(struct pki_spec){ .cn = "inter 2", .issuer = &inter1, .is_ca = true });
	under_one = pki_make(&(struct pki_spec){ .cn = "under one", .issuer = &inter1 });
	under_two = pki_make(&(struct pki_spec){ .cn = "under two", .issuer = &inter2 });
	h = policy(w.client_ca_pem, 2);
	pair_add_host(s, &h);
}

static void teardown(void)
{
	pki_free(&inter1);
	pki_free(&inter1_cross);
	pki_free(&inter2);
	pki_free(&under_one);
	pki_free(&under_two);
	pair_world_fini(&w);
}

TestSuite(tls_verify_chain, .init = setup, .fini = teardown);

static struct pair *connect_as(int version, const struct pki *cert, const struct pki *a,
                               const struct pki *b)
{
	struct pair_client c = {
		.version = version, .sni = "a.example.com", .cert = cert, .chain = { a, b }
	};

	return pair_run(s, &c);
}

static void replace(size_t n, struct pair_host h)
{
	struct tls_host *old = s->hosts[n].host;

	s->hosts[n].host = pair_make_host(s, &h);
	tls_host_unref(old);
}

static uint64_t hits_seen; /* each test is a process of its own */

/* Is it let in, with @hits more than before? */
static void expect_in(const char *why, struct pair *p, uint64_t hits)
{
	cr_assert_eq(p->step, TLS_STEP_DONE, "%s: %s", why, pair_text(p));
	cr_expect(p->r.identity->meta.verified);
	cr_expect_eq(s->stats.verified_hit - hits_seen, hits, "%s", why);
	hits_seen = s->stats.verified_hit;
	pair_talk(s, p);
	pair_free(p);
}

static void expect_refused(const char *why, struct pair *p, const char *says)
{
	const char *text;

	cr_assert_eq(p->step, TLS_STEP_FAILED, "%s", why);
	(void)pair_failure(p, &text);
	cr_expect_not_null(strstr(text, says), "%s: %s", why, text);
	hits_seen = s->stats.verified_hit;
	pair_free(p);
}

Test(tls_verify_chain, what_was_found_once_is_the_same_again)
{
	static const struct {
		const char *why;
		const struct pki *cert, *chain[2];
	} rows[] = {
		{ "no intermediate", &w.client, { NULL } },
		{ "one intermediate", &under_one, { &inter1 } },
		{ "two of them", &under_two, { &inter2, &inter1 } },
		{ "the root as well", &under_one, { &inter1, &w.client_ca } },
	};

	for (size_t n = 0; n < ARRAY_LEN(rows); n++) {
		struct pair *p[3];

		for (size_t i = 0; i < ARRAY_LEN(p); i++) {
			uint64_t hits = s->stats.verified_hit;

			p[i] = connect_as(pair_versions[i % 2], rows[n].cert, rows[n].chain[0],
			                  rows[n].chain[1]);
			cr_assert_eq(p[i]->step, TLS_STEP_DONE, "%s: %s", rows[n].why,
			             pair_text(p[i]));
			cr_expect_eq(s->stats.verified_hit - hits, i > 0, "%s: %zu", rows[n].why,
			             i);
			/* By leaf, chain and verdict: the very same entry. */
			cr_expect_eq(p[i]->r.identity, p[0]->r.identity, "%s", rows[n].why);
			cr_expect(p[i]->r.identity->meta.verified);
			pair_talk(s, p[i]);
		}
		for (size_t i = 0; i < ARRAY_LEN(p); i++)
			pair_free(p[i]);
	}
	cr_expect_eq(s->stats.verified_miss, ARRAY_LEN(rows));
}

/* Whoever has one good certificate has one entry, whatever is sent with it. */
Test(tls_verify_chain, another_order_and_company_are_verified_and_not_kept)
{
	for (int again = 0; again < 2; again++) {
		expect_in("another order", connect_as(TLS1_3_VERSION, &under_two, &inter1, &inter2),
		          0);
		expect_in("one too many",
		          connect_as(TLS1_3_VERSION, &under_one, &inter1, &w.stranger), 0);
		expect_in("one too many, in between",
		          connect_as(TLS1_3_VERSION, &under_one, &w.other_ca, &inter1), 0);
		expect_in("twice", connect_as(TLS1_3_VERSION, &under_one, &inter1, &inter1), 0);
	}
	expect_in("as it should be", connect_as(TLS1_3_VERSION, &under_one, &inter1, NULL), 0);
	expect_in("and again", connect_as(TLS1_3_VERSION, &under_one, &inter1, NULL), 1);
}

Test(tls_verify_chain, a_good_leaf_does_not_carry_another_chain)
{
	expect_in("good", connect_as(TLS1_3_VERSION, &under_one, &inter1, NULL), 0);
	expect_in("kept", connect_as(TLS1_3_VERSION, &under_one, &inter1, NULL), 1);
	expect_refused("cross-signed by a stranger",
	               connect_as(TLS1_3_VERSION, &under_one, &inter1_cross, NULL),
	               "unable to get");
	expect_refused("no intermediate", connect_as(TLS1_3_VERSION, &under_one, NULL, NULL),
	               "unable to get");
}

/* One bit of the signature is another certificate. */
Test(tls_verify_chain, a_copy_with_another_signature_is_another_certificate)
{
	unsigned char *der = NULL;
	const unsigned char *at;
	int len = i2d_X509(w.client.x, &der);
	struct pki copy = { .key = w.client.key };

	expect_in("good", connect_as(TLS1_3_VERSION, &w.client, NULL, NULL), 0);
	der[len - 1] ^= 1;
	at = der;
	copy.x = d2i_X509(NULL, &at, len);
	cr_assert_not_null(copy.x);
	expect_refused("signed by nobody", connect_as(TLS1_3_VERSION, &copy, NULL, NULL),
	               "certificate signature failure");
	X509_free(copy.x);
	OPENSSL_free(der);
}

/* The public key of one, the private key of another. */
static EVP_PKEY *chimera(EVP_PKEY *shown, EVP_PKEY *used)
{
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *made = NULL;
	BIGNUM *private = NULL;
	OSSL_PARAM *params;
	uint8_t public[133];
	size_t len;

	cr_assert_eq(EVP_PKEY_get_octet_string_param(shown, OSSL_PKEY_PARAM_PUB_KEY, public,
	                                             sizeof(public), &len),
	             1);
	cr_assert_eq(EVP_PKEY_get_bn_param(used, OSSL_PKEY_PARAM_PRIV_KEY, &private), 1);
	OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
	OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, public, len);
	OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_PRIV_KEY, private);
	params = OSSL_PARAM_BLD_to_param(b);
	cr_assert_eq(EVP_PKEY_fromdata_init(ctx), 1);
	cr_assert_eq(EVP_PKEY_fromdata(ctx, &made, EVP_PKEY_KEYPAIR, params), 1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(b);
	EVP_PKEY_CTX_free(ctx);
	BN_free(private);
	return made;
}

Test(tls_verify_chain, a_chain_that_is_known_opens_nothing_without_its_key)
{
	struct pki thief = { .x = w.client.x, .key = chimera(w.client.key, w.stranger.key) };

	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++) {
		expect_in("the owner", connect_as(pair_versions[v], &w.client, NULL, NULL), v > 0);
		expect_refused("who has no key", connect_as(pair_versions[v], &thief, NULL, NULL),
		               "bad signature");
		cr_expect_eq(s->stats.verified_hit, 2 * v + 1, "the chain itself was known");
	}
	EVP_PKEY_free(thief.key);
}

Test(tls_verify_chain, another_policy_verifies_anew)
{
	char *both = pki_cert_pem(pki_cert_pem(NULL, &w.client_ca), &w.other_ca);
	char *swapped = pki_cert_pem(pki_cert_pem(NULL, &w.other_ca), &w.client_ca);
	struct pair_host optional = policy(both, 2);

	expect_in("first", connect_as(TLS1_3_VERSION, &w.client, NULL, NULL), 0);
	replace(0, policy(both, 2));
	expect_in("a CA more", connect_as(TLS1_3_VERSION, &w.client, NULL, NULL), 0);
	replace(0, policy(swapped, 2));
	expect_in("the same set", connect_as(TLS1_3_VERSION, &w.client, NULL, NULL), 1);
	replace(0, policy(both, 1));
	expect_in("less depth", connect_as(TLS1_3_VERSION, &w.client, NULL, NULL), 0);
	optional.verify = VERIFY_OPTIONAL;
	replace(0, optional);
	expect_in("another mode", connect_as(TLS1_3_VERSION, &w.client, NULL, NULL), 0);
	replace(0, policy(w.other_ca_pem, 2));
	expect_refused("its CA is gone", connect_as(TLS1_3_VERSION, &w.client, NULL, NULL),
	               "unable to get");
	replace(0, policy(w.client_ca_pem, 2));
	expect_in("the first again", connect_as(TLS1_3_VERSION, &w.client, NULL, NULL), 1);
	free(both);
	free(swapped);
}

Test(tls_verify_chain, depth_holds_for_what_was_verified_under_more)
{
	expect_in("as deep as may be", connect_as(TLS1_3_VERSION, &under_two, &inter2, &inter1), 0);
	replace(0, policy(w.client_ca_pem, 1));
	expect_refused("too deep now", connect_as(TLS1_3_VERSION, &under_two, &inter2, &inter1),
	               "chain too long");
}

/* Under one worker: what is good for one host says nothing at the other. */
Test(tls_verify_chain, hosts_of_other_cas_do_not_share)
{
	struct pair_host other = policy(w.other_ca_pem, 2);
	struct pair_client c = { .sni = "b.example.com", .cert = &w.client };

	other.name = "b.example.com";
	pair_add_host(s, &other);
	expect_in("at home", connect_as(TLS1_3_VERSION, &w.client, NULL, NULL), 0);
	expect_refused("abroad", pair_run(s, &c), "unable to get");
	c.cert = &w.stranger;
	expect_in("the other's own", pair_run(s, &c), 0);
	expect_refused("and back", connect_as(TLS1_3_VERSION, &w.stranger, NULL, NULL),
	               "unable to get");
	other.name = "c.example.com";
	pair_add_host(s, &other);
	c.sni = "c.example.com";
	expect_in("the same demands", pair_run(s, &c), 1);
}

Test(tls_verify_chain, what_failed_is_never_kept)
{
	struct pair_host h = policy(w.client_ca_pem, 1);

	h.verify = VERIFY_REQUEST;
	replace(0, h);
	for (int n = 0; n < 3; n++) {
		struct pair *p = connect_as(TLS1_3_VERSION, &w.stranger, NULL, NULL);

		cr_assert_eq(p->step, TLS_STEP_DONE);
		cr_expect_not(p->r.identity->meta.verified);
		pair_free(p);
	}
	cr_expect_eq(s->stats.verified_miss, 3);
	cr_expect_eq(s->stats.verified_hit, 0);
}

/* Each of the three in turn is the one that expires. */
Test(tls_verify_chain, dates_are_looked_at_each_time)
{
	enum { LIFE_S = 4 };
	const struct timespec pause = { .tv_nsec = 50000000 };
	struct pki ca[3];
	struct pki inter[3];
	struct pki leaf[3];
	char *pem = NULL;
	time_t made;

	for (int n = 0; n < 3; n++) {
		ca[n] = pki_make(&(struct pki_spec){
			.cn = "short", .is_ca = true, .until_s = n == 0 ? LIFE_S : 0 });
		inter[n] = pki_make(&(struct pki_spec){ .cn = "short inter",
		                                        .issuer = &ca[n],
		                                        .is_ca = true,
		                                        .until_s = n == 1 ? LIFE_S : 0 });
		leaf[n] = pki_make(&(struct pki_spec){
			.cn = "leaf", .issuer = &inter[n], .until_s = n == 2 ? LIFE_S : 0 });
		pem = pki_cert_pem(pem, &ca[n]);
	}
	made = time(NULL);
	replace(0, policy(pem, 1));
	for (int n = 0; n < 3; n++) {
		expect_in("valid", connect_as(TLS1_3_VERSION, &leaf[n], &inter[n], NULL), 0);
		expect_in("known", connect_as(TLS1_3_VERSION, &leaf[n], &inter[n], NULL), 1);
	}
	while (time(NULL) <= made + LIFE_S)
		(void)nanosleep(&pause, NULL);
	for (int n = 0; n < 3; n++)
		expect_refused("expired", connect_as(TLS1_3_VERSION, &leaf[n], &inter[n], NULL),
		               "certificate has expired");
	for (int n = 0; n < 3; n++) {
		pki_free(&ca[n]);
		pki_free(&inter[n]);
		pki_free(&leaf[n]);
	}
	free(pem);
}

Test(tls_verify_chain, works_without_keeping_any)
{
	struct tls_worker_conf conf = { .lookup = pair_lookup,
		                        .identities = 4,
		                        .stats = &s->stats };
	struct tls_worker *kept = s->w;

	cr_assert_eq(tls_worker_new(&conf, &s->w), 0);
	replace(0, policy(w.client_ca_pem, 2));
	for (int n = 0; n < 2; n++)
		expect_in("verified", connect_as(TLS1_3_VERSION, &under_one, &inter1, NULL), 0);
	expect_refused("and not", connect_as(TLS1_3_VERSION, &w.stranger, NULL, NULL),
	               "unable to get");
	cr_expect_eq(s->stats.verified_miss, 0);
	tls_host_unref(s->hosts[0].host);
	s->hosts_len = 0;
	tls_worker_free(s->w);
	s->w = kept;
}
