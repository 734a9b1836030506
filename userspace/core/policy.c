/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/policy.h"

#include <errno.h>
#include <stdlib.h>

#include "core/policy_headers.h"
#include "core/worker.h"

static struct slice text(const char *s)
{
	return slice_of(s, s == NULL ? 0 : strlen(s));
}

static bool same_text(const char *a, const char *b)
{
	return slice_eq(text(a), text(b));
}

static bool same_tls(const struct snapshot_host *a, const struct snapshot_host *b)
{
	return same_text(a->names[0], b->names[0]) && a->verify == b->verify &&
	       a->verify_depth == b->verify_depth && same_text(a->ca_pem, b->ca_pem) &&
	       same_text(a->crl_pem, b->crl_pem) && a->crl_soft_fail == b->crl_soft_fail &&
	       allow_list_eq(&a->allow, &b->allow) && a->ocsp == b->ocsp &&
	       same_text(a->ocsp_responder, b->ocsp_responder) &&
	       same_text(a->certificate_pem, b->certificate_pem) &&
	       same_text(a->key_pem, b->key_pem);
}

static struct host *find_exact(const struct policy *p, struct slice name);

/* A reference on what the policy in force has for a host that has not changed, or NULL. Most
 * often it is where it was; one whose name is a derived host's too is found nowhere else. */
static struct tls_host *reuse(const struct policy *now, const struct policy *p,
                              const struct host *h)
{
	size_t at = (size_t)(h - p->hosts);
	const struct host *old;

	if (now == NULL ||
	    now->snapshot->options.session_timeout_s != p->snapshot->options.session_timeout_s)
		return NULL;
	old = at < now->snapshot->hosts_len ? &now->hosts[at] : NULL;
	if (old == NULL || !same_tls(old->conf, h->conf))
		old = find_exact(now, text(h->conf->names[0]));
	if (old == NULL || !same_tls(old->conf, h->conf))
		return NULL;
	return tls_host_ref(old->tls);
}

static int build_host(struct worker *w, const struct policy *p, struct host *h, struct sink *err)
{
	const struct snapshot_host *conf = h->conf;
	struct tls_host_conf tls = {
		.name = text(conf->names[0]),
		.certificate_pem = text(conf->certificate_pem),
		.key_pem = text(conf->key_pem),
		.ca_pem = text(conf->ca_pem),
		.crl_pem = text(conf->crl_pem),
		.crl_soft_fail = conf->crl_soft_fail,
		.allow = &conf->allow,
		.ocsp = conf->ocsp,
		.ocsp_responder = text(conf->ocsp_responder),
		.verify = conf->verify,
		.verify_depth = conf->verify_depth,
		.session_timeout_s = p->snapshot->options.session_timeout_s,
	};
	int e = headers_choose(h, &p->snapshot->options);

	if (e < 0)
		return e;
	h->origins = calloc(conf->origins_len, sizeof(struct origin *));
	if (h->origins == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < conf->origins_len; i++) {
		h->origins[i] = origin_get(w, &conf->origins[i]);
		if (h->origins[i] == NULL)
			return -ENOMEM;
	}
	h->tls = reuse(w->policy, p, h);
	return h->tls != NULL ? 0 : tls_host_new(w->tls, &tls, &h->tls, err);
}

static int by_slice(struct slice x, struct slice y)
{
	size_t n = x.len < y.len ? x.len : y.len;
	int order = memcmp(x.ptr, y.ptr, n);

	if (order != 0)
		return order;
	return (x.len > y.len) - (x.len < y.len);
}

static int by_name(const void *a, const void *b)
{
	return by_slice(((const struct policy_name *)a)->name,
	                ((const struct policy_name *)b)->name);
}

/* A derived host goes before the one it was made of. */
static int by_name_and_kind(const void *a, const void *b)
{
	const struct policy_name *x = a;
	const struct policy_name *y = b;
	int order = by_slice(x->name, y->name);

	return order != 0 ? order : y->host->conf->is_derived - x->host->conf->is_derived;
}

/* Of each name the first stays. */
static void drop_covered(struct policy *p)
{
	size_t kept = 1;

	for (size_t i = 1; i < p->names_len; i++)
		if (by_name(&p->names[i], &p->names[kept - 1]) != 0)
			p->names[kept++] = p->names[i];
	p->names_len = kept;
}

static int index_names(struct policy *p)
{
	size_t count = 0;

	for (size_t i = 0; i < p->snapshot->hosts_len; i++)
		count += p->hosts[i].conf->names_len;
	must(count > 0); /* each host has a name: snapshot_validate() */
	p->names = calloc(count, sizeof(*p->names));
	if (p->names == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < p->snapshot->hosts_len; i++) {
		struct host *h = &p->hosts[i];

		for (size_t n = 0; n < h->conf->names_len; n++) {
			p->names[p->names_len].name = text(h->conf->names[n]);
			p->names[p->names_len++].host = h;
		}
		if (h->conf->is_default)
			p->host_default = h;
	}
	qsort(p->names, p->names_len, sizeof(*p->names), by_name_and_kind);
	drop_covered(p);
	return 0;
}

static void policy_free(struct worker *w, struct policy *p)
{
	for (size_t i = 0; p->hosts != NULL && i < p->snapshot->hosts_len; i++) {
		struct host *h = &p->hosts[i];

		tls_host_unref(h->tls);
		for (size_t n = 0; h->origins != NULL && n < h->conf->origins_len; n++)
			if (h->origins[n] != NULL)
				origin_put(w, h->origins[n]);
		free(h->origins);
		headers_forget(h);
	}
	free(p->names);
	free(p->hosts);
	snapshot_free(p->snapshot);
	free(p);
}

int policy_begin(struct snapshot *snapshot, struct policy **out)
{
	struct policy *p = calloc(1, sizeof(*p));
	struct host *hosts = calloc(snapshot->hosts_len, sizeof(*hosts));

	if (p == NULL || hosts == NULL) {
		free(p);
		free(hosts);
		snapshot_free(snapshot);
		return -ENOMEM;
	}
	p->refs = 1;
	p->snapshot = snapshot;
	p->hosts = hosts;
	for (size_t i = 0; i < snapshot->hosts_len; i++)
		p->hosts[i].conf = &snapshot->hosts[i];
	*out = p;
	return 0;
}

int policy_step(struct worker *w, struct policy *p, struct sink *err)
{
	int e;

	must(p->built < p->snapshot->hosts_len); /* never none: snapshot_validate() */
	e = build_host(w, p, &p->hosts[p->built], err);
	if (e < 0)
		return e;
	if (++p->built < p->snapshot->hosts_len)
		return 0;
	e = index_names(p);
	return e < 0 ? e : 1;
}

int policy_new(struct worker *w, struct snapshot *snapshot, struct policy **out, struct sink *err)
{
	struct policy *p = NULL;
	int e = policy_begin(snapshot, &p);

	while (e == 0)
		e = policy_step(w, p, err);
	if (e < 0) {
		policy_unref(w, p);
		return e;
	}
	*out = p;
	return 0;
}

struct policy *policy_ref(struct policy *p)
{
	p->refs++;
	return p;
}

void policy_unref(struct worker *w, struct policy *p)
{
	if (p == NULL)
		return;
	must(p->refs > 0);
	if (--p->refs == 0)
		policy_free(w, p);
}

static struct host *find_exact(const struct policy *p, struct slice name)
{
	const struct policy_name key = { .name = name };
	const struct policy_name *found;

	found = bsearch(&key, p->names, p->names_len, sizeof(*p->names), by_name);
	return found == NULL ? NULL : found->host;
}

struct host *policy_find(const struct policy *p, const struct hostname *name)
{
	struct hostname wildcard;
	struct host *found = NULL;

	if (name->len > 0) {
		found = find_exact(p, hostname_slice(name));
		if (found == NULL && hostname_parent(name, &wildcard) == 0)
			found = find_exact(p, hostname_slice(&wildcard));
	}
	return found != NULL ? found : p->host_default;
}
