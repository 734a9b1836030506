/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdio.h>

#include "control/load_priv.h"
#include "control/load_tls.h"
#include "sys/stats.h"
#include "tls/handshake.h"
#include "tls/host.h"

enum { TRIAL_IDENTITIES = 1 };

/* No handshake is ever made with this worker. */
static struct tls_host *no_lookup(void *arg, const struct hostname *sni, void **out_user)
{
	(void)arg;
	(void)sni;
	(void)out_user;
	return NULL;
}

int load_tls(struct tls_worker **out)
{
	static struct worker_stats stats;
	const struct tls_worker_conf conf = {
		.lookup = no_lookup,
		.identities = TRIAL_IDENTITIES,
		.stats = &stats,
	};

	return tls_worker_new(&conf, out);
}

static struct slice str(const char *s)
{
	return slice_of(s ? s : "", s ? strlen(s) : 0);
}

/* Which key of the file a text of tls_host_new() is about. */
static const char *key_of(struct slice text)
{
	static const struct {
		struct slice start;
		const char *key;
	} rows[] = {
		{ SLICE("key:"), "key" },
		{ SLICE("client CAs:"), "client_auth.ca" },
		{ SLICE("CRLs:"), "client_auth.crl" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (text.len >= rows[i].start.len &&
		    slice_eq(slice_sub(text, 0, rows[i].start.len), rows[i].start))
			return rows[i].key;
	return "certificate";
}

/* Its "host NAME: " says what the path already says. */
static struct slice without_name(struct slice text, struct slice name)
{
	const struct slice host = SLICE("host ");
	size_t at = host.len + name.len + 2;

	if (text.len < at || !slice_eq(slice_sub(text, host.len, name.len), name))
		return text;
	return slice_sub(text, at, text.len - at);
}

int load_try(struct tls_worker *w, const struct snapshot_host *h, const struct options *options,
             struct sink *err)
{
	const struct tls_host_conf conf = {
		.name = str(h->names_len > 0 ? h->names[0] : ""),
		.certificate_pem = str(h->certificate_pem),
		.key_pem = str(h->key_pem),
		.ca_pem = str(h->ca_pem),
		.crl_pem = str(h->crl_pem),
		.crl_soft_fail = h->crl_soft_fail,
		.allow = &h->allow,
		.ocsp = h->ocsp,
		.ocsp_responder = str(h->ocsp_responder),
		.verify = h->verify,
		.verify_depth = h->verify_depth,
		.session_timeout_s = options->session_timeout_s,
	};
	struct tls_host *host = NULL;
	int r = tls_host_new(w, &conf, &host, err);

	tls_host_unref(host);
	return r;
}

void build_tls(struct build_host *h)
{
	struct slice name = str(h->out->names_len > 0 ? h->out->names[0] : "");
	char text[256];
	struct sink err = sink_of(text, sizeof(text));
	int r = load_try(h->b->loader->tls, h->out, &h->b->snapshot->options, &err);

	if (r == -ENOMEM) {
		h->b->status = r;
	} else if (r < 0) {
		struct slice why = without_name(sink_slice(&err), name);

		mistake_at(h->b->mistakes, h->b->positions, h->path, key_of(why), "%.*s",
		           (int)why.len, (const char *)why.ptr);
	}
}
