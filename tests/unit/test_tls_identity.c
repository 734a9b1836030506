/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/identity.h"

#include <errno.h>
#include <openssl/sha.h>

#include "pki.h"

enum { ENTRIES = 3, MANY = 9 };

static struct worker_stats stats;
static struct identity_cache *cache;
static struct pki root, inter, leaf;

static void setup(void)
{
	cr_assert_eq(identity_cache_new(ENTRIES, &stats, &cache), 0);
	root = pki_make(&(struct pki_spec){ .cn = "Root", .is_ca = true, .until_s = 5000 });
	inter = pki_make(&(struct pki_spec){
		.cn = "Inter", .issuer = &root, .is_ca = true, .until_s = 3000, .from_s = -60 });
	leaf = pki_make(&(struct pki_spec){ .cn = "l\xC3\xA9"
	                                          "af, \"x\"\r\n",
	                                    .issuer = &inter,
	                                    .organisation = "Org+1" });
}

static void teardown(void)
{
	identity_cache_free(cache);
	pki_free(&root);
	pki_free(&inter);
	pki_free(&leaf);
}

TestSuite(tls_identity, .init = setup, .fini = teardown);

static struct identity *intern(const struct pki *p, STACK_OF(X509) * chain, long verdict)
{
	struct identity *i = NULL;

	cr_assert_eq(identity_intern(cache, p->x, chain, verdict, &i), 0);
	return i;
}

static STACK_OF(X509) * whole_chain(void)
{
	STACK_OF(X509) *chain = sk_X509_new_null();

	sk_X509_push(chain, inter.x);
	sk_X509_push(chain, root.x);
	return chain;
}

static bool is_der_of(struct slice der, X509 *x)
{
	unsigned char *bytes = NULL;
	int len = i2d_X509(x, &bytes);
	bool same = slice_eq(der, slice_of(bytes, (size_t)len));

	OPENSSL_free(bytes);
	return same;
}

Test(tls_identity, says_what_is_in_the_certificate)
{
	STACK_OF(X509) *chain = whole_chain();
	struct identity *i = intern(&leaf, chain, X509_V_OK);
	const struct identity_meta *m = &i->meta;
	uint8_t sha256[32];

	cr_expect(m->presented);
	cr_expect(m->verified);
	cr_expect(slice_eq(m->verdict, SLICE("SUCCESS")));
	cr_expect(is_der_of(m->der, leaf.x));
	SHA256(m->der.ptr, m->der.len, sha256);
	cr_expect_arr_eq(m->sha256, sha256, 32);
	cr_expect(slice_eq(m->subject, SLICE("O=Org\\+1,CN=l\\C3\\A9af\\, \\\"x\\\"\\0D\\0A")),
	          "%.*s", (int)m->subject.len, m->subject.ptr);
	cr_expect(slice_eq(m->issuer, SLICE("CN=Inter")));
	cr_expect_eq(m->serial.len, 4);
	cr_expect_eq(m->serial.ptr[0], '1');
	cr_expect_eq(m->not_after - m->not_before, 86400 + 3600);
	cr_expect_eq(m->chain_len, 1, "the root is left out");
	cr_expect(is_der_of(m->chain[0], inter.x));
	identity_unref(i);
	sk_X509_free(chain);
}

Test(tls_identity, is_good_as_long_as_all_of_the_chain)
{
	STACK_OF(X509) *chain = whole_chain();
	struct identity *i = intern(&leaf, chain, X509_V_OK);

	cr_expect_eq(i->good_until - i->good_from, 3060, "the intermediate's");
	identity_unref(i);
	sk_X509_free(chain);
}

Test(tls_identity, is_found_again_by_leaf_chain_and_verdict)
{
	STACK_OF(X509) *chain = whole_chain();
	struct identity *one = intern(&leaf, chain, X509_V_OK);
	struct identity *same = intern(&leaf, chain, X509_V_OK);
	struct identity *other_chain = intern(&leaf, NULL, X509_V_OK);
	struct identity *other_verdict = intern(&leaf, NULL, X509_V_ERR_CERT_HAS_EXPIRED);

	cr_expect_eq(one, same);
	cr_expect_neq(one, other_chain);
	cr_expect_neq(other_verdict, other_chain);
	cr_expect_not(other_verdict->meta.verified);
	cr_expect(slice_eq(other_verdict->meta.verdict, SLICE("FAILED:certificate has expired")));
	cr_expect_eq(stats.identities_hit, 1);
	cr_expect_eq(stats.identities_miss, 3);
	identity_unref(one);
	identity_unref(same);
	identity_unref(other_chain);
	identity_unref(other_verdict);
	sk_X509_free(chain);
}

/* Verdicts stand in for different clients: each is another entry. */
Test(tls_identity, drops_what_was_used_least_recently_and_nobody_refers_to)
{
	struct identity *held = intern(&leaf, NULL, 1);

	for (long verdict = 2; verdict <= ENTRIES; verdict++)
		identity_unref(intern(&leaf, NULL, verdict));
	identity_unref(intern(&leaf, NULL, 2));
	identity_unref(intern(&leaf, NULL, 9)); /* 3 was used least recently */
	cr_expect_eq(stats.identities_evicted, 1);
	stats.identities_hit = 0;
	identity_unref(intern(&leaf, NULL, 2));
	identity_unref(intern(&leaf, NULL, 9));
	cr_expect_eq(intern(&leaf, NULL, 1), held);
	cr_expect_eq(stats.identities_hit, 3);
	identity_unref(held);
	identity_unref(held);
}

Test(tls_identity, more_clients_than_entries_are_served_and_then_forgotten)
{
	struct identity *held[MANY];

	for (size_t n = 0; n < ARRAY_LEN(held); n++)
		held[n] = intern(&leaf, NULL, 1 + (long)n);
	cr_expect_eq(stats.identities_evicted, 0);
	for (size_t n = 0; n < ARRAY_LEN(held); n++)
		identity_unref(held[n]);
	cr_expect_eq(stats.identities_evicted, MANY - ENTRIES);
}

static const struct identity_headers der_only = {
	.len = 1,
	.row = { { .name = SLICE("X-Der"), .field = IDENTITY_FIELD_DER_BASE64 } }
};
static const struct identity_headers renamed = {
	.len = 1,
	.row = { { .name = SLICE("Y-Der"), .field = IDENTITY_FIELD_DER_BASE64 } }
};
static const struct identity_headers verdict = { .len = 1,
	                                         .row = { { .name = SLICE("X-Der"),
	                                                    .field = IDENTITY_FIELD_VERDICT } } };

Test(tls_identity, renders_a_block_once_for_each_set_of_headers)
{
	struct identity *i = intern(&leaf, NULL, X509_V_OK);
	const struct identity_headers copy = der_only;
	struct slice a;
	struct slice b;

	cr_assert_eq(identity_block(cache, i, &der_only, &a), 0);
	cr_assert_eq(identity_block(cache, i, &copy, &b), 0);
	cr_expect_eq(a.ptr, b.ptr);
	cr_expect_gt(a.len, 500);
	cr_expect_eq(memcmp(a.ptr, "X-Der: MII", 10), 0);
	cr_assert_eq(identity_block(cache, i, &renamed, &b), 0);
	cr_expect_eq(memcmp(b.ptr, "Y-Der: MII", 10), 0);
	cr_assert_eq(identity_block(cache, i, &verdict, &b), 0);
	cr_expect(slice_eq(b, SLICE("X-Der: SUCCESS\r\n")));
	identity_unref(i);
}

Test(tls_identity, has_a_block_for_a_client_without_certificate)
{
	struct slice block;

	cr_assert_eq(identity_block(cache, NULL, &verdict, &block), 0);
	cr_expect(slice_eq(block, SLICE("X-Der: NONE\r\n")));
}

Test(tls_identity, a_certificate_too_large_for_a_header_is_refused)
{
	struct pki large = pki_make(&(struct pki_spec){ .cn = "large", .pad = 50000 });
	struct pki fits = pki_make(&(struct pki_spec){ .cn = "fits", .pad = 45000 });
	struct identity *i;
	struct slice block;

	cr_expect_eq(identity_intern(cache, large.x, NULL, X509_V_OK, &i), -EMSGSIZE);
	cr_assert_eq(identity_intern(cache, fits.x, NULL, X509_V_OK, &i), 0);
	cr_expect_eq(identity_block(cache, i, &der_only, &block), 0);
	identity_unref(i);
	pki_free(&large);
	pki_free(&fits);
}

Test(tls_identity, a_block_too_large_is_refused)
{
	struct pki fits = pki_make(&(struct pki_spec){ .cn = "fits", .pad = 30000 });
	struct identity_headers twice = der_only;
	struct identity *i = intern(&fits, NULL, X509_V_OK);
	struct slice block;

	twice.len = 2;
	twice.row[1] = twice.row[0];
	cr_expect_eq(identity_block(cache, i, &twice, &block), -EMSGSIZE);
	identity_unref(i);
	pki_free(&fits);
}

/* A new entry of about @pad bytes. */
static struct identity *large(const char *cn, size_t pad)
{
	struct pki p = pki_make(&(struct pki_spec){ .cn = cn, .pad = pad });
	struct identity *i = intern(&p, NULL, X509_V_OK);

	pki_free(&p);
	return i;
}

Test(tls_identity, large_entries_that_nobody_refers_to_make_room_by_their_bytes)
{
	struct identity *first = large("first", 40000);
	struct slice block;

	cr_expect_not(identity_cache_is_heavy(cache));
	cr_assert_eq(identity_block(cache, first, &der_only, &block), 0);
	identity_unref(first);
	cr_expect_eq(stats.identities_evicted, 0, "its 40 KiB and 54 KiB of lines are in bounds");
	identity_unref(large("second", 40000));
	cr_expect_eq(stats.identities_evicted, 1);
	cr_expect_not(identity_cache_is_heavy(cache));
}

Test(tls_identity, large_entries_in_use_are_told_of_and_go_with_their_last_user)
{
	struct identity *held[3];
	size_t n;

	for (n = 0; n < ARRAY_LEN(held); n++)
		held[n] = large((const char *[]){ "a", "b", "c" }[n], 40000);
	cr_expect(identity_cache_is_heavy(cache));
	cr_expect_eq(stats.identities_evicted, 0);
	identity_unref(held[0]);
	cr_expect_eq(stats.identities_evicted, 1);
	cr_expect_not(identity_cache_is_heavy(cache));
	identity_unref(held[1]);
	identity_unref(held[2]);
	cr_expect_eq(stats.identities_evicted, 1);
}

Test(tls_identity, any_number_of_header_sets_is_served)
{
	struct identity *clients[] = { intern(&leaf, NULL, X509_V_OK), NULL };
	struct identity_headers h = der_only;
	struct slice block;
	char name[16];

	for (size_t c = 0; c < ARRAY_LEN(clients); c++) {
		for (int n = 0; n < 200; n++) {
			(void)snprintf(name, sizeof(name), "X-Der-%d", n % 150);
			h.row[0].name = slice_of(name, strlen(name));
			cr_assert_eq(identity_block(cache, clients[c], &h, &block), 0, "%d", n);
		}
	}
	cr_expect_not(identity_cache_is_heavy(cache));
	identity_unref(clients[0]);
}
