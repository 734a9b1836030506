/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/suite.h"
#include "tls_pair.h"

static struct pair_world w;
static struct pair_server *const s = &w.s;

static void add(const char *name)
{
	pair_add_host(s, &(struct pair_host){ .name = name,
	                                      .cert = &w.server,
	                                      .ca = w.client_ca_pem,
	                                      .verify = VERIFY_REQUIRE,
	                                      .depth = 1,
	                                      .timeout_s = 300 });
}

static void setup(void)
{
	pair_world_init(&w, 16);
	add("a.example.com");
	add("*.wild.org");
}

static void teardown(void)
{
	pair_world_fini(&w);
}

TestSuite(tls_hello, .init = setup, .fini = teardown);

static const struct {
	const char *why;
	const char *sni;
	const char *normal; /* NULL: refused */
	size_t host;
} rows[] = {
	{ "exact", "a.example.com", "a.example.com", 0 },
	{ "upper case", "A.Example.COM", "a.example.com", 0 },
	{ "trailing dot", "a.example.com.", "a.example.com", 0 },
	{ "wildcard", "x.wild.org", "x.wild.org", 1 },
	{ "wildcard, upper case and dot", "X.WILD.org.", "x.wild.org", 1 },
	{ "wildcard is one label", "x.y.wild.org", NULL, 0 },
	{ "wildcard is not none", "wild.org", NULL, 0 },
	{ "unknown", "b.example.com", NULL, 0 },
	{ "two dots at the end", "a.example.com..", NULL, 0 },
	{ "a space", "a.example.com ", NULL, 0 },
	{ "no name, and no host for that", NULL, NULL, 0 },
};

static void expect_unrecognized(struct pair *p, const char *why)
{
	const char *text;

	cr_assert_eq(p->step, TLS_STEP_FAILED, "%s", why);
	cr_expect_eq(pair_failure(p, &text), TLS_FAILURE_SNI_UNKNOWN, "%s", why);
	cr_expect_neq(text[0], '\0');
	cr_expect_eq(pair_alert(p), 112, "%s", why);
}

Test(tls_hello, the_host_is_that_of_the_normalised_name_or_none)
{
	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++) {
		for (size_t n = 0; n < ARRAY_LEN(rows); n++) {
			struct pair_client c = { .version = pair_versions[v],
				                 .sni = rows[n].sni,
				                 .cert = &w.client };
			struct pair *p = pair_run(s, &c);

			if (rows[n].normal) {
				cr_assert_eq(p->step, TLS_STEP_DONE, "%s: %s", rows[n].why,
				             pair_text(p));
				cr_expect_eq(p->r.host, s->hosts[rows[n].host].host);
				cr_expect(slice_eq(hostname_slice(&p->r.sni),
				                   pki_text(rows[n].normal)));
				pair_talk(s, p);
			} else {
				expect_unrecognized(p, rows[n].why);
			}
			pair_free(p);
		}
	}
}

Test(tls_hello, without_a_name_the_default_host_if_there_is_one)
{
	add("");
	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++) {
		struct pair_client c = { .version = pair_versions[v], .cert = &w.client };
		struct pair *first = pair_run(s, &c);
		struct pair *second;

		cr_assert_eq(first->step, TLS_STEP_DONE, "%s", pair_text(first));
		cr_expect_eq(first->r.host, s->hosts[2].host);
		cr_expect_eq(first->r.sni.len, 0);
		pair_talk(s, first);
		c.session = first->session;
		second = pair_run(s, &c);
		cr_expect(second->r.resumed);
		pair_talk(s, second);
		pair_free(first);
		pair_free(second);
	}
}

/* The client's first flight, and the name's place in it. */
static struct pair *hello(size_t *out_name)
{
	struct pair_client c = { .sni = "a.example.com", .cert = &w.client };
	struct pair *p = calloc(1, sizeof(*p));
	const uint8_t *name;

	p->in = malloc(PAIR_BUF);
	p->wire = malloc(PAIR_BUF);
	pair_client_new(p, &c);
	cr_assert_eq(tls_handshake_new(s->w, s, &p->h), 0);
	(void)SSL_do_handshake(p->client);
	pair_collect(p);
	name = memmem(p->in, p->in_len, "a.example.com", 13);
	cr_assert_not_null(name);
	*out_name = (size_t)(name - p->in);
	return p;
}

static const struct {
	const char *why;
	int at; /* from the name's first byte */
	uint8_t value;
} bytes[] = {
	{ "NUL in the name", 9, 0 },
	{ "empty label", 2, '.' },
	{ "a byte that no host name has", 4, '/' },
	{ "8-bit", 4, 0xE4 },
	{ "name shorter than its list", -1, 12 },
	{ "name longer than its list", -1, 14 },
	{ "list shorter than its extension", -4, 15 },
	{ "list longer than its extension", -4, 17 },
	{ "a type of name that is not host_name", -3, 1 },
	{ "the default host is for no name, not for a bad one", 0, '.' },
};

Test(tls_hello, a_name_that_cannot_be_read_is_refused_and_never_the_default_host)
{
	add("");
	for (size_t n = 0; n < ARRAY_LEN(bytes); n++) {
		size_t name;
		struct pair *p = hello(&name);

		p->in[(ssize_t)name + bytes[n].at] = bytes[n].value;
		pair_serve(p, 0);
		expect_unrecognized(p, bytes[n].why);
		pair_free(p);
	}
}

/* As Traefik's CVE-2026-32305: the name must be found wherever record borders are. */
Test(tls_hello, the_name_is_found_in_a_hello_of_one_byte_records)
{
	size_t name;
	struct pair *p = hello(&name);
	size_t body = p->in_len - RECORD_HEADER_BYTES;
	uint8_t *cut = malloc(body * 6);

	for (size_t n = 0; n < body; n++) {
		memcpy(cut + n * 6, p->in, 3);
		put_be16(cut + n * 6 + 3, 1);
		cut[n * 6 + 5] = p->in[RECORD_HEADER_BYTES + n];
	}
	free(p->in);
	p->in = realloc(cut, PAIR_BUF);
	p->in_len = body * 6;
	pair_serve(p, 7);
	cr_expect_eq(p->step, TLS_STEP_MORE, "%s", pair_text(p));
	cr_expect(slice_eq(hostname_slice(tls_handshake_sni(p->h)), SLICE("a.example.com")));
	pair_free(p);
}

Test(tls_hello, a_second_hello_with_another_name_is_refused)
{
	struct pair_client c = { .version = TLS1_3_VERSION,
		                 .sni = "a.example.com",
		                 .cert = &w.client,
		                 .groups = "X448:P-384" };
	struct pair *p = calloc(1, sizeof(*p));
	const char *text;
	char other[] = "x.wild.org";

	p->in = malloc(PAIR_BUF);
	p->wire = malloc(PAIR_BUF);
	pair_client_new(p, &c);
	cr_assert_eq(tls_handshake_new(s->w, s, &p->h), 0);
	(void)SSL_do_handshake(p->client);
	pair_collect(p);
	pair_serve(p, 0);
	cr_assert_eq(p->step, TLS_STEP_MORE);
	cr_assert_eq(SSL_set_tlsext_host_name(p->client, other), 1);
	(void)SSL_do_handshake(p->client);
	pair_collect(p);
	pair_serve(p, 0);
	cr_expect_eq(pair_failure(p, &text), TLS_FAILURE_PROTOCOL, "%s", text);
	cr_expect_eq(pair_alert(p), 47);
	pair_free(p);
}
