/* SPDX-License-Identifier: GPL-2.0-only */
#include "conf/file.h"

#include <errno.h>
#include <stdio.h>

#include "base/text.h"

static struct slice str(const char *s)
{
	return slice_of(s, strlen(s));
}

/* "of" is none of: off, auto, require */
static void not_a_word(const char *text, const char *path, const struct option_word *words,
                       struct positions *p, struct mistakes *m)
{
	char all[128] = "";
	size_t n = 0;

	for (size_t i = 0; words[i].word; i++)
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%s", i ? ", " : "",
		                      words[i].word);
	must(n < sizeof(all));
	mistake_at(m, p, path, "", "\"%s\" is none of: %s", text, all);
}

static void set_option(const struct option_info *info, const char *text, struct positions *p,
                       struct mistakes *m, struct options *out)
{
	const struct option_word *words = options_words(info->name);
	char path[64];
	int r;

	if (!text)
		return;
	r = options_set(out, info->name, str(text));
	if (r == 0)
		return;
	(void)snprintf(path, sizeof(path), "options.%.*s", (int)info->name.len,
	               (const char *)info->name.ptr);
	if (words)
		not_a_word(text, path, words, p, m);
	else if (r == -ERANGE)
		mistake_at(m, p, path, "", "%s is not within %u to %u %s", text, info->min,
		           info->max, info->unit);
	else
		mistake_at(m, p, path, "", "\"%s\" is not a number", text);
}

void conf_options(const struct conf_file *f, struct positions *positions, struct mistakes *mistakes,
                  struct options *out)
{
	size_t i = 0;

	options_default(out);
	if (!f->options)
		return;
#define X(name, def, min, max, unit, when, help)                                                   \
	set_option(options_info(i++), f->options->name, positions, mistakes, out);
	OPTIONS(X)
#undef X
	must(!options_info(i));
}

enum { WORDS_TEXT_MAX = 256 }; /* all words of a list */

/* Where one word stands and what it may be. */
struct word {
	const char *path; /* the host's */
	const char *key;
	const char *const *words;
	unsigned int len;
	unsigned int def;
};

static unsigned int read_word(const char *text, const struct word *w, struct positions *p,
                              struct mistakes *m)
{
	char all[WORDS_TEXT_MAX] = "";
	size_t n = 0;

	if (!text)
		return w->def;
	for (unsigned int i = 0; i < w->len; i++)
		if (strcmp(text, w->words[i]) == 0)
			return i;
	for (unsigned int i = 0; i < w->len; i++)
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%s", i ? ", " : "", w->words[i]);
	must(n < sizeof(all));
	mistake_at(m, p, w->path, w->key, "\"%s\" is none of: %s", text, all);
	return w->def;
}

enum verify_mode conf_verify(const struct conf_host *h, const char *path,
                             struct positions *positions, struct mistakes *mistakes)
{
	const struct word w = {
		.path = path,
		.key = "client_auth.verify",
		.words = verify_words,
		.len = ARRAY_LEN(verify_words),
		.def = h->client_auth ? VERIFY_REQUIRE : VERIFY_NONE,
	};

	return read_word(h->client_auth ? h->client_auth->verify : NULL, &w, positions, mistakes);
}

uint32_t conf_depth(const struct conf_host *h, const char *path, struct positions *positions,
                    struct mistakes *mistakes)
{
	const char *text = h->client_auth ? h->client_auth->depth : NULL;
	uint64_t v = VERIFY_DEPTH_DEFAULT;

	if (!text)
		return VERIFY_DEPTH_DEFAULT;
	if (text_parse_u64(str(text), &v) < 0 || v > VERIFY_DEPTH_MAX) {
		mistake_at(mistakes, positions, path, "client_auth.depth",
		           "\"%s\" is not a number within 0 to %d", text, VERIFY_DEPTH_MAX);
		return VERIFY_DEPTH_DEFAULT;
	}
	return (uint32_t)v;
}

enum inject_mode conf_inject(const struct conf_host *h, const char *path,
                             struct positions *positions, struct mistakes *mistakes)
{
	const struct word w = {
		.path = path,
		.key = "identity.inject",
		.words = inject_words,
		.len = ARRAY_LEN(inject_words),
		.def = INJECT_FIRST_REQUEST,
	};

	return read_word(h->identity ? h->identity->inject : NULL, &w, positions, mistakes);
}

enum rfc9440_mode conf_rfc9440(const struct conf_host *h, const char *path,
                               struct positions *positions, struct mistakes *mistakes)
{
	const struct word w = {
		.path = path,
		.key = "identity.rfc9440",
		.words = rfc9440_words,
		.len = ARRAY_LEN(rfc9440_words),
		.def = RFC9440_OFF,
	};

	return read_word(h->identity ? h->identity->rfc9440 : NULL, &w, positions, mistakes);
}

enum xfcc_mode conf_xfcc(const struct conf_host *h, const char *path, struct positions *positions,
                         struct mistakes *mistakes, enum xfcc_mode def)
{
	const struct word w = {
		.path = path,
		.key = "identity.xfcc",
		.words = xfcc_words,
		.len = ARRAY_LEN(xfcc_words),
		.def = def,
	};

	return read_word(h->identity ? h->identity->xfcc : NULL, &w, positions, mistakes);
}

enum revoked_mode conf_on_revoked(const struct conf_host *h, const char *path,
                                  struct positions *positions, struct mistakes *mistakes)
{
	const struct word w = {
		.path = path,
		.key = "client_auth.on_revoked",
		.words = revoked_words,
		.len = ARRAY_LEN(revoked_words),
		.def = ON_REVOKED_CLOSE,
	};

	return read_word(h->client_auth ? h->client_auth->on_revoked : NULL, &w, positions,
	                 mistakes);
}

enum expired_mode conf_on_expired(const struct conf_host *h, const char *path,
                                  struct positions *positions, struct mistakes *mistakes)
{
	const struct word w = {
		.path = path,
		.key = "client_auth.on_expired",
		.words = expired_words,
		.len = ARRAY_LEN(expired_words),
		.def = ON_EXPIRED_CLOSE,
	};

	return read_word(h->client_auth ? h->client_auth->on_expired : NULL, &w, positions,
	                 mistakes);
}

enum proxy_mode conf_proxy(const struct conf_host *h, const char *path, struct positions *positions,
                           struct mistakes *mistakes)
{
	const struct word w = {
		.path = path,
		.key = "proxy_protocol",
		.words = proxy_words,
		.len = ARRAY_LEN(proxy_words),
		.def = PROXY_OFF,
	};

	return read_word(h->proxy_protocol, &w, positions, mistakes);
}

uint32_t conf_proxy_tlvs(const struct conf_host *h, enum proxy_mode mode, const char *path,
                         struct positions *positions, struct mistakes *mistakes)
{
	uint32_t tlvs = 0;

	if (!positions_has(positions, path, "proxy_tlvs"))
		return mode == PROXY_V2 ? PROXY_TLVS_DEFAULT : 0;
	if (mode != PROXY_V2)
		mistake_at(mistakes, positions, path, "proxy_tlvs",
		           "means nothing without proxy_protocol: v2");
	for (unsigned int i = 0; i < h->proxy_tlvs_count; i++) {
		char key[32];
		struct word w = {
			.path = path,
			.key = key,
			.words = proxy_tlv_words,
			.len = ARRAY_LEN(proxy_tlv_words),
			.def = PROXY_TLV_MAX,
		};
		unsigned int tlv;

		(void)snprintf(key, sizeof(key), "proxy_tlvs[%u]", i);
		tlv = read_word(h->proxy_tlvs[i], &w, positions, mistakes);
		if (tlv == PROXY_TLV_MAX)
			continue;
		if (tlvs & 1U << tlv)
			mistake_at(mistakes, positions, path, key, "%s is given twice",
			           h->proxy_tlvs[i]);
		tlvs |= 1U << tlv;
	}
	if (tlvs & PROXY_TLVS_IN_SSL && !(tlvs & 1U << PROXY_TLV_SSL))
		mistake_at(mistakes, positions, path, "proxy_tlvs",
		           "ssl is missing: what else is said of TLS is a part of it");
	return tlvs;
}

enum ocsp_mode conf_ocsp(const struct conf_host *h, const char *path, struct positions *positions,
                         struct mistakes *mistakes)
{
	const struct word w = {
		.path = path,
		.key = "client_auth.ocsp",
		.words = ocsp_words,
		.len = ARRAY_LEN(ocsp_words),
		.def = OCSP_MODE_OFF,
	};

	return read_word(h->client_auth ? h->client_auth->ocsp : NULL, &w, positions, mistakes);
}
