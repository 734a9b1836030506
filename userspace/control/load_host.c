/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/load_priv.h"
#include "proto/hostname.h"
#include "tls/ocsp.h"

static struct slice str(const char *s)
{
	return slice_of(s, strlen(s));
}

static void build_names(struct build_host *h)
{
	unsigned int len = h->conf->names_count;

	h->out->names = calloc(len ? len : 1, sizeof(*h->out->names));
	if (!h->out->names) {
		h->b->status = -ENOMEM;
		return;
	}
	for (unsigned int i = 0; i < len; i++) {
		struct hostname name;
		char key[32];

		(void)snprintf(key, sizeof(key), "names[%u]", i);
		if (hostname_pattern(str(h->conf->names[i]), &name) < 0) {
			mistake_at(h->b->mistakes, h->b->positions, h->path, key,
			           "\"%s\" is not a hostname or *.hostname", h->conf->names[i]);
			continue;
		}
		h->out->names[h->out->names_len] = build_copy(h->b, hostname_slice(&name));
		if (h->out->names[h->out->names_len])
			h->out->names_len++;
	}
}

/* With verify: request the verdict is part of the identity, whose headers are made once. */
static void build_ocsp(struct build_host *h)
{
	struct build *b = h->b;
	struct snapshot_host *out = h->out;
	const char *url = h->conf->client_auth ? h->conf->client_auth->ocsp_responder : NULL;

	out->ocsp = conf_ocsp(h->conf, h->path, b->positions, b->mistakes);
	if (out->ocsp != OCSP_MODE_OFF && out->verify != VERIFY_OPTIONAL &&
	    out->verify != VERIFY_REQUIRE)
		mistake_at(b->mistakes, b->positions, h->path, "client_auth.ocsp",
		           "goes with verify: require or optional only");
	if (!url)
		return;
	if (out->ocsp == OCSP_MODE_OFF)
		mistake_at(b->mistakes, b->positions, h->path, "client_auth.ocsp_responder",
		           "means nothing without ocsp");
	else if (!ocsp_is_url(str(url)))
		mistake_at(b->mistakes, b->positions, h->path, "client_auth.ocsp_responder",
		           "\"%s\" is no http:// URL of at most %d bytes", url, OCSP_URL_MAX);
	else
		out->ocsp_responder = build_copy(b, str(url));
}

void build_host(struct build_host *h)
{
	struct build *b = h->b;
	struct snapshot_host *out = h->out;

	build_names(h);
	out->is_default = h->conf->is_default;
	out->verify = conf_verify(h->conf, h->path, b->positions, b->mistakes);
	out->verify_depth = conf_depth(h->conf, h->path, b->positions, b->mistakes);
	out->inject = conf_inject(h->conf, h->path, b->positions, b->mistakes);
	out->rfc9440 = conf_rfc9440(h->conf, h->path, b->positions, b->mistakes);
	out->on_revoked = conf_on_revoked(h->conf, h->path, b->positions, b->mistakes);
	out->on_expired = conf_on_expired(h->conf, h->path, b->positions, b->mistakes);
	if (out->verify == VERIFY_REQUEST && out->on_revoked == ON_REVOKED_FORBID)
		mistake_at(b->mistakes, b->positions, h->path, "client_auth.on_revoked",
		           "\"forbid\" does not go with verify: request, which lets everybody in");
	build_ocsp(h);
	build_headers(h);
	build_allow(h);
	build_files(h);
	if (out->certificate_pem && out->key_pem && (out->ca_pem || out->verify == VERIFY_NONE))
		build_tls(h);
	build_origins(h);
	out->proxy = conf_proxy(h->conf, h->path, b->positions, b->mistakes);
	out->proxy_tlvs = conf_proxy_tlvs(h->conf, out->proxy, h->path, b->positions, b->mistakes);
}
