/* SPDX-License-Identifier: GPL-2.0-only */
#include "store/snapshot.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

#include "proto/dialect.h"
#include "store/snapshot_json.h"

static void cleansing_free(void *p)
{
	if (p)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

void cleansing_json(void)
{
	json_set_alloc_funcs(malloc, cleansing_free);
}

/* NULL from any step is out of memory, and jansson passes NULL through. */
static json_t *address_json(const struct snapshot_origin *o)
{
	char ip[INET6_ADDRSTRLEN];

	if (o->addr.ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)&o->addr;

		must(inet_ntop(AF_INET, &in->sin_addr, ip, sizeof(ip)));
		return json_pack("{s:s, s:s, s:i}", "label", o->label, "ip4", ip, "port",
		                 (int)ntohs(in->sin_port));
	}
	if (o->addr.ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&o->addr;

		must(inet_ntop(AF_INET6, &in6->sin6_addr, ip, sizeof(ip)));
		return json_pack("{s:s, s:s, s:i, s:I}", "label", o->label, "ip6", ip, "port",
		                 (int)ntohs(in6->sin6_port), "scope",
		                 (json_int_t)in6->sin6_scope_id);
	}
	return json_pack("{s:s, s:s}", "label", o->label, "unix",
	                 ((const struct sockaddr_un *)&o->addr)->sun_path);
}

static json_t *dialects_json(uint32_t dialects)
{
	json_t *all = json_array();

	for (enum dialect_id id = 0; id < DIALECT_MAX; id++)
		if (dialects & 1U << id &&
		    json_array_append_new(all, json_string(dialect_words[id])) < 0) {
			json_decref(all);
			return NULL;
		}
	return all;
}

static json_t *templates_json(const struct snapshot_host *h)
{
	json_t *all = json_array();

	for (size_t i = 0; i < h->templates_len; i++)
		if (json_array_append_new(all,
		                          json_pack("{s:s, s:s}", "header", h->templates[i].header,
		                                    "value", h->templates[i].value)) < 0) {
			json_decref(all);
			return NULL;
		}
	return all;
}

json_t *host_to_json(const struct snapshot_host *h)
{
	json_t *names = json_array();
	json_t *origins = json_array();

	for (size_t i = 0; i < h->names_len; i++)
		if (json_array_append_new(names, json_string(h->names[i])) < 0)
			goto nomem;
	for (size_t i = 0; i < h->origins_len; i++)
		if (json_array_append_new(origins, address_json(&h->origins[i])) < 0)
			goto nomem;
	return json_pack("{s:o, s:o, s:b, s:s, s:s, s:s?, s:s, s:i, s:s, s:s, s:s?, s:s?, s:s?, "
	                 "s:o, s:o, s:s, s:s?, s:b, s:o, s:s, s:s, s:s, s:o, s:b, s:b, s:s, s:s?}",
	                 "names", names, "origins", origins, "default", h->is_default,
	                 "certificate", h->certificate_pem, "key", h->key_pem, "ca", h->ca_pem,
	                 "verify", verify_words[h->verify], "depth", (int)h->verify_depth, "inject",
	                 inject_words[h->inject], "rfc9440", rfc9440_words[h->rfc9440],
	                 "der_header", h->der_header, "sha256_header", h->sha256_header,
	                 "verdict_header", h->verdict_header, "dialects",
	                 dialects_json(h->dialects), "templates", templates_json(h), "xfcc",
	                 xfcc_words[h->xfcc], "crl", h->crl_pem, "crl_soft_fail", h->crl_soft_fail,
	                 "allow", allow_to_json(&h->allow), "on_revoked",
	                 revoked_words[h->on_revoked], "on_expired", expired_words[h->on_expired],
	                 "proxy", proxy_words[h->proxy], "proxy_tlvs",
	                 proxy_tlvs_to_json(h->proxy_tlvs), "is_forwarding_fixed",
	                 h->is_forwarding_fixed, "is_derived", h->is_derived, "ocsp",
	                 ocsp_words[h->ocsp], "ocsp_responder", h->ocsp_responder);
nomem:
	json_decref(names);
	json_decref(origins);
	return NULL;
}

static json_t *option_json(const struct option_info *info, uint32_t value)
{
	const struct option_word *words = options_words(info->name);

	must(value <= info->max);
	return words ? json_string(words[value].word) : json_integer(value);
}

static json_t *options_json(const struct options *o)
{
	const struct option_info *info;
	json_t *all = json_object();

	for (size_t i = 0; (info = options_info(i)); i++) {
		char name[64];

		(void)snprintf(name, sizeof(name), "%.*s", (int)info->name.len,
		               (const char *)info->name.ptr);
		if (json_object_set_new(all, name, option_json(info, options_get(o, i))) < 0) {
			json_decref(all);
			return NULL;
		}
	}
	return all;
}

static json_t *snapshot_to_json(const struct snapshot *s)
{
	json_t *hosts = json_array();

	for (size_t i = 0; i < s->hosts_len; i++)
		if (json_array_append_new(hosts, host_to_json(&s->hosts[i])) < 0) {
			json_decref(hosts);
			return NULL;
		}
	/* json_pack() owns what "o" was given, also when it fails. */
	return json_pack("{s:I, s:b, s:s?, s:o, s:o, s:o, s:o, s:o}", "version",
	                 (json_int_t)s->version, "access_log", s->access_log, "store", s->store,
	                 "options", options_json(&s->options), "ticket_keys",
	                 ticket_keys_to_json(&s->ticket_keys), "proxy_sources",
	                 proxy_sources_to_json(s->proxy_sources, s->proxy_sources_len), "hosts",
	                 hosts, "zones", zones_to_json(s));
}

int snapshot_encode(const struct snapshot *s, char **out_json, size_t *out_len)
{
	json_t *doc;
	char *text;

	cleansing_json();
	doc = snapshot_to_json(s);
	text = doc ? json_dumps(doc, JSON_COMPACT) : NULL;
	json_decref(doc);
	if (!text)
		return -ENOMEM;
	*out_json = text;
	*out_len = strlen(text);
	return 0;
}
