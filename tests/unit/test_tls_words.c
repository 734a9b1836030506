/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/words.h"

#include "tls_pair.h"

static struct pair_world w;
static struct pair_server *const s = &w.s;
static struct pki rsa;

static void setup(void)
{
	pair_world_init(&w, 16);
	rsa = pki_make(&(struct pki_spec){ .cn = "rsa", .is_rsa = true });
	pair_add_host(s, &(struct pair_host){
				 .name = "ec.example", .cert = &w.server, .timeout_s = 300 });
	pair_add_host(s,
	              &(struct pair_host){ .name = "rsa.example", .cert = &rsa, .timeout_s = 300 });
}

static void teardown(void)
{
	pair_world_fini(&w);
	pki_free(&rsa);
}

TestSuite(tls_words, .init = setup, .fini = teardown);

static void expect_text(const char *what, const char *got, const char *want)
{
	if (want == NULL)
		cr_expect_null(got, "%s: %s", what, got);
	else
		cr_expect(got && strcmp(got, want) == 0, "%s: %s, not %s", what,
		          got ? got : "(none)", want);
}

Test(tls_words, each_handshake_in_the_words_of_others)
{
	static const struct {
		const char *sni, *suite, *groups;
		int version;
		struct tls_words want;
	} rows[] = {
		{ "ec.example",
		  "TLS_AES_128_GCM_SHA256",
		  "X25519",
		  TLS1_3_VERSION,
		  { "TLS_AES_128_GCM_SHA256", "x25519", "ecdsa_secp256r1_sha256",
		    "ecdsa-with-SHA256", "EC", 256 } },
		{ "ec.example",
		  "ECDHE-ECDSA-AES128-GCM-SHA256",
		  "P-256",
		  TLS1_2_VERSION,
		  { "ECDHE-ECDSA-AES128-GCM-SHA256", "secp256r1", "ecdsa_secp256r1_sha256",
		    "ecdsa-with-SHA256", "EC", 256 } },
		{ "rsa.example",
		  "TLS_CHACHA20_POLY1305_SHA256",
		  "P-521",
		  TLS1_3_VERSION,
		  { "TLS_CHACHA20_POLY1305_SHA256", "secp521r1", "rsa_pss_rsae_sha256",
		    "RSA-SHA256", "RSA", 2048 } },
		{ "rsa.example",
		  "ECDHE-RSA-AES256-GCM-SHA384",
		  "P-256",
		  TLS1_2_VERSION,
		  { "ECDHE-RSA-AES256-GCM-SHA384", "secp256r1", "rsa_pss_rsae_sha256", "RSA-SHA256",
		    "RSA", 2048 } },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct pair_client c = { .version = rows[i].version,
			                 .suite = rows[i].suite,
			                 .groups = rows[i].groups,
			                 .sni = rows[i].sni };

		for (int turn = 0; turn < 2; turn++) {
			struct pair *p = pair_run(s, &c);
			const struct tls_words *got = &p->r.words;
			const struct tls_words *want = &rows[i].want;

			cr_assert_eq(p->step, TLS_STEP_DONE, "%s: %s", c.suite, pair_text(p));
			cr_assert_eq(p->r.resumed, turn == 1);
			expect_text("cipher", got->cipher, want->cipher);
			expect_text("group", got->group, want->group);
			expect_text("scheme", got->sig_scheme, turn ? NULL : want->sig_scheme);
			expect_text("signature", got->sig_alg, want->sig_alg);
			expect_text("key", got->key_kind, want->key_kind);
			cr_expect_eq(got->key_bits, want->key_bits);
			pair_talk(s, p);
			if (turn == 0) {
				c.session = p->session;
				cr_assert_eq(SSL_SESSION_up_ref(c.session), 1);
			} else {
				SSL_SESSION_free(c.session);
			}
			pair_free(p);
		}
	}
}
