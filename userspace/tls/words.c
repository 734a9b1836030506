/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/words.h"

#include <openssl/ssl.h>
#include <string.h>

#include "base/must.h"

/* Those of context.c: OpenSSL's own text may go with its context. */
static const char *group_of(SSL *ssl)
{
	static const char *const offered[] = { "X25519MLKEM768", "x25519", "secp256r1", "secp384r1",
		                               "secp521r1" };
	const char *name = SSL_group_to_name(ssl, (int)SSL_get_negotiated_group(ssl));

	for (size_t i = 0; name && i < ARRAY_LEN(offered); i++)
		if (strcmp(name, offered[i]) == 0)
			return offered[i];
	return NULL;
}

/* OpenSSL 3.0 tells kind and digest of a signature and not its scheme; a PSS one may be by a
 * key of either kind. */
static const struct scheme {
	int kind, digest;
	const char *name, *name_pss;
} schemes[] = {
	{ EVP_PKEY_EC, NID_sha256, "ecdsa_secp256r1_sha256", NULL },
	{ EVP_PKEY_EC, NID_sha384, "ecdsa_secp384r1_sha384", NULL },
	{ EVP_PKEY_EC, NID_sha512, "ecdsa_secp521r1_sha512", NULL },
	{ EVP_PKEY_RSA_PSS, NID_sha256, "rsa_pss_rsae_sha256", "rsa_pss_pss_sha256" },
	{ EVP_PKEY_RSA_PSS, NID_sha384, "rsa_pss_rsae_sha384", "rsa_pss_pss_sha384" },
	{ EVP_PKEY_RSA_PSS, NID_sha512, "rsa_pss_rsae_sha512", "rsa_pss_pss_sha512" },
	{ EVP_PKEY_RSA, NID_sha256, "rsa_pkcs1_sha256", NULL },
	{ EVP_PKEY_RSA, NID_sha384, "rsa_pkcs1_sha384", NULL },
	{ EVP_PKEY_RSA, NID_sha512, "rsa_pkcs1_sha512", NULL },
	{ EVP_PKEY_ED25519, NID_undef, "ed25519", NULL },
	{ EVP_PKEY_ED448, NID_undef, "ed448", NULL },
};

static const char *scheme_of(SSL *ssl, int key)
{
	int kind = NID_undef;
	int digest = NID_undef;

	if (SSL_session_reused(ssl) || SSL_get_signature_type_nid(ssl, &kind) != 1 ||
	    SSL_get_signature_nid(ssl, &digest) != 1)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (schemes[i].kind == kind && schemes[i].digest == digest)
			return key == EVP_PKEY_RSA_PSS ? schemes[i].name_pss : schemes[i].name;
	return NULL;
}

/* OpenSSL's short name; those it was built with are static. */
static const char *short_name(int nid)
{
	return nid == NID_undef ? NULL : OBJ_nid2sn(nid);
}

static const char *kind_of(int key)
{
	switch (key) {
	case EVP_PKEY_RSA:
		return "RSA";
	case EVP_PKEY_EC:
		return "EC";
	default:
		return key > 0 ? short_name(key) : NULL;
	}
}

void tls_words_of(struct ssl_st *ssl, struct tls_words *out)
{
	const X509 *ours = SSL_get_certificate(ssl);
	const EVP_PKEY *key = ours ? X509_get0_pubkey(ours) : NULL;
	int kind = key ? EVP_PKEY_get_base_id(key) : NID_undef;

	*out = (struct tls_words){
		.cipher = SSL_CIPHER_get_name(SSL_get_current_cipher(ssl)),
		.group = group_of(ssl),
		.sig_scheme = scheme_of(ssl, kind),
		.sig_alg = ours ? short_name(X509_get_signature_nid(ours)) : NULL,
		.key_kind = kind_of(kind),
	};
	if (out->key_kind)
		out->key_bits = (uint32_t)EVP_PKEY_get_bits(key);
}
