/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hosts.h - snapshots for tests that look at hosts and not at what is in their files.
 */
#pragma once

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdlib.h>

#include "store/snapshot.h"

enum { HOSTS_NAMES = 4 };

struct host_spec {
	const char *names[HOSTS_NAMES];
	bool is_default;
	bool asks_nobody;
	bool is_fixed;  /* is_forwarding_fixed */
	bool is_silent; /* sends neither header */
	uint32_t dialects;
	const char *template; /* name of a header */
};

static inline char *hosts_copy(const char *text)
{
	char *copy = strdup(text);

	cr_assert_not_null(copy);
	return copy;
}

static inline void hosts_fill(struct snapshot_host *h, const struct host_spec *spec)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(80) };

	h->names = calloc(HOSTS_NAMES, sizeof(*h->names));
	cr_assert_not_null(h->names);
	while (h->names_len < HOSTS_NAMES && spec->names[h->names_len]) {
		h->names[h->names_len] = hosts_copy(spec->names[h->names_len]);
		h->names_len++;
	}
	h->is_default = spec->is_default;
	h->certificate_pem = hosts_copy("CERT");
	h->key_pem = hosts_copy("KEY");
	h->verify = spec->asks_nobody ? VERIFY_NONE : VERIFY_REQUIRE;
	h->ca_pem = spec->asks_nobody ? NULL : hosts_copy("FILE");
	h->is_forwarding_fixed = spec->is_fixed;
	h->der_header = spec->is_silent ? NULL : hosts_copy("X-Der");
	h->sha256_header = spec->is_silent ? NULL : hosts_copy("X-Sha");
	h->dialects = spec->dialects;
	if (spec->template) {
		h->templates = calloc(1, sizeof(*h->templates));
		cr_assert_not_null(h->templates);
		h->templates_len = 1;
		h->templates[0].header = hosts_copy(spec->template);
		h->templates[0].value = hosts_copy("x");
	}
	h->origins = calloc(1, sizeof(*h->origins));
	cr_assert_not_null(h->origins);
	h->origins_len = 1;
	h->origins[0].label = hosts_copy("127.0.0.1:80");
	h->origins[0].addr_len = sizeof(in);
	memcpy(&h->origins[0].addr, &in, sizeof(in));
}

static inline struct snapshot *hosts_snapshot(const struct host_spec *specs, size_t len)
{
	struct snapshot *s = calloc(1, sizeof(*s));

	cr_assert_not_null(s);
	s->version = 1;
	options_default(&s->options);
	s->hosts = calloc(len, sizeof(*s->hosts));
	cr_assert_not_null(s->hosts);
	for (; s->hosts_len < len; s->hosts_len++)
		hosts_fill(&s->hosts[s->hosts_len], &specs[s->hosts_len]);
	return s;
}
