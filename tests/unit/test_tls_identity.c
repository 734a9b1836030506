/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/identity.h"

#include <errno.h>
#include <openssl/sha.h>

#include "pki.h"
#include "proto/identity_fields.h"

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

static const struct identity_header der_row = { .name = SLICE("X-Der"),
	                                        .render = render_der_base64 };
static const struct identity_header renamed_row = { .name = SLICE("Y-Der"),
	                                            .render = render_der_base64 };
static const struct identity_header verdict_row = { .name = SLICE("X-Der"),
	                                            .render = render_verdict };
static const struct identity_headers der_only = { .len = 1, .row = &der_row, .key = SLICE("1") };
static const struct identity_headers renamed = { .len = 1, .row = &renamed_row, .key = SLICE("2") };
static const struct identity_headers verdict = { .len = 1, .row = &verdict_row, .key = SLICE("3") };

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
	const struct identity_header rows[] = { der_row, der_row };
	const struct identity_headers twice = { .len = 2, .row = rows, .key = SLICE("4") };
	struct identity *i = intern(&fits, NULL, X509_V_OK);
	struct slice block;

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
	struct identity_header row = der_row;
	struct identity_headers h = { .len = 1, .row = &row };
	struct slice block;
	char name[16];

	for (size_t c = 0; c < ARRAY_LEN(clients); c++) {
		for (int n = 0; n < 200; n++) {
			(void)snprintf(name, sizeof(name), "X-Der-%d", n % 150);
			row.name = slice_of(name, strlen(name));
			h.key = row.name;
			cr_assert_eq(identity_block(cache, clients[c], &h, &block), 0, "%d", n);
		}
	}
	cr_expect_not(identity_cache_is_heavy(cache));
	identity_unref(clients[0]);
}

/* Ed25519 signs the same bytes in the same way each time: this certificate never changes. */
static X509 *fixed_certificate(void)
{
	static const uint8_t seed[32] = { 1, 2, 3 };
	static const char sans[] = "DNS:a.example,URI:spiffe://td/a,email:a@b.c,IP:192.0.2.1,"
				   "IP:2001:db8::1,RID:1.2.3.4";
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);
	BIGNUM *serial = NULL;

	X509_set_version(x, X509_VERSION_3);
	cr_assert(BN_hex2bn(&serial, "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF01") > 0);
	cr_assert_not_null(BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(x)));
	cr_assert_eq(ASN1_TIME_set_string(X509_getm_notBefore(x), "20220321133500Z"), 1);
	cr_assert_eq(ASN1_TIME_set_string(X509_getm_notAfter(x), "99991231235959Z"), 1);
	X509_NAME_add_entry_by_txt(name, "C", MBSTRING_ASC, (const uint8_t *)"US", -1, -1, 0);
	X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const uint8_t *)"\xF0\x9F\x90\x99",
	                           -1, -1, 0);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
	                           (const uint8_t *)"\xC3\xA9, \"x\"\r\n", -1, -1, -1);
	X509_set_issuer_name(x, name);
	X509_set_pubkey(x, key);
	pki_extension(x, NULL, NID_subject_key_identifier, "hash");
	pki_extension(x, NULL, NID_authority_key_identifier, "keyid:always,issuer:always");
	pki_extension(x, NULL, NID_subject_alt_name, sans);
	cr_assert(X509_sign(x, key, NULL) > 0);
	BN_free(serial);
	EVP_PKEY_free(key);
	return x;
}

#define EXPECT_TEXT(got, want)                                                                     \
	cr_expect(slice_eq((got), SLICE(want)), #got ": %.*s", (int)(got).len,                     \
	          (const char *)(got).ptr)

Test(tls_identity, takes_an_odd_certificate_apart)
{
	struct pki fixed = { .x = fixed_certificate() };
	struct identity *i = intern(&fixed, NULL, X509_V_ERR_CERT_REVOKED);
	const struct identity_meta *m = &i->meta;

	cr_expect(m->revoked);
	cr_expect_not(m->verified);
	cr_expect_eq(m->version, 3);
	EXPECT_TEXT(m->subject, "CN=\\C3\\A9\\, \\\"x\\\"\\0D\\0A+O=\\F0\\9F\\90\\99,C=US");
	EXPECT_TEXT(m->subject_legacy,
	            "/C=US/O=\\xF0\\x9F\\x90\\x99+CN=\\xC3\\xA9, \"x\"\\x0D\\x0A");
	EXPECT_TEXT(m->serial, "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF01");
	EXPECT_TEXT(m->issuer_serial, "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF01");
	cr_expect_eq(m->ski.len, 20);
	cr_expect(slice_eq(m->ski, m->issuer_ski));
	cr_expect(slice_eq(m->subject_der, m->issuer_der));
	cr_expect_eq(m->subject_der.ptr[0], 0x30);
	cr_expect_eq((size_t)m->subject_der.ptr[1] + 2, m->subject_der.len);
	EXPECT_TEXT(m->key_algorithm, "ED25519");
	EXPECT_TEXT(m->signature_algorithm, "ED25519");
	cr_expect_eq(m->not_before, 1647869700);
	cr_expect_eq(m->not_after, 253402300799);
	EXPECT_TEXT(m->sans, "D\0\x09"
	                     "a.exampleU\0\x0D"
	                     "spiffe://td/aE\0\x05"
	                     "a@b.cI\0\x04\xC0\0\x02\x01"
	                     "I\0\x10\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x01");
	identity_unref(i);
	X509_free(fixed.x);
}

Test(tls_identity, a_name_may_be_empty_and_the_key_without_identifier)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct pki bare = { .x = X509_new() };
	struct identity *i;

	X509_gmtime_adj(X509_getm_notBefore(bare.x), 0);
	X509_gmtime_adj(X509_getm_notAfter(bare.x), 60);
	X509_set_pubkey(bare.x, key);
	cr_assert(X509_sign(bare.x, key, EVP_sha256()) > 0);
	i = intern(&bare, NULL, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
	cr_expect_eq(i->meta.version, 1);
	EXPECT_TEXT(i->meta.subject, "");
	EXPECT_TEXT(i->meta.subject_legacy, "");
	EXPECT_TEXT(i->meta.subject_der, "0\0");
	EXPECT_TEXT(i->meta.ski, "");
	EXPECT_TEXT(i->meta.issuer_ski, "");
	EXPECT_TEXT(i->meta.issuer_serial, "");
	EXPECT_TEXT(i->meta.sans, "");
	identity_unref(i);
	X509_free(bare.x);
	EVP_PKEY_free(key);
}

Test(tls_identity, tells_of_the_issuing_certificate_also_when_that_is_the_root)
{
	struct pki direct = pki_make(&(struct pki_spec){ .cn = "direct", .issuer = &root });
	STACK_OF(X509) *chain = sk_X509_new_null();
	struct identity *under;
	struct identity *alone;

	sk_X509_push(chain, root.x);
	under = intern(&direct, chain, X509_V_OK);
	alone = intern(&direct, NULL, X509_V_OK);
	cr_expect_neq(under, alone);
	cr_expect_eq(under->meta.chain_len, 0);
	cr_expect_eq(under->meta.issuer_serial.len, 4);
	cr_expect(slice_eq(under->meta.issuer_ski, alone->meta.issuer_ski));
	cr_expect_eq(alone->meta.issuer_serial.len, 0);
	identity_unref(under);
	identity_unref(alone);
	sk_X509_free(chain);
	pki_free(&direct);
}

Test(tls_identity, a_huge_name_is_left_out_where_it_would_be_longer_still)
{
	struct pki p = { .key = EVP_EC_gen("P-256"), .x = X509_new() };
	X509_NAME *name = X509_get_subject_name(p.x);
	char text[61] = "";
	struct identity *i;

	for (size_t n = 0; n < 30; n++) {
		text[2 * n] = (char)0xC3;
		text[2 * n + 1] = (char)0xA9;
	}
	for (size_t n = 0; n < 120; n++)
		X509_NAME_add_entry_by_txt(name, "OU", MBSTRING_UTF8, (const uint8_t *)text, -1, -1,
		                           0);
	X509_set_issuer_name(p.x, name);
	X509_gmtime_adj(X509_getm_notBefore(p.x), 0);
	X509_gmtime_adj(X509_getm_notAfter(p.x), 60);
	X509_set_pubkey(p.x, p.key);
	cr_assert(X509_sign(p.x, p.key, EVP_sha256()) > 0);
	i = intern(&p, NULL, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
	cr_expect_gt(i->meta.subject.len, 20000);
	cr_expect_eq(i->meta.subject_legacy.len, 0);
	cr_expect_eq(i->meta.issuer_der.len, 0);
	identity_unref(i);
	pki_free(&p);
}
