/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/host.h"

#include <errno.h>

#include "tls_pair.h"

static struct pair_world w;

static void setup(void)
{
	pair_world_init(&w, 4);
}

static void teardown(void)
{
	pair_world_fini(&w);
}

TestSuite(tls_host, .init = setup, .fini = teardown);

enum part { SERVER, SERVER_KEY, CLIENT_CA, STRANGER_KEY, JUNK, EMPTY, TORN, ENCRYPTED };

static char *text_of(enum part p)
{
	switch (p) {
	case SERVER:
		return pki_cert_pem(NULL, &w.server);
	case SERVER_KEY:
		return pki_key_pem(&w.server);
	case CLIENT_CA:
		return pki_cert_pem(NULL, &w.client_ca);
	case STRANGER_KEY:
		return pki_key_pem(&w.stranger);
	case JUNK:
		return strdup("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n");
	case TORN: {
		char *whole = pki_cert_pem(pki_cert_pem(NULL, &w.client_ca), &w.other_ca);

		whole[strlen(whole) - 60] = '\0';
		return whole;
	}
	case ENCRYPTED: {
		BIO *b = BIO_new(BIO_s_mem());
		char password[] = "secret";
		char *text = calloc(1, 4096);

		PEM_write_bio_PrivateKey(b, w.server.key, EVP_aes_128_cbc(), NULL, 0, NULL,
		                         password);
		(void)BIO_read(b, text, 4095);
		BIO_free(b);
		return text;
	}
	case EMPTY:
		break;
	}
	return strdup("");
}

static const struct {
	const char *why;
	enum part certificate, key, ca;
	enum verify_mode verify;
	const char *says; /* NULL: it is good */
} rows[] = {
	{ "good", SERVER, SERVER_KEY, CLIENT_CA, VERIFY_REQUIRE, NULL },
	{ "no CA where none is needed", SERVER, SERVER_KEY, EMPTY, VERIFY_NONE, NULL },
	{ "no CA where one is", SERVER, SERVER_KEY, EMPTY, VERIFY_OPTIONAL,
	  "client CAs: none given" },
	{ "no certificate", EMPTY, SERVER_KEY, CLIENT_CA, VERIFY_REQUIRE,
	  "certificate: no good PEM" },
	{ "a key for a certificate", SERVER_KEY, SERVER_KEY, CLIENT_CA, VERIFY_REQUIRE,
	  "certificate:" },
	{ "a certificate for a key", SERVER, SERVER, CLIENT_CA, VERIFY_REQUIRE,
	  "key: no good PEM" },
	{ "somebody else's key", SERVER, STRANGER_KEY, CLIENT_CA, VERIFY_REQUIRE, "key: does not" },
	{ "a key with a password", SERVER, ENCRYPTED, CLIENT_CA, VERIFY_REQUIRE,
	  "key: no good PEM" },
	{ "junk in the CA bundle", SERVER, SERVER_KEY, JUNK, VERIFY_REQUIRE,
	  "client CAs: no good" },
	{ "half of the CA bundle", SERVER, SERVER_KEY, TORN, VERIFY_REQUIRE,
	  "client CAs: no good" },
	{ "junk for a certificate", JUNK, SERVER_KEY, CLIENT_CA, VERIFY_REQUIRE, "certificate:" },
};

static void try(size_t n)
{
	char *certificate = text_of(rows[n].certificate);
	char *key = text_of(rows[n].key);
	char *ca = text_of(rows[n].ca);
	struct tls_host_conf conf = { .name = SLICE("a.example"),
		                      .certificate_pem = pki_text(certificate),
		                      .key_pem = pki_text(key),
		                      .ca_pem = pki_text(ca),
		                      .verify = rows[n].verify,
		                      .verify_depth = 1 };
	char text[200] = "";
	struct sink err = sink_of(text, sizeof(text) - 1);
	struct tls_host *host = NULL;
	int rc = tls_host_new(w.s.w, &conf, &host, &err);

	text[err.len] = '\0';
	cr_expect_eq(rc, rows[n].says ? -EINVAL : 0, "%s: %s", rows[n].why, text);
	if (rows[n].says) {
		cr_expect_null(host);
		cr_expect_eq(strncmp(text, "host a.example: ", 16), 0, "%s", text);
		cr_expect_not_null(strstr(text, rows[n].says), "%s: %s", rows[n].why, text);
	} else {
		cr_expect_eq(err.len, 0);
		tls_host_unref(host);
	}
	free(certificate);
	free(key);
	free(ca);
}

Test(tls_host, says_what_is_wrong_with_its_material)
{
	for (size_t n = 0; n < ARRAY_LEN(rows); n++)
		try(n);
}

static struct tls_host *host(const char *name, const char *ca, enum verify_mode verify,
                             uint32_t depth)
{
	struct pair_host h = {
		.name = name, .cert = &w.server, .ca = ca, .verify = verify, .depth = depth
	};

	return pair_make_host(&w.s, &h);
}

Test(tls_host, client_auth_id_is_the_demand_and_not_the_name)
{
	char *both = pki_cert_pem(pki_cert_pem(NULL, &w.client_ca), &w.other_ca);
	char *swapped = pki_cert_pem(pki_cert_pem(NULL, &w.other_ca), &w.client_ca);
	char *doubled = pki_cert_pem(pki_cert_pem(strdup(both), &w.other_ca), &w.client_ca);
	struct tls_host *base = host("a", both, VERIFY_REQUIRE, 1);
	struct {
		const char *why;
		struct tls_host *h;
		bool same;
	} others[] = {
		{ "another name", host("b", both, VERIFY_REQUIRE, 1), true },
		{ "another order", host("a", swapped, VERIFY_REQUIRE, 1), true },
		{ "one twice", host("a", doubled, VERIFY_REQUIRE, 1), true },
		{ "one less", host("a", w.client_ca_pem, VERIFY_REQUIRE, 1), false },
		{ "another mode", host("a", both, VERIFY_REQUEST, 1), false },
		{ "another depth", host("a", both, VERIFY_REQUIRE, 2), false },
		{ "none", host("a", NULL, VERIFY_NONE, 1), false },
	};

	for (size_t n = 0; n < ARRAY_LEN(others); n++) {
		bool same = memcmp(tls_host_client_auth_id(base),
		                   tls_host_client_auth_id(others[n].h), TLS_ID_BYTES) == 0;

		cr_expect_eq(same, others[n].same, "%s", others[n].why);
		tls_host_unref(others[n].h);
	}
	tls_host_unref(base);
	free(both);
	free(swapped);
	free(doubled);
}

Test(tls_host, without_verification_depth_means_nothing)
{
	struct tls_host *a = host("a", NULL, VERIFY_NONE, 1);
	struct tls_host *b = host("b", w.client_ca_pem, VERIFY_NONE, 7);

	cr_expect_arr_eq(tls_host_client_auth_id(a), tls_host_client_auth_id(b), TLS_ID_BYTES);
	tls_host_unref(a);
	tls_host_unref(b);
}
