/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/preface.h"

#include <string.h>

#include "base/text.h"
#include "core/exchange.h"
#include "core/worker.h"
#include "proto/proxy_out.h"
#include "tls/identity.h"

enum { MODE_AT = 24, KEY_ALG_MAX = 32 };

static_assert(PROXY_TLV_MAX <= MODE_AT, "TLVs and mode share a word");
static_assert(PROXY_OFF == 0, "and nothing is 0");

uint32_t preface_of(const struct host *h)
{
	return (uint32_t)h->conf->proxy << MODE_AT | h->conf->proxy_tlvs;
}

bool preface_fits(const struct conn *c, const struct host *h)
{
	return c->link->preface == preface_of(h);
}

static struct slice str(const char *s)
{
	return slice_of(s, s == NULL ? 0 : strlen(s));
}

/* "EC256" */
static struct slice key_alg(const struct tls_words *words, struct sink *out)
{
	if (words->key_kind != NULL) {
		sink_put(out, str(words->key_kind));
		text_u64(out, words->key_bits);
	}
	return sink_slice(out);
}

static int render(const struct conn *c, struct sink *out)
{
	uint8_t key[KEY_ALG_MAX];
	struct sink key_text = sink_of(key, sizeof(key));
	struct proxy_end client = { .port = c->peer_port };
	struct proxy_end door = { 0 };
	struct proxy_facts facts = {
		.tlvs = c->exchange->host->conf->proxy_tlvs,
		.is_resumed = c->is_resumed,
		.client = &client,
		.door = &door,
		.client_cert = c->identity == NULL ? NULL : &c->identity->meta,
		.alpn = SLICE("http/1.1"),
		.authority = hostname_slice(&c->sni),
		.version = str(c->tls_version),
		.cipher = str(c->words.cipher),
		.group = str(c->words.group),
		.sig_scheme = str(c->words.sig_scheme),
		.sig_alg = str(c->words.sig_alg),
		.key_alg = key_alg(&c->words, &key_text),
	};

	memcpy(client.ip, c->peer_ip, sizeof(client.ip));
	facts.has_ends = conn_door(c, &door);
	if (c->exchange->host->conf->proxy == PROXY_V2)
		return proxy_out_put(&facts, out);
	proxy_out_put_v1(&facts, out);
	return 0;
}

enum refusal preface_put(struct worker *w, struct conn *c)
{
	static uint8_t bytes[PROXY_OUT_MAX];
	struct sink out = sink_of(bytes, sizeof(bytes));
	const uint32_t says = preface_of(c->exchange->host);
	struct stash *s = &c->origin_out;

	if (c->link->preface == says)
		return REFUSAL_NONE;
	/* A link that has carried anything else was not chosen. */
	must(c->link->preface == 0 && c->link->served == 0);
	must(s->at == 0);
	if (render(c, &out) < 0)
		return REFUSAL_ORIGIN_HEAD_LIMIT;
	if (stash_reserve(&w->stashes, s, out.len) < 0) {
		w->stats->buffers_exhausted++;
		return REFUSAL_OVERLOAD;
	}
	memmove(s->block + out.len, s->block, s->len);
	memcpy(s->block, bytes, out.len);
	s->len += (uint32_t)out.len;
	c->link->preface = says;
	w->stats->proxy_sent++;
	return REFUSAL_NONE;
}
