/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/digest.h"

#include <errno.h>
#include <openssl/evp.h>

static struct {
	EVP_MD *md;
	EVP_MD_CTX *ctx;
	bool ok;
} state;

int digest_init(void)
{
	if (!state.md)
		state.md = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	if (!state.md)
		return -ENOTSUP;
	if (!state.ctx)
		state.ctx = EVP_MD_CTX_new();
	return state.ctx ? 0 : -ENOMEM;
}

void digest_begin(void)
{
	state.ok = digest_init() == 0 && EVP_DigestInit_ex2(state.ctx, state.md, NULL) == 1;
}

void digest_add(struct slice piece)
{
	state.ok = state.ok && EVP_DigestUpdate(state.ctx, piece.ptr, piece.len) == 1;
}

int digest_end(uint8_t out[DIGEST_BYTES])
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	if (!state.ok || EVP_DigestFinal_ex(state.ctx, digest, &n) != 1)
		return -EIO;
	must(n == DIGEST_BYTES);
	memcpy(out, digest, DIGEST_BYTES);
	return 0;
}
