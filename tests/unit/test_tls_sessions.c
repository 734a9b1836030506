/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/sessions.h"

#include <errno.h>
#include <openssl/rand.h>

#include "pki.h"

enum { MAX = 4, NOW = 1000000 };

static struct worker_stats stats;
static struct sessions *s;
static struct identity_cache *identities;
static struct pki cert;

static void setup(void)
{
	cr_assert_eq(sessions_new(MAX, &stats, &s), 0);
	cr_assert_eq(identity_cache_new(2, &stats, &identities), 0);
	cert = pki_make(&(struct pki_spec){ .cn = "client" });
}

static void teardown(void)
{
	sessions_free(s);
	identity_cache_free(identities);
	pki_free(&cert);
}

TestSuite(tls_sessions, .init = setup, .fini = teardown);

/* A session of that number; the number is its id. */
static SSL_SESSION *session(int number, size_t name_len)
{
	static const uint8_t aes128[] = { 0x13, 0x01 };
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(ctx);
	SSL_SESSION *made = SSL_SESSION_new();
	uint8_t id[32];
	uint8_t secret[32] = { 1 };
	char *name = calloc(1, name_len + 1);

	memset(id, number, sizeof(id));
	memset(name, 'n', name_len);
	cr_assert_eq(SSL_SESSION_set1_id(made, id, sizeof(id)), 1);
	cr_assert_eq(SSL_SESSION_set1_master_key(made, secret, sizeof(secret)), 1);
	cr_assert_eq(SSL_SESSION_set_cipher(made, SSL_CIPHER_find(ssl, aes128)), 1);
	cr_assert_eq(SSL_SESSION_set_protocol_version(made, TLS1_3_VERSION), 1);
	cr_assert_eq(SSL_SESSION_set1_hostname(made, name), 1);
	free(name);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	return made;
}

static int put(int number, struct identity *who, int64_t expires)
{
	SSL_SESSION *one = session(number, 10);
	int rc = sessions_put(s, one, &(struct session_bond){ who, expires });

	SSL_SESSION_free(one);
	return rc;
}

static bool has(int number, int64_t now)
{
	uint8_t id[32];
	struct session_bond bond;
	SSL_SESSION *got;

	memset(id, number, sizeof(id));
	got = sessions_get(s, slice_of(id, sizeof(id)), now, &bond);
	SSL_SESSION_free(got);
	return got != NULL;
}

Test(tls_sessions, gives_back_what_was_put)
{
	for (int n = 1; n <= MAX; n++)
		cr_assert_eq(put(n, NULL, NOW + n), 0);
	for (int n = 1; n <= MAX; n++)
		cr_expect(has(n, NOW));
	cr_expect_not(has(MAX + 1, NOW));
	cr_expect_eq(stats.sessions_stored, MAX);
}

Test(tls_sessions, makes_room_by_last_use)
{
	for (int n = 1; n <= MAX; n++)
		cr_assert_eq(put(n, NULL, NOW + 9), 0);
	cr_expect(has(1, NOW));
	cr_assert_eq(put(9, NULL, NOW + 9), 0);
	cr_expect_eq(stats.sessions_evicted, 1);
	cr_expect_not(has(2, NOW));
	cr_expect(has(1, NOW));
	cr_expect(has(9, NOW));
}

Test(tls_sessions, expires_and_leaves_its_slot)
{
	for (int n = 1; n <= MAX; n++)
		cr_assert_eq(put(n, NULL, NOW + 5), 0);
	cr_expect(has(1, NOW + 4));
	cr_expect_not(has(1, NOW + 5));
	cr_expect_not(has(1, NOW + 4), "it is gone for good");
	cr_assert_eq(put(7, NULL, NOW + 9), 0);
	cr_expect_eq(stats.sessions_evicted, 0);
}

Test(tls_sessions, the_same_id_again_replaces)
{
	cr_assert_eq(put(1, NULL, NOW + 1), 0);
	cr_assert_eq(put(1, NULL, NOW + 5), 0);
	cr_expect(has(1, NOW + 3));
}

static void remove_number(int number)
{
	uint8_t id[32];

	memset(id, number, sizeof(id));
	sessions_remove(s, slice_of(id, sizeof(id)));
	sessions_remove(s, slice_of(id, 5));
}

Test(tls_sessions, removal_in_any_order_frees_every_slot)
{
	static const uint8_t order[] = { 2, 4, 1, 3 };

	for (int round = 0; round < 3; round++) {
		for (int n = 1; n <= MAX; n++)
			cr_assert_eq(put(n, NULL, NOW + 9), 0);
		for (size_t n = 0; n < MAX; n++)
			remove_number(order[n]);
		for (int n = 1; n <= MAX; n++)
			cr_expect_not(has(n, NOW));
	}
	cr_expect_eq(stats.sessions_evicted, 0);
	remove_number(1);
}

Test(tls_sessions, keeps_the_identity_and_is_no_good_outside_its_validity)
{
	struct session_bond bond = { 0 };
	struct identity *who;
	uint8_t id[32];
	SSL_SESSION *got;
	int64_t from;
	int64_t until;

	cr_assert_eq(identity_intern(identities, cert.x, NULL, X509_V_OK, &who), 0);
	from = who->good_from;
	until = who->good_until;
	for (int n = 1; n <= 3; n++)
		cr_assert_eq(put(n, who, INT64_MAX), 0);
	cr_expect_eq(who->refs, 4);
	memset(id, 1, sizeof(id));
	got = sessions_get(s, slice_of(id, sizeof(id)), from, &bond);
	cr_assert_not_null(got);
	cr_expect_eq(bond.identity, who);
	cr_expect_null(SSL_SESSION_get0_peer(got));
	SSL_SESSION_free(got);
	cr_expect(has(1, until));
	cr_expect_not(has(2, until + 1), "after notAfter");
	cr_expect_not(has(3, from - 1), "before notBefore");
	cr_expect_eq(who->refs, 2);
	identity_unref(who);
}

Test(tls_sessions, an_id_of_another_length_is_not_there)
{
	uint8_t id[40];
	struct session_bond bond;

	memset(id, 1, sizeof(id));
	cr_assert_eq(put(1, NULL, NOW + 9), 0);
	for (size_t len = 0; len <= sizeof(id); len++) {
		SSL_SESSION *got = sessions_get(s, slice_of(id, len), NOW, &bond);

		cr_expect_eq(got != NULL, len == SESSION_ID_BYTES, "%zu", len);
		SSL_SESSION_free(got);
	}
	id[31] = 2; /* the first 8 bytes are those of one that is there */
	cr_expect_null(sessions_get(s, slice_of(id, 32), NOW, &bond));
}

Test(tls_sessions, too_large_a_session_is_not_kept)
{
	SSL_SESSION *large = session(1, 250);

	cr_expect_eq(sessions_put(s, large, &(struct session_bond){ NULL, NOW + 9 }), -EMSGSIZE);
	cr_expect_not(has(1, NOW));
	SSL_SESSION_free(large);
}
