/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "sys/addr.h"

void resolved_free(struct resolved *row)
{
	if (row)
		free(row->label);
	free(row);
}

void resolver_fini(struct resolver *r)
{
	for (size_t i = 0; i < r->len; i++)
		resolved_free(r->rows[i]);
	free(r->rows);
	*r = (struct resolver){ 0 };
}

const struct resolved *resolver_find(const struct resolver *r, const char *label)
{
	for (size_t i = 0; i < r->len; i++)
		if (strcmp(r->rows[i]->label, label) == 0)
			return r->rows[i];
	return NULL;
}

int resolver_put(struct resolver *r, struct resolved *row)
{
	struct resolved **rows;

	if (r->len == RESOLVE_LABELS_MAX)
		return -ENOMEM;
	rows = reallocarray(r->rows, r->len + 1, sizeof(void *));
	if (!rows)
		return -ENOMEM;
	r->rows = rows;
	r->rows[r->len++] = row;
	return 0;
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct sockaddr_storage));
}

static socklen_t len_of(const struct sockaddr_storage *addr)
{
	return addr->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
	                                   : sizeof(struct sockaddr_in);
}

static void take_addresses(struct resolved *row, const struct addrinfo *list)
{
	for (const struct addrinfo *a = list; a && row->len < RESOLVE_ADDRS_MAX; a = a->ai_next) {
		if (a->ai_family != AF_INET && a->ai_family != AF_INET6)
			continue;
		memcpy(&row->addrs[row->len++], a->ai_addr, a->ai_addrlen);
	}
	qsort(row->addrs, row->len, sizeof(row->addrs[0]), by_bytes);
	for (size_t i = 0; i < row->len; i++)
		row->lens[i] = len_of(&row->addrs[i]);
}

/* getaddrinfo(3) for "name:port"; error and len say how it went. */
static void look_up(struct resolved *row)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	struct addrinfo *list = NULL;
	struct slice name;
	char host[256];
	char port[8];
	uint16_t number;

	row->error = EAI_NONAME;
	if (addr_split(slice_of(row->label, strlen(row->label)), &name, &number) < 0 ||
	    name.len >= sizeof(host))
		return;
	(void)snprintf(host, sizeof(host), "%.*s", (int)name.len, (const char *)name.ptr);
	(void)snprintf(port, sizeof(port), "%u", number);
	row->error = getaddrinfo(host, port, &hints, &list);
	if (row->error != 0)
		return;
	take_addresses(row, list);
	freeaddrinfo(list);
	if (row->len == 0)
		row->error = EAI_NONAME;
}

const struct resolved *resolver_get(struct resolver *r, const char *label)
{
	const struct resolved *known = resolver_find(r, label);
	struct resolved *row;

	if (known)
		return known;
	row = calloc(1, sizeof(*row));
	if (row)
		row->label = strdup(label);
	if (!row || !row->label || resolver_put(r, row) < 0) {
		resolved_free(row);
		return NULL;
	}
	look_up(row);
	return row;
}
