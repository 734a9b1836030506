/* SPDX-License-Identifier: GPL-2.0-only */
/* api_hosts.c - the hosts in force. Keys and certificates are not told. */
#include <string.h>

#include "control/api_answer.h"
#include "control/api_paging.h"
#include "control/api_router.h"
#include "control/api_world.h"
#include "proto/dialect.h"
#include "proto/hostname.h"

enum { PER_PAGE_DEFAULT = 1000, PER_PAGE_MAX = 10000 };

static json_t *names(const struct snapshot_host *h)
{
	json_t *all = json_array();

	for (size_t i = 0; i < h->names_len; i++)
		(void)json_array_append_new(all, api_string(h->names[i]));
	return all;
}

/* Labels as configured; one that has several addresses is there once. */
static json_t *origins(const struct snapshot_host *h)
{
	json_t *all = json_array();

	for (size_t i = 0; i < h->origins_len; i++)
		if (i == 0 || strcmp(h->origins[i].label, h->origins[i - 1].label) != 0)
			(void)json_array_append_new(all, api_string(h->origins[i].label));
	return all;
}

static json_t *dialects(const struct snapshot_host *h)
{
	json_t *all = json_array();

	for (unsigned int i = 0; i < DIALECT_MAX; i++)
		if (h->dialects & (1U << i))
			(void)json_array_append_new(all, json_string(dialect_words[i]));
	return all;
}

static json_t *host(const struct snapshot_host *h)
{
	return json_pack("{s:o, s:b, s:b, s:s, s:i, s:b, s:b, s:s, s:b, s:o, s:o}", "names",
	                 names(h), "is_default", h->is_default, "is_derived", h->is_derived,
	                 "verify", verify_words[h->verify], "depth", (int)h->verify_depth,
	                 "has_crl", h->crl_pem != NULL, "has_allow",
	                 !allow_list_is_empty(&h->allow), "inject", inject_words[h->inject],
	                 "client_certificate_forwarding", h->der_header && h->sha256_header,
	                 "dialects", dialects(h), "origins", origins(h));
}

static void get_hosts(struct api_call *call)
{
	const struct snapshot *s = call->world->snapshot;
	size_t len = s ? s->hosts_len : 0;
	struct api_paging p = { .per_page = PER_PAGE_DEFAULT, .per_page_max = PER_PAGE_MAX };
	json_t *all;

	if (!api_paging_read(call, &p))
		return;
	all = json_array();
	for (uint64_t i = p.skip; i < len && i < p.skip + p.per_page; i++)
		(void)json_array_append_new(all, host(&s->hosts[i]));
	api_paging_say(call, &p, json_array_size(all), len);
	api_result(call, 200, all);
}

static bool has_name(const struct snapshot_host *h, const char *name)
{
	for (size_t i = 0; i < h->names_len; i++)
		if (strcmp(h->names[i], name) == 0)
			return true;
	return false;
}

/* By one of its names as configured: "*.example.com" is one. */
static void get_host(struct api_call *call)
{
	const struct snapshot *s = call->world->snapshot;
	char want[API_ARG_BYTES_MAX] = "";
	struct hostname name;

	if (hostname_pattern(slice_of(call->args[0], strlen(call->args[0])), &name) == 0) {
		struct slice text = hostname_slice(&name);

		must(text.len < sizeof(want));
		slice_copy((uint8_t *)want, text);
	}
	/* From the end: a derived one goes before the one it was made of. */
	for (size_t i = s ? s->hosts_len : 0; i > 0 && want[0]; i--)
		if (has_name(&s->hosts[i - 1], want)) {
			api_result(call, 200, host(&s->hosts[i - 1]));
			return;
		}
	api_fail(call, 404, API_CODE_NO_ROUTE, NULL, "no host of that name");
}

const struct api_route api_routes_hosts[] = {
	{ "GET", "/sluice/v1/hosts", API_READ, 0, get_hosts },
	{ "GET", "/sluice/v1/hosts/{name}", API_READ, 0, get_host },
	API_ROUTES_END,
};
