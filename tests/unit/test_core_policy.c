/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/policy.h"

#include <string.h>

#include "core/orders.h"
#include "core/worker.h"
#include "pki.h"
#include "sys/addr.h"

static struct worker w;
static struct worker_stats stats;
static struct options options;
static struct pki ca, other_ca, cert, other_cert;

static void setup(void)
{
	options_default(&options);
	options.conns_per_worker = 64;
	options.sessions_per_worker = 0;
	w.stats = &stats;
	for (size_t i = 0; i < LISTENERS_MAX; i++)
		w.listeners[i].fd = -1;
	cr_assert_eq(worker_init(&w, &options), 0);
	ca = pki_make(&(struct pki_spec){ .cn = "CA", .is_ca = true });
	other_ca = pki_make(&(struct pki_spec){ .cn = "Other CA", .is_ca = true });
	cert = pki_make(&(struct pki_spec){ .cn = "a" });
	other_cert = pki_make(&(struct pki_spec){ .cn = "b" });
}

static void teardown(void)
{
	policy_unref(&w, w.policy);
	policy_unref(&w, w.next);
	tls_worker_free(w.tls);
	pki_free(&ca);
	pki_free(&other_ca);
	pki_free(&cert);
	pki_free(&other_cert);
}

TestSuite(policy, .init = setup, .fini = teardown);

/* Hosts h0.example, h1.example ..., all alike. */
static struct snapshot *snapshot_of(size_t hosts)
{
	struct snapshot *s = calloc(1, sizeof(*s));

	s->version = 1;
	s->options = options;
	s->hosts_len = hosts;
	s->hosts = calloc(hosts, sizeof(*s->hosts));
	for (size_t i = 0; i < hosts; i++) {
		struct snapshot_host *h = &s->hosts[i];

		h->names = calloc(1, sizeof(char *));
		h->names_len = 1;
		cr_assert_gt(asprintf(&h->names[0], "h%zu.example", i), 0);
		h->certificate_pem = pki_cert_pem(NULL, &cert);
		h->key_pem = pki_key_pem(&cert);
		h->ca_pem = pki_cert_pem(NULL, &ca);
		h->verify = VERIFY_REQUIRE;
		h->verify_depth = 1;
		h->der_header = strdup("X-Der");
		h->origins = calloc(1, sizeof(*h->origins));
		h->origins_len = 1;
		h->origins[0].label = strdup("127.0.0.1:80");
		cr_assert_eq(addr_parse(SLICE("127.0.0.1:80"), &h->origins[0].addr,
		                        &h->origins[0].addr_len),
		             0);
	}
	return s;
}

static struct policy *built(struct snapshot *s)
{
	struct policy *p = NULL;
	char text[256];
	struct sink err = sink_of(text, sizeof(text));

	cr_assert_eq(policy_new(&w, s, &p, &err), 0, "%.*s", (int)err.len, text);
	return p;
}

Test(policy, is_made_ready_one_host_at_a_time)
{
	struct policy *p = NULL;
	char text[256];
	struct sink err = sink_of(text, sizeof(text));

	cr_assert_eq(policy_begin(snapshot_of(3), &p), 0);
	cr_expect_eq(policy_step(&w, p, &err), 0);
	cr_expect_eq(policy_step(&w, p, &err), 0);
	cr_expect_eq(policy_step(&w, p, &err), 1);
	w.policy = p;
}

Test(policy, half_made_can_be_given_up)
{
	char text[256];
	struct sink err = sink_of(text, sizeof(text));

	cr_assert_eq(policy_begin(snapshot_of(3), &w.next), 0);
	cr_expect_eq(policy_step(&w, w.next, &err), 0);
}

/* 500 hosts cost half a second, in which nobody would be served. */
Test(policy, a_turn_builds_some_hosts_and_lets_connections_on)
{
	cr_assert_eq(policy_begin(snapshot_of(500), &w.next), 0);
	orders_build(&w);
	cr_assert_not_null(w.next);
	cr_expect_gt(w.next->built, 0);
	cr_expect_null(w.policy);
}

static void change_ca(struct snapshot *s)
{
	free(s->hosts[0].ca_pem);
	s->hosts[0].ca_pem = pki_cert_pem(NULL, &other_ca);
}

static void change_certificate(struct snapshot *s)
{
	free(s->hosts[0].certificate_pem);
	free(s->hosts[0].key_pem);
	s->hosts[0].certificate_pem = pki_cert_pem(NULL, &other_cert);
	s->hosts[0].key_pem = pki_key_pem(&other_cert);
}

static void change_verify(struct snapshot *s)
{
	s->hosts[0].verify = VERIFY_REQUEST;
}

static void change_to_none(struct snapshot *s)
{
	free(s->hosts[0].ca_pem);
	s->hosts[0].ca_pem = NULL;
	s->hosts[0].verify = VERIFY_NONE;
}

static void change_depth(struct snapshot *s)
{
	s->hosts[0].verify_depth = 2;
}

static void change_header(struct snapshot *s)
{
	free(s->hosts[0].der_header);
	s->hosts[0].der_header = strdup("X-Other");
}

static void change_header_field(struct snapshot *s)
{
	s->hosts[0].sha256_header = s->hosts[0].der_header;
	s->hosts[0].der_header = NULL;
}

static void change_timeout(struct snapshot *s)
{
	s->options.session_timeout_s++;
}

static void change_first_name(struct snapshot *s)
{
	char **names = calloc(2, sizeof(char *));

	names[0] = strdup("a.example"); /* sessions are bound to the first */
	names[1] = s->hosts[0].names[0];
	free(s->hosts[0].names);
	s->hosts[0].names = names;
	s->hosts[0].names_len = 2;
}

static void change_origin(struct snapshot *s)
{
	free(s->hosts[0].origins[0].label);
	s->hosts[0].origins[0].label = strdup("127.0.0.1:81");
	cr_assert_eq(addr_parse(SLICE("127.0.0.1:81"), &s->hosts[0].origins[0].addr,
	                        &s->hosts[0].origins[0].addr_len),
	             0);
}

static void change_nothing(struct snapshot *s)
{
	s->version++;
}

static const struct {
	const char *why;
	void (*change)(struct snapshot *s);
	bool is_shared; /* host 0; host 1 is unless the change is to all */
	bool is_for_all;
} rows[] = {
	{ "nothing changed", change_nothing, true, false },
	{ "origins are not of TLS", change_origin, true, false },
	{ "client CAs", change_ca, false, false },
	{ "certificate and key", change_certificate, false, false },
	{ "verify mode", change_verify, false, false },
	{ "no client CAs any more", change_to_none, false, false },
	{ "depth", change_depth, false, false },
	{ "headers are not of TLS: a name", change_header, true, false },
	{ "nor is what a header holds", change_header_field, true, false },
	{ "the first name", change_first_name, false, false },
	{ "lifetime of sessions", change_timeout, false, true },
};

Test(policy, a_host_that_has_not_changed_is_shared_with_the_one_in_force)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct snapshot *s = snapshot_of(2);
		struct policy *p;

		w.policy = built(snapshot_of(2));
		rows[i].change(s);
		p = built(s);
		cr_expect_eq(p->hosts[0].tls == w.policy->hosts[0].tls, rows[i].is_shared, "%s",
		             rows[i].why);
		cr_expect_eq(p->hosts[1].tls == w.policy->hosts[1].tls, !rows[i].is_for_all, "%s",
		             rows[i].why);
		/* What is shared outlives the policy it came from. */
		policy_unref(&w, w.policy);
		w.policy = p;
		cr_expect_not_null(tls_host_client_auth_id(p->hosts[0].tls));
		policy_unref(&w, w.policy);
		w.policy = NULL;
	}
}

static struct host *find(const struct policy *p, const char *text)
{
	struct hostname name;

	cr_assert_eq(hostname_normal(slice_of(text, strlen(text)), &name), 0);
	return policy_find(p, &name);
}

/* h0.example of two hosts told apart, with the other CA beside its own. */
static struct snapshot *with_derived(void)
{
	struct snapshot *s = snapshot_of(3);

	free(s->hosts[2].names[0]);
	s->hosts[2].names[0] = strdup("h0.example");
	s->hosts[2].ca_pem = pki_cert_pem(s->hosts[2].ca_pem, &other_ca);
	s->hosts[2].is_derived = true;
	return s;
}

Test(policy, a_derived_host_goes_before_the_one_it_was_made_of)
{
	struct policy *p = built(with_derived());

	cr_expect_eq(find(p, "h0.example"), &p->hosts[2]);
	cr_expect_eq(find(p, "h1.example"), &p->hosts[1]);
	cr_expect_eq(p->names_len, 2);
	policy_unref(&w, p);
}

Test(policy, what_was_built_is_used_again_also_beside_derived_hosts)
{
	struct policy *p;

	w.policy = built(with_derived());
	p = built(with_derived());
	for (size_t i = 0; i < 3; i++)
		cr_expect_eq(p->hosts[i].tls, w.policy->hosts[i].tls, "%zu", i);
	cr_expect_neq(p->hosts[0].tls, p->hosts[2].tls);
	policy_unref(&w, p);
}
