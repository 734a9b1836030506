/* SPDX-License-Identifier: GPL-2.0-only */
#include "store/snapshot.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

#include "proto/dialect.h"
#include "proto/template.h"
#include "store/snapshot_json.h"

/* Both ends are the same binary, but what is read here came through another process:
 * every type and length is looked at. */

/* Where we are, for the error text; the first refusal is kept. */
struct reader {
	char *err;
	size_t host;
	bool in_host;
	int status; /* 0, -EINVAL or -ENOMEM */
};

static void bad(struct reader *r, const char *key, const char *why)
{
	if (r->status < 0)
		return;
	r->status = -EINVAL;
	if (r->in_host)
		(void)snprintf(r->err, SNAPSHOT_ERROR_MAX, "hosts[%zu].%s: %s", r->host, key, why);
	else
		(void)snprintf(r->err, SNAPSHOT_ERROR_MAX, "%s: %s", key, why);
}

static void *allocated(struct reader *r, void *p)
{
	if (!p && r->status == 0)
		r->status = -ENOMEM;
	return p;
}

static char *read_text(struct reader *r, const json_t *from, const char *key, bool may_lack)
{
	const json_t *v = json_object_get(from, key);

	if (may_lack && (!v || json_is_null(v)))
		return NULL;
	if (!json_is_string(v)) {
		bad(r, key, "not a string");
		return NULL;
	}
	return allocated(r, strdup(json_string_value(v)));
}

static uint64_t read_number(struct reader *r, const json_t *from, const char *key, uint64_t max)
{
	const json_t *v = json_object_get(from, key);

	if (!json_is_integer(v) || json_integer_value(v) < 0 ||
	    (uint64_t)json_integer_value(v) > max) {
		bad(r, key, "not a number within its bounds");
		return 0;
	}
	return (uint64_t)json_integer_value(v);
}

static bool read_bool(struct reader *r, const json_t *from, const char *key)
{
	const json_t *v = json_object_get(from, key);

	if (!json_is_boolean(v))
		bad(r, key, "not true or false");
	return json_is_true(v);
}

static unsigned int read_word(struct reader *r, const json_t *from, const char *key,
                              const char *const *words, unsigned int len)
{
	const char *v = json_string_value(json_object_get(from, key));

	for (unsigned int i = 0; v && i < len; i++)
		if (strcmp(v, words[i]) == 0)
			return i;
	bad(r, key, "unknown word");
	return 0;
}

/* An array of 0..@max entries, or NULL. */
static const json_t *read_list(struct reader *r, const json_t *from, const char *key, size_t max)
{
	const json_t *v = json_object_get(from, key);

	if (json_is_array(v) && json_array_size(v) <= max)
		return v;
	bad(r, key, "not an array within its bounds");
	return NULL;
}

/* The same, with one entry at least. */
static const json_t *read_array(struct reader *r, const json_t *from, const char *key, size_t max)
{
	const json_t *v = read_list(r, from, key, max);

	if (!v || json_array_size(v) >= 1)
		return v;
	bad(r, key, "not an array within its bounds");
	return NULL;
}

static void read_inet(struct reader *r, const json_t *from, struct snapshot_origin *o)
{
	const char *ip = json_string_value(json_object_get(from, "ip4"));
	struct sockaddr_in in = { .sin_family = AF_INET };

	in.sin_port = htons((uint16_t)read_number(r, from, "port", UINT16_MAX));
	if (inet_pton(AF_INET, ip ? ip : "", &in.sin_addr) != 1)
		bad(r, "ip4", "not an address");
	memcpy(&o->addr, &in, sizeof(in));
	o->addr_len = sizeof(in);
}

static void read_inet6(struct reader *r, const json_t *from, struct snapshot_origin *o)
{
	const char *ip = json_string_value(json_object_get(from, "ip6"));
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	in6.sin6_port = htons((uint16_t)read_number(r, from, "port", UINT16_MAX));
	in6.sin6_scope_id = (uint32_t)read_number(r, from, "scope", UINT32_MAX);
	if (inet_pton(AF_INET6, ip ? ip : "", &in6.sin6_addr) != 1)
		bad(r, "ip6", "not an address");
	memcpy(&o->addr, &in6, sizeof(in6));
	o->addr_len = sizeof(in6);
}

static void read_unix(struct reader *r, const json_t *from, struct snapshot_origin *o)
{
	const char *path = json_string_value(json_object_get(from, "unix"));
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t len = path ? strlen(path) : 0;

	if (len < 1 || len >= sizeof(un.sun_path) || path[0] != '/') {
		bad(r, "unix", "not a socket's path");
		return;
	}
	memcpy(un.sun_path, path, len);
	memcpy(&o->addr, &un, sizeof(un));
	o->addr_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
}

static void read_origin(struct reader *r, const json_t *from, struct snapshot_origin *o)
{
	o->label = read_text(r, from, "label", false);
	if (json_object_get(from, "ip4"))
		read_inet(r, from, o);
	else if (json_object_get(from, "ip6"))
		read_inet6(r, from, o);
	else
		read_unix(r, from, o);
}

static void read_names(struct reader *r, const json_t *from, struct snapshot_host *h)
{
	const json_t *names = read_array(r, from, "names", SNAPSHOT_NAMES_MAX);
	size_t len = json_array_size(names);

	h->names = allocated(r, calloc(len ? len : 1, sizeof(*h->names)));
	for (size_t i = 0; i < len && r->status == 0; i++) {
		const char *name = json_string_value(json_array_get(names, i));

		if (!name) {
			bad(r, "names", "not a string");
			return;
		}
		h->names[i] = allocated(r, strdup(name));
		if (h->names[i])
			h->names_len = i + 1;
	}
}

static void read_dialects(struct reader *r, const json_t *from, struct snapshot_host *h)
{
	const json_t *words = read_list(r, from, "dialects", DIALECT_MAX);

	for (size_t i = 0; i < json_array_size(words); i++) {
		const char *word = json_string_value(json_array_get(words, i));
		enum dialect_id id = 0;

		while (word && id < DIALECT_MAX && strcmp(word, dialect_words[id]) != 0)
			id++;
		if (!word || id == DIALECT_MAX) {
			bad(r, "dialects", "unknown word");
			return;
		}
		h->dialects |= 1U << id;
	}
}

static void read_templates(struct reader *r, const json_t *from, struct snapshot_host *h)
{
	const json_t *all = read_list(r, from, "templates", TEMPLATES_MAX);
	size_t len = json_array_size(all);

	if (len == 0)
		return;
	h->templates = allocated(r, calloc(len, sizeof(*h->templates)));
	for (size_t i = 0; i < len && r->status == 0; i++) {
		const json_t *one = json_array_get(all, i);

		h->templates_len = i + 1;
		h->templates[i].header = read_text(r, one, "header", false);
		h->templates[i].value = read_text(r, one, "value", false);
	}
}

static void read_allow(struct reader *r, const json_t *from, struct snapshot_host *h)
{
	int e = allow_from_json(json_object_get(from, "allow"), &h->allow);

	if (e == -ENOMEM)
		(void)allocated(r, NULL);
	else if (e < 0)
		bad(r, "allow", "not three lists of texts");
}

static void read_host(struct reader *r, const json_t *from, struct snapshot_host *h)
{
	const json_t *origins = read_array(r, from, "origins", SNAPSHOT_ORIGINS_MAX);
	size_t origins_len = json_array_size(origins);

	read_names(r, from, h);
	h->is_default = read_bool(r, from, "default");
	h->certificate_pem = read_text(r, from, "certificate", false);
	h->key_pem = read_text(r, from, "key", false);
	h->ca_pem = read_text(r, from, "ca", true);
	h->crl_pem = read_text(r, from, "crl", true);
	h->crl_soft_fail = read_bool(r, from, "crl_soft_fail");
	read_allow(r, from, h);
	h->verify = read_word(r, from, "verify", verify_words, VERIFY_MODE_MAX);
	h->verify_depth = (uint32_t)read_number(r, from, "depth", VERIFY_DEPTH_MAX);
	h->inject = read_word(r, from, "inject", inject_words, INJECT_MODE_MAX);
	h->rfc9440 = read_word(r, from, "rfc9440", rfc9440_words, RFC9440_MODE_MAX);
	h->xfcc = read_word(r, from, "xfcc", xfcc_words, XFCC_MODE_MAX);
	h->on_revoked = read_word(r, from, "on_revoked", revoked_words, REVOKED_MODE_MAX);
	h->on_expired = read_word(r, from, "on_expired", expired_words, EXPIRED_MODE_MAX);
	h->ocsp = read_word(r, from, "ocsp", ocsp_words, OCSP_MODE_MAX);
	h->ocsp_responder = read_text(r, from, "ocsp_responder", true);
	h->der_header = read_text(r, from, "der_header", true);
	h->sha256_header = read_text(r, from, "sha256_header", true);
	h->verdict_header = read_text(r, from, "verdict_header", true);
	h->proxy = read_word(r, from, "proxy", proxy_words, PROXY_MODE_MAX);
	if (proxy_tlvs_from_json(json_object_get(from, "proxy_tlvs"), &h->proxy_tlvs) < 0)
		bad(r, "proxy_tlvs", "not a list of known words");
	h->is_forwarding_fixed = read_bool(r, from, "is_forwarding_fixed");
	h->is_derived = read_bool(r, from, "is_derived");
	read_dialects(r, from, h);
	read_templates(r, from, h);
	h->origins = allocated(r, calloc(origins_len ? origins_len : 1, sizeof(*h->origins)));
	for (size_t i = 0; i < origins_len && r->status == 0; i++) {
		h->origins_len = i + 1;
		read_origin(r, json_array_get(origins, i), &h->origins[i]);
	}
}

int host_from_json(const json_t *from, struct snapshot_host *out)
{
	char err[SNAPSHOT_ERROR_MAX];
	struct reader r = { .err = err };

	read_host(&r, from, out);
	return r.status;
}

static void read_zones(struct reader *r, const json_t *doc, struct snapshot *s)
{
	int e = zones_from_json(json_object_get(doc, "zones"), s);

	if (e == -ENOMEM)
		(void)allocated(r, NULL);
	else if (e < 0)
		bad(r, "zones", "not a list of zones");
}

static void read_option(struct reader *r, const json_t *all, const struct option_info *info,
                        struct options *o)
{
	char name[64];
	uint64_t v;

	(void)snprintf(name, sizeof(name), "%.*s", (int)info->name.len,
	               (const char *)info->name.ptr);
	if (options_words(info->name)) {
		const char *word = json_string_value(json_object_get(all, name));

		if (!word || options_set(o, info->name, slice_of(word, strlen(word))) < 0)
			bad(r, name, "unknown word");
		return;
	}
	v = read_number(r, all, name, UINT32_MAX);
	if (r->status == 0 && options_set_u64(o, info->name, v) < 0)
		bad(r, name, "out of bounds");
}

static void read_options(struct reader *r, const json_t *from, struct options *o)
{
	const json_t *all = json_object_get(from, "options");
	const struct option_info *info;

	options_default(o);
	for (size_t i = 0; (info = options_info(i)) && r->status == 0; i++)
		read_option(r, all, info, o);
}

static void read_proxy_sources(struct reader *r, const json_t *doc, struct snapshot *s)
{
	int e = proxy_sources_from_json(json_object_get(doc, "proxy_sources"), &s->proxy_sources,
	                                &s->proxy_sources_len);

	if (e == -ENOMEM)
		(void)allocated(r, NULL);
	else if (e < 0)
		bad(r, "proxy_sources", "not a list of ranges within its bounds");
}

static void read_snapshot(struct reader *r, const json_t *doc, struct snapshot *s)
{
	const json_t *hosts = read_array(r, doc, "hosts", SNAPSHOT_HOSTS_MAX);
	size_t len = json_array_size(hosts);

	s->version = read_number(r, doc, "version", INT64_MAX);
	s->access_log = read_bool(r, doc, "access_log");
	s->store = read_text(r, doc, "store", true);
	read_options(r, doc, &s->options);
	if (ticket_keys_from_json(json_object_get(doc, "ticket_keys"), &s->ticket_keys) < 0)
		bad(r, "ticket_keys", "not a list of keys");
	read_proxy_sources(r, doc, s);
	read_zones(r, doc, s);
	s->hosts = allocated(r, calloc(len ? len : 1, sizeof(*s->hosts)));
	r->in_host = true;
	for (size_t i = 0; i < len && r->status == 0; i++) {
		r->host = i;
		s->hosts_len = i + 1;
		read_host(r, json_array_get(hosts, i), &s->hosts[i]);
	}
}

int snapshot_decode(struct slice json, struct snapshot **out, char *err)
{
	struct reader r = { .err = err };
	struct snapshot *s = calloc(1, sizeof(*s));
	json_t *doc;

	if (!s)
		return -ENOMEM;
	cleansing_json();
	err[0] = '\0';
	doc = json_loadb((const char *)json.ptr, json.len, JSON_REJECT_DUPLICATES, NULL);
	if (doc)
		read_snapshot(&r, doc, s);
	else
		bad(&r, "document", "not JSON"); /* its text would quote a key */
	json_decref(doc);
	if (r.status == 0)
		r.status = snapshot_validate(s, err);
	if (r.status < 0) {
		snapshot_free(s);
		return r.status;
	}
	*out = s;
	return 0;
}
