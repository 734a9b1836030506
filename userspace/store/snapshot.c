/* SPDX-License-Identifier: GPL-2.0-only */
#include "store/snapshot.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

#include "base/text.h"
#include "proto/dialect.h"
#include "proto/hostname.h"
#include "proto/template.h"
#include "store/snapshot_json.h"

static struct slice slice_of_str(const char *s)
{
	return slice_of(s, strlen(s));
}

__attribute__((format(printf, 2, 3))) static int refuse(char *err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(err, SNAPSHOT_ERROR_MAX, format, args);
	va_end(args);
	return -EINVAL;
}

/* Names that frame a message, or are meant for one hop: nothing of ours may pass for them. */
static const struct slice not_ours[] = {
	SLICE("Host"),
	SLICE("Content-Length"),
	SLICE("Transfer-Encoding"),
	SLICE("Connection"),
	SLICE("Keep-Alive"),
	SLICE("Proxy-Connection"),
	SLICE("Proxy-Authenticate"),
	SLICE("Proxy-Authorization"),
	SLICE("TE"),
	SLICE("Trailer"),
	SLICE("Upgrade"),
	SLICE("Expect"),
	SLICE("Content-Type"),
	SLICE("Content-Encoding"),
	SLICE("Authorization"),
	SLICE("Cookie"),
};

/* tchar of RFC 9110 section 5.6.2. */
static bool is_token_byte(uint8_t c)
{
	if ((c >= '0' && c <= '9') || (text_lower(c) >= 'a' && text_lower(c) <= 'z'))
		return true;
	return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

const char *snapshot_header_name(struct slice name)
{
	if (name.len == 0 || name.len > SNAPSHOT_HEADER_NAME_MAX)
		return "a header name has 1 to 128 bytes";
	for (size_t i = 0; i < name.len; i++)
		if (!is_token_byte(name.ptr[i]))
			return "not a header name (RFC 9110 section 5.6.2)";
	for (size_t i = 0; i < ARRAY_LEN(not_ours); i++)
		if (text_eq_nocase(name, not_ours[i]))
			return "this header has a meaning of its own";
	return NULL;
}

static int check_headers(const struct snapshot_host *h, size_t at, char *err)
{
	const struct {
		const char *key;
		const char *name;
	} rows[] = { { "der_header", h->der_header },
		     { "sha256_header", h->sha256_header },
		     { "verdict_header", h->verdict_header } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *why;

		if (!rows[i].name)
			continue;
		why = snapshot_header_name(slice_of_str(rows[i].name));
		if (why)
			return refuse(err, "hosts[%zu].%s: %s", at, rows[i].key, why);
		for (size_t j = 0; j < i; j++)
			if (rows[j].name &&
			    text_eq_nocase(slice_of_str(rows[i].name), slice_of_str(rows[j].name)))
				return refuse(err, "hosts[%zu].%s: the same name as %s", at,
				              rows[i].key, rows[j].key);
	}
	return 0;
}

static int check_templates(const struct snapshot_host *h, size_t at, char *err)
{
	if (h->dialects >> DIALECT_MAX != 0)
		return refuse(err, "hosts[%zu].dialects: unknown", at);
	if (h->templates_len > TEMPLATES_MAX)
		return refuse(err, "hosts[%zu].templates: up to %d", at, TEMPLATES_MAX);
	for (size_t i = 0; i < h->templates_len; i++) {
		const struct snapshot_template *t = &h->templates[i];
		struct slice part;
		const char *why;

		if (!t->header || !t->value)
			return refuse(err, "hosts[%zu].templates[%zu]: incomplete", at, i);
		why = snapshot_header_name(slice_of_str(t->header));
		if (!why)
			why = template_check(slice_of_str(t->value), &part);
		if (why)
			return refuse(err, "hosts[%zu].templates[%zu]: %s", at, i, why);
	}
	return 0;
}

static bool is_address(const struct snapshot_origin *o)
{
	switch (o->addr.ss_family) {
	case AF_INET:
		return o->addr_len == sizeof(struct sockaddr_in);
	case AF_INET6:
		return o->addr_len == sizeof(struct sockaddr_in6);
	case AF_UNIX:
		return o->addr_len > offsetof(struct sockaddr_un, sun_path) &&
		       o->addr_len <= sizeof(struct sockaddr_un);
	default:
		return false;
	}
}

static int check_origins(const struct snapshot_host *h, size_t at, char *err)
{
	if (h->origins_len < 1 || h->origins_len > SNAPSHOT_ORIGINS_MAX)
		return refuse(err, "hosts[%zu].origins: 1 to %d addresses", at,
		              SNAPSHOT_ORIGINS_MAX);
	for (size_t i = 0; i < h->origins_len; i++)
		if (!h->origins[i].label || !is_address(&h->origins[i]))
			return refuse(err, "hosts[%zu].origins[%zu]: no address", at, i);
	return 0;
}

/* Written as it is compared? */
static bool is_name(const char *name)
{
	struct hostname normal;

	return name && hostname_pattern(slice_of_str(name), &normal) == 0 &&
	       slice_eq(hostname_slice(&normal), slice_of_str(name));
}

static int check_host(const struct snapshot_host *h, size_t at, char *err)
{
	const char *why;
	int r;

	if (h->names_len < 1 || h->names_len > SNAPSHOT_NAMES_MAX)
		return refuse(err, "hosts[%zu].names: 1 to %d names", at, SNAPSHOT_NAMES_MAX);
	for (size_t i = 0; i < h->names_len; i++)
		if (!is_name(h->names[i]))
			return refuse(err, "hosts[%zu].names[%zu]: not a normalised name", at, i);
	if (!h->certificate_pem || !h->key_pem)
		return refuse(err, "hosts[%zu]: certificate or key missing", at);
	if (h->verify >= VERIFY_MODE_MAX || h->inject >= INJECT_MODE_MAX ||
	    h->rfc9440 >= RFC9440_MODE_MAX || h->xfcc >= XFCC_MODE_MAX ||
	    h->on_revoked >= REVOKED_MODE_MAX || h->on_expired >= EXPIRED_MODE_MAX ||
	    h->ocsp >= OCSP_MODE_MAX || h->proxy >= PROXY_MODE_MAX)
		return refuse(err, "hosts[%zu]: unknown mode", at);
	if (!h->ca_pem && h->verify != VERIFY_NONE)
		return refuse(err, "hosts[%zu].ca: missing", at);
	if (h->verify == VERIFY_NONE && (h->crl_pem || !allow_list_is_empty(&h->allow)))
		return refuse(err, "hosts[%zu]: crl or allow where nobody is verified", at);
	if (h->ocsp != OCSP_MODE_OFF && h->verify != VERIFY_OPTIONAL && h->verify != VERIFY_REQUIRE)
		return refuse(err, "hosts[%zu]: ocsp where not everybody is verified", at);
	if (h->ocsp_responder && strlen(h->ocsp_responder) > OCSP_URL_MAX)
		return refuse(err, "hosts[%zu].ocsp_responder: too long", at);
	why = allow_list_check(&h->allow);
	if (why)
		return refuse(err, "hosts[%zu].allow: %s", at, why);
	if (h->verify_depth > VERIFY_DEPTH_MAX)
		return refuse(err, "hosts[%zu].depth: 0 to %d", at, VERIFY_DEPTH_MAX);
	why = proxy_tlvs_check(h->proxy, h->proxy_tlvs);
	if (why)
		return refuse(err, "hosts[%zu].proxy_tlvs: %s", at, why);
	r = check_headers(h, at, err);
	if (r == 0)
		r = check_templates(h, at, err);
	return r < 0 ? r : check_origins(h, at, err);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* No name in two places: the second would never be served. */
static int check_names_differ(const struct snapshot_host *hosts, size_t len, char *err)
{
	const char **all;
	size_t total = 0;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < len; i++)
		total += hosts[i].names_len;
	all = calloc(total ? total : 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++)
		for (size_t j = 0; j < hosts[i].names_len; j++)
			all[n++] = hosts[i].names[j];
	qsort(all, n, sizeof(*all), by_text);
	for (size_t i = 1; i < n && r == 0; i++)
		if (strcmp(all[i - 1], all[i]) == 0)
			r = refuse(err, "hosts: name %s twice", all[i]);
	free(all);
	return r;
}

/* The derived ones are behind the others, and none is the default. */
static int check_derived(const struct snapshot *s, char *err)
{
	size_t configured = snapshot_configured(s);
	int r;

	if (configured == 0)
		return refuse(err, "hosts: none of the file");
	for (size_t i = configured; i < s->hosts_len; i++)
		if (!s->hosts[i].is_derived || s->hosts[i].is_default)
			return refuse(err, "hosts[%zu]: not derived, or the default", i);
	r = check_names_differ(s->hosts, configured, err);
	if (r < 0)
		return r;
	return check_names_differ(s->hosts + configured, s->hosts_len - configured, err);
}

static int check_options(const struct options *o, char *err)
{
	const struct option_info *info;

	for (size_t i = 0; (info = options_info(i)); i++)
		if (options_get(o, i) < info->min || options_get(o, i) > info->max)
			return refuse(err, "options.%.*s: out of bounds", (int)info->name.len,
			              (const char *)info->name.ptr);
	return 0;
}

int snapshot_validate(const struct snapshot *s, char *err)
{
	size_t defaults = 0;
	const char *why;
	int r;

	if (s->version == 0)
		return refuse(err, "version: 0");
	r = check_options(&s->options, err);
	if (r < 0)
		return r;
	if (s->options.session_tickets == OPTION_TICKETS_STATELESS && s->ticket_keys.len == 0)
		return refuse(err, "ticket_keys: none");
	if (s->proxy_sources_len > SNAPSHOT_PROXY_SOURCES_MAX)
		return refuse(err, "proxy_sources: up to %d", SNAPSHOT_PROXY_SOURCES_MAX);
	if (s->hosts_len < 1 || s->hosts_len > SNAPSHOT_HOSTS_MAX)
		return refuse(err, "hosts: 1 to %d", SNAPSHOT_HOSTS_MAX);
	for (size_t i = 0; i < s->hosts_len; i++) {
		r = check_host(&s->hosts[i], i, err);
		if (r < 0)
			return r;
		defaults += s->hosts[i].is_default;
	}
	if (defaults > 1)
		return refuse(err, "hosts: more than one default");
	why = zones_check(s);
	if (why)
		return refuse(err, "zones: %s", why);
	return check_derived(s, err);
}

void str_cleanse_free(char *s)
{
	if (s)
		explicit_bzero(s, strlen(s));
	free(s);
}

void host_fini(struct snapshot_host *h)
{
	for (size_t i = 0; i < h->names_len; i++)
		free(h->names[i]);
	free(h->names);
	for (size_t i = 0; i < h->origins_len; i++)
		free(h->origins[i].label);
	free(h->origins);
	free(h->certificate_pem);
	str_cleanse_free(h->key_pem);
	free(h->ca_pem);
	free(h->crl_pem);
	allow_list_fini(&h->allow);
	free(h->der_header);
	free(h->sha256_header);
	free(h->ocsp_responder);
	free(h->verdict_header);
	for (size_t i = 0; i < h->templates_len; i++) {
		free(h->templates[i].header);
		free(h->templates[i].value);
	}
	free(h->templates);
}

void snapshot_free(struct snapshot *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->hosts_len; i++)
		host_fini(&s->hosts[i]);
	free(s->hosts);
	for (size_t i = 0; i < s->zones_len; i++)
		free(s->zones[i].name);
	free(s->zones);
	free(s->store);
	free(s->proxy_sources);
	explicit_bzero(&s->ticket_keys, sizeof(s->ticket_keys));
	free(s);
}
