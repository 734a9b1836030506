/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tls_pair.h - OpenSSL's client and our handshake, joined in memory.
 */
#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "pki.h"
#include "tls/control.h"
#include "tls/handshake.h"

enum { PAIR_HOSTS_MAX = 4, PAIR_VERIFIED = 8, PAIR_BUF = 400000 };

/* Worker and hosts. */
struct pair_server {
	struct worker_stats stats;
	struct tls_worker *w;
	struct aead_cache *aead;
	size_t hosts_len;
	struct {
		struct hostname pattern; /* len 0: the default host */
		struct tls_host *host;
	} hosts[PAIR_HOSTS_MAX];
};

struct pair_client {
	int version; /* TLS1_2_VERSION ..; 0: any */
	const char *suite;
	const char *sni;
	const char *groups;
	const struct pki *cert;
	const struct pki *chain[3]; /* sent behind cert */
	bool checks_server;         /* knowing no CA: refuses */
	SSL_SESSION *session;
	size_t fragment;      /* bytes in a record; 0: as many as fit */
	size_t padding;       /* TLS 1.3 record padding to this block */
	uint8_t max_fragment; /* TLSEXT_max_fragment_length_* */
	size_t trickle;       /* bytes for each step; 0: all there is */
	struct slice early;   /* sent right behind Finished */
	int (*alter)(SSL *ssl);
};

/* One connection, after its handshake. */
struct pair {
	SSL_CTX *ctx;
	SSL *client;
	SSL_SESSION *session; /* the last the client was given */
	struct tls_handshake *h;
	enum tls_step step;
	struct tls_result r;
	bool is_taken;
	size_t steps;
	uint8_t *in; /* from the client, not yet consumed */
	size_t in_len;
	uint8_t *wire; /* all we sent in the handshake */
	size_t wire_len;
};

static inline struct tls_host *pair_lookup(void *arg, const struct hostname *sni, void **out_user)
{
	struct pair_server *s = arg;
	struct hostname parent = { .len = 0 };
	bool has_parent = sni->len > 0 && hostname_parent(sni, &parent) == 0;

	for (size_t n = 0; n < s->hosts_len; n++) {
		struct slice pattern = hostname_slice(&s->hosts[n].pattern);

		*out_user = &s->hosts[n];
		if (slice_eq(pattern, hostname_slice(sni)) ||
		    (has_parent && slice_eq(pattern, hostname_slice(&parent))))
			return s->hosts[n].host;
	}
	return NULL;
}

static inline void pair_server_make(struct pair_server *s, uint32_t sessions, bool tickets)
{
	struct tls_worker_conf conf = {
		.lookup = pair_lookup,
		.sessions = sessions,
		.tickets = tickets,
		.identities = 4,
		.verified = PAIR_VERIFIED,
		.stats = &s->stats,
	};

	memset(s, 0, sizeof(*s));
	cr_assert_eq(tls_worker_new(&conf, &s->w), 0);
	cr_assert_eq(aead_cache_new(8, &s->aead), 0);
}

static inline void pair_server_init(struct pair_server *s, uint32_t sessions)
{
	pair_server_make(s, sessions, false);
}

static inline void pair_server_fini(struct pair_server *s)
{
	for (size_t n = 0; n < s->hosts_len; n++)
		tls_host_unref(s->hosts[n].host);
	aead_cache_free(s->aead);
	tls_worker_free(s->w);
}

struct pair_host {
	const char *name; /* pattern; "": the default */
	const struct pki *cert;
	const char *ca; /* PEM */
	const char *crl;
	bool crl_soft_fail;
	const struct allow_list *allow;
	enum verify_mode verify;
	uint32_t depth;
	uint32_t timeout_s;
};

static inline struct tls_host *pair_make_host(struct pair_server *s, const struct pair_host *c)
{
	char *cert = pki_cert_pem(NULL, c->cert);
	char *key = pki_key_pem(c->cert);
	struct tls_host_conf conf = {
		.name = pki_text(c->name),
		.certificate_pem = pki_text(cert),
		.key_pem = pki_text(key),
		.ca_pem = pki_text(c->ca ? c->ca : ""),
		.crl_pem = pki_text(c->crl ? c->crl : ""),
		.crl_soft_fail = c->crl_soft_fail,
		.allow = c->allow,
		.verify = c->verify,
		.verify_depth = c->depth,
		.session_timeout_s = c->timeout_s,
	};
	char text[256];
	struct sink err = sink_of(text, sizeof(text));
	struct tls_host *host;

	cr_assert_eq(tls_host_new(s->w, &conf, &host, &err), 0, "%.*s", (int)err.len, text);
	free(cert);
	free(key);
	return host;
}

static inline void pair_add_host(struct pair_server *s, const struct pair_host *c)
{
	size_t n = s->hosts_len++;

	cr_assert(n < PAIR_HOSTS_MAX);
	if (c->name[0] != '\0')
		cr_assert_eq(hostname_pattern(pki_text(c->name), &s->hosts[n].pattern), 0);
	s->hosts[n].host = pair_make_host(s, c);
}

static inline int pair_on_session(SSL *ssl, SSL_SESSION *session)
{
	struct pair *p = SSL_get_app_data(ssl);

	SSL_SESSION_free(p->session);
	p->session = session;
	return 1;
}

static inline void pair_client_context(struct pair *p, const struct pair_client *c)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	p->ctx = ctx;
	SSL_CTX_set_security_level(ctx, 0);
	if (c->version) {
		SSL_CTX_set_min_proto_version(ctx, c->version);
		SSL_CTX_set_max_proto_version(ctx, c->version);
	}
	if (c->suite && c->version == TLS1_3_VERSION)
		cr_assert_eq(SSL_CTX_set_ciphersuites(ctx, c->suite), 1);
	else if (c->suite)
		cr_assert_eq(SSL_CTX_set_cipher_list(ctx, c->suite), 1);
	if (c->groups) {
		char groups[128];

		(void)snprintf(groups, sizeof(groups), "%s", c->groups);
		cr_assert_eq(SSL_CTX_set1_groups_list(ctx, groups), 1);
	}
	if (c->cert) {
		cr_assert_eq(SSL_CTX_use_certificate(ctx, c->cert->x), 1);
		cr_assert_eq(SSL_CTX_use_PrivateKey(ctx, c->cert->key), 1);
	}
	for (size_t n = 0; n < ARRAY_LEN(c->chain) && c->chain[n]; n++)
		cr_assert_eq(SSL_CTX_add1_chain_cert(ctx, c->chain[n]->x), 1);
	if (c->checks_server)
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	if (c->max_fragment)
		cr_assert_eq(SSL_CTX_set_tlsext_max_fragment_length(ctx, c->max_fragment), 1);
	if (c->padding)
		cr_assert_eq(SSL_CTX_set_block_padding(ctx, c->padding), 1);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, pair_on_session);
}

static inline void pair_client_new(struct pair *p, const struct pair_client *c)
{
	pair_client_context(p, c);
	p->client = SSL_new(p->ctx);
	SSL_set_app_data(p->client, p);
	SSL_set_connect_state(p->client);
	SSL_set_bio(p->client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	if (c->sni) {
		char sni[300];

		(void)snprintf(sni, sizeof(sni), "%s", c->sni);
		cr_assert_eq(SSL_set_tlsext_host_name(p->client, sni), 1);
	}
	if (c->session)
		cr_assert_eq(SSL_set_session(p->client, c->session), 1);
	if (c->fragment)
		cr_assert_eq(SSL_set_max_send_fragment(p->client, c->fragment), 1);
	if (c->alter)
		cr_assert_eq(c->alter(p->client), 1);
}

/* What the client has to send goes behind what is there. */
static inline void pair_collect(struct pair *p)
{
	int n = BIO_read(SSL_get_wbio(p->client), p->in + p->in_len, (int)(PAIR_BUF - p->in_len));

	if (n > 0)
		p->in_len += (size_t)n;
}

static inline void pair_consume(struct pair *p, size_t n)
{
	cr_assert(n <= p->in_len);
	memmove(p->in, p->in + n, p->in_len - n);
	p->in_len -= n;
}

static inline void pair_to_client(struct pair *p, struct sink *out)
{
	if (out->len > 0)
		cr_assert_eq(BIO_write(SSL_get_rbio(p->client), out->ptr, (int)out->len),
		             (int)out->len);
	cr_assert(p->wire_len + out->len <= PAIR_BUF);
	memcpy(p->wire + p->wire_len, out->ptr, out->len);
	p->wire_len += out->len;
}

/* Gives the server what there is, @trickle bytes more in each step. */
static inline void pair_serve(struct pair *p, size_t trickle)
{
	static uint8_t room[HANDSHAKE_OUT_MAX];
	size_t shown = 0;

	while (p->step == TLS_STEP_MORE && shown < p->in_len) {
		struct sink out = sink_of(room, sizeof(room));
		size_t consumed;

		shown = trickle && shown + trickle < p->in_len ? shown + trickle : p->in_len;
		p->step = tls_handshake_step(p->h, slice_of(p->in, shown), &consumed, &out);
		p->steps++;
		cr_assert(consumed <= shown);
		pair_consume(p, consumed);
		shown -= consumed;
		pair_to_client(p, &out);
	}
}

/* Runs a handshake to its end, whatever that is. */
static inline struct pair *pair_run(struct pair_server *s, const struct pair_client *c)
{
	struct pair *p = calloc(1, sizeof(*p));
	bool is_early_sent = c->early.len == 0;

	p->in = malloc(PAIR_BUF);
	p->wire = malloc(PAIR_BUF);
	pair_client_new(p, c);
	cr_assert_eq(tls_handshake_new(s->w, s, &p->h), 0);
	for (int round = 0; round < 20 && p->step == TLS_STEP_MORE; round++) {
		ERR_clear_error();
		if (SSL_do_handshake(p->client) == 1 && !is_early_sent) {
			is_early_sent = true;
			cr_assert_eq(SSL_write(p->client, c->early.ptr, (int)c->early.len),
			             (int)c->early.len);
		}
		pair_collect(p);
		pair_serve(p, c->trickle);
	}
	if (p->step != TLS_STEP_DONE)
		return p;
	(void)SSL_do_handshake(p->client);
	cr_assert_eq(tls_handshake_take(p->h, &p->r), 0);
	p->is_taken = true;
	tls_handshake_free(p->h);
	p->h = NULL;
	return p;
}

static inline void pair_free(struct pair *p)
{
	if (p->is_taken) {
		tls_host_unref(p->r.host);
		identity_unref(p->r.identity);
		record_cleanse(&p->r.record);
	}
	tls_handshake_free(p->h);
	/* Else OpenSSL takes the client's session for broken off. */
	if (p->step == TLS_STEP_DONE)
		SSL_set_shutdown(p->client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(p->client);
	SSL_CTX_free(p->ctx);
	SSL_SESSION_free(p->session);
	free(p->in);
	free(p->wire);
	free(p);
}

/* Opens the next record from the client. */
static inline int pair_open(struct pair_server *s, struct pair *p, uint8_t *plain,
                            struct record_opened *o)
{
	int rc;

	pair_collect(p);
	rc = record_open(s->aead, &p->r.record, slice_of(p->in, p->in_len), plain, o);
	if (rc == 1)
		pair_consume(p, o->wire_len);
	return rc;
}

/* Seals to the client, which must read it. */
static inline void pair_send(struct pair_server *s, struct pair *p, struct slice data)
{
	uint8_t *wire = malloc(PAIR_BUF);
	uint8_t *got = malloc(data.len + 1);
	struct sink out = sink_of(wire, PAIR_BUF);
	size_t at = 0;

	cr_assert_eq(record_seal(s->aead, &p->r.record, RECORD_APPLICATION_DATA, data, &out), 0);
	pair_to_client(p, &out);
	while (at < data.len) {
		int n = SSL_read(p->client, got + at, (int)(data.len - at));

		cr_assert(n > 0, "client: %s", ERR_reason_error_string(ERR_peek_error()));
		at += (size_t)n;
	}
	cr_assert(slice_eq(slice_of(got, at), data));
	free(got);
	free(wire);
}

/* The client sends; we must open the very bytes. */
static inline void pair_receive(struct pair_server *s, struct pair *p, struct slice data)
{
	uint8_t *plain = malloc(data.len + RECORD_WIRE_MAX);
	size_t at = 0;

	cr_assert_eq(SSL_write(p->client, data.ptr, (int)data.len), (int)data.len);
	while (at < data.len) {
		struct record_opened o;

		cr_assert_eq(pair_open(s, p, plain + at, &o), 1);
		cr_assert_eq(o.type, RECORD_APPLICATION_DATA);
		at += o.plain_len;
	}
	cr_assert(slice_eq(slice_of(plain, at), data));
	free(plain);
}

/* Data both ways: our keys and counters are OpenSSL's. */
static inline void pair_talk(struct pair_server *s, struct pair *p)
{
	static uint8_t large[40000];

	pair_receive(s, p, SLICE("GET / HTTP/1.1\r\n\r\n"));
	pair_send(s, p, SLICE("HTTP/1.1 200 OK\r\n\r\n"));
	pair_send(s, p, slice_of(large, sizeof(large)));
	pair_receive(s, p, slice_of(large, sizeof(large)));
	pair_send(s, p, SLICE("x"));
}

static inline enum tls_failure pair_failure(const struct pair *p, const char **out_text)
{
	cr_assert_eq(p->step, TLS_STEP_FAILED);
	return tls_handshake_failure(p->h, out_text);
}

/* The alert the client got; -1 none. */
static inline int pair_alert(struct pair *p)
{
	unsigned long e;
	char c;

	ERR_clear_error();
	(void)SSL_read(p->client, &c, 1);
	e = ERR_peek_error();
	if (ERR_GET_LIB(e) != ERR_LIB_SSL || ERR_GET_REASON(e) < SSL_AD_REASON_OFFSET)
		return -1;
	return ERR_GET_REASON(e) - SSL_AD_REASON_OFFSET;
}

static inline const char *pair_text(const struct pair *p)
{
	const char *text = "";

	if (p->h)
		(void)tls_handshake_failure(p->h, &text);
	return text;
}

static const int pair_versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

/* A PKI that most tests want, and a server with no host yet. */
struct pair_world {
	struct pki server_ca, client_ca, other_ca;
	struct pki server, client, stranger;
	char *client_ca_pem;
	char *other_ca_pem;
	struct pair_server s;
};

static inline void pair_world_init(struct pair_world *w, uint32_t sessions)
{
	w->server_ca = pki_make(&(struct pki_spec){ .cn = "Server CA", .is_ca = true });
	w->client_ca = pki_make(&(struct pki_spec){ .cn = "Client CA", .is_ca = true });
	w->other_ca = pki_make(&(struct pki_spec){ .cn = "Other CA", .is_ca = true });
	w->server = pki_make(&(struct pki_spec){ .cn = "server", .issuer = &w->server_ca });
	w->client = pki_make(&(struct pki_spec){ .cn = "client", .issuer = &w->client_ca });
	w->stranger = pki_make(&(struct pki_spec){ .cn = "stranger", .issuer = &w->other_ca });
	w->client_ca_pem = pki_cert_pem(NULL, &w->client_ca);
	w->other_ca_pem = pki_cert_pem(NULL, &w->other_ca);
	pair_server_init(&w->s, sessions);
}

static inline void pair_world_fini(struct pair_world *w)
{
	pair_server_fini(&w->s);
	pki_free(&w->server_ca);
	pki_free(&w->client_ca);
	pki_free(&w->other_ca);
	pki_free(&w->server);
	pki_free(&w->client);
	pki_free(&w->stranger);
	free(w->client_ca_pem);
	free(w->other_ca_pem);
}
