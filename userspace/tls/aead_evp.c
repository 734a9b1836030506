/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <openssl/evp.h>

#include "tls/aead.h"

static EVP_CIPHER *ciphers[SUITE_MAX];

static EVP_CIPHER_CTX *ctx_of(struct aead_key *k)
{
	return (EVP_CIPHER_CTX *)k;
}

static struct aead_key *evp_key_new(void)
{
	return (struct aead_key *)EVP_CIPHER_CTX_new();
}

static void evp_key_free(struct aead_key *k)
{
	EVP_CIPHER_CTX_free(ctx_of(k));
}

static int evp_key_set(struct aead_key *k, enum record_suite suite, bool seal, const uint8_t *key)
{
	/* The same cipher again would only cost a new provider context. */
	const EVP_CIPHER *old = EVP_CIPHER_CTX_get0_cipher(ctx_of(k));
	const EVP_CIPHER *cipher = old == ciphers[suite] ? NULL : ciphers[suite];

	if (EVP_CipherInit_ex2(ctx_of(k), cipher, key, NULL, seal, NULL) != 1)
		return -EIO;
	return 0;
}

/* Lengths are a record's: they fit an int with room. */
static int evp_seal(struct aead_key *k, const uint8_t *nonce, struct slice aad, struct slice plain,
                    struct slice tail, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = ctx_of(k);
	int n = 0;

	if (EVP_EncryptInit_ex2(ctx, NULL, NULL, nonce, NULL) != 1 ||
	    EVP_EncryptUpdate(ctx, NULL, &n, aad.ptr, (int)aad.len) != 1)
		return -EIO;
	if (plain.len > 0 && EVP_EncryptUpdate(ctx, out, &n, plain.ptr, (int)plain.len) != 1)
		return -EIO;
	out += plain.len;
	if (tail.len > 0 && EVP_EncryptUpdate(ctx, out, &n, tail.ptr, (int)tail.len) != 1)
		return -EIO;
	out += tail.len;
	if (EVP_EncryptFinal_ex(ctx, out, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_BYTES, out) != 1)
		return -EIO;
	return 0;
}

static int evp_open(struct aead_key *k, const uint8_t *nonce, struct slice aad, struct slice in,
                    uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = ctx_of(k);
	uint8_t tag[AEAD_TAG_BYTES]; /* EVP takes it without const */
	size_t len = in.len - sizeof(tag);
	int n = 0;

	must(in.len >= sizeof(tag));
	memcpy(tag, in.ptr + len, sizeof(tag));
	if (EVP_DecryptInit_ex2(ctx, NULL, NULL, nonce, NULL) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag) != 1 ||
	    EVP_DecryptUpdate(ctx, NULL, &n, aad.ptr, (int)aad.len) != 1)
		return -EBADMSG;
	if (len > 0 && EVP_DecryptUpdate(ctx, out, &n, in.ptr, (int)len) != 1)
		return -EBADMSG;
	return EVP_DecryptFinal_ex(ctx, out + len, &n) == 1 ? 0 : -EBADMSG;
}

const struct aead_ops *aead_evp(void)
{
	static const struct aead_ops ops = {
		.name = "evp",
		.key_new = evp_key_new,
		.key_free = evp_key_free,
		.key_set = evp_key_set,
		.seal = evp_seal,
		.open = evp_open,
	};

	for (size_t i = 0; i < SUITE_MAX; i++) {
		if (!ciphers[i])
			ciphers[i] = EVP_CIPHER_fetch(NULL, suites[i].cipher, NULL);
		if (!ciphers[i])
			return NULL;
	}
	return &ops;
}
