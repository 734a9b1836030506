/* SPDX-License-Identifier: GPL-2.0-only */
#include "conf/policy.h"

#include <string.h>

#define X(name, word, help) [VERIFY_##name] = (word),
const char *const verify_words[VERIFY_MODE_MAX] = { VERIFY_MODES(X) };
#undef X
#define X(name, word, help) [INJECT_##name] = (word),
const char *const inject_words[INJECT_MODE_MAX] = { INJECT_MODES(X) };
#undef X
#define X(name, word, help) [RFC9440_##name] = (word),
const char *const rfc9440_words[RFC9440_MODE_MAX] = { RFC9440_MODES(X) };
#undef X
#define X(name, word, help) [XFCC_##name] = (word),
const char *const xfcc_words[XFCC_MODE_MAX] = { XFCC_MODES(X) };
#undef X
#define X(name, word, help) [PROXY_##name] = (word),
const char *const proxy_words[PROXY_MODE_MAX] = { PROXY_MODES(X) };
#undef X
#define X(name, word, help) [PROXY_TLV_##name] = (word),
const char *const proxy_tlv_words[PROXY_TLV_MAX] = { PROXY_TLVS(X) };
#undef X
#define X(name, word, help) [ON_REVOKED_##name] = (word),
const char *const revoked_words[REVOKED_MODE_MAX] = { REVOKED_MODES(X) };
#undef X
#define X(name, word, help) [ON_EXPIRED_##name] = (word),
const char *const expired_words[EXPIRED_MODE_MAX] = { EXPIRED_MODES(X) };
#undef X
#define X(name, word, help) [OCSP_MODE_##name] = (word),
const char *const ocsp_words[OCSP_MODE_MAX] = { OCSP_MODES(X) };
#undef X

static bool list_eq(const struct text_list *a, const struct text_list *b)
{
	if (a->len != b->len)
		return false;
	for (size_t n = 0; n < a->len; n++)
		if (strcmp(a->rows[n], b->rows[n]) != 0)
			return false;
	return true;
}

bool allow_list_eq(const struct allow_list *a, const struct allow_list *b)
{
	return list_eq(&a->sha256, &b->sha256) && list_eq(&a->spki_sha256, &b->spki_sha256) &&
	       list_eq(&a->san, &b->san);
}

bool allow_list_is_empty(const struct allow_list *a)
{
	return a->sha256.len + a->spki_sha256.len + a->san.len == 0;
}
