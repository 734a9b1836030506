/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/load_priv.h"
#include "sys/addr.h"

static struct slice str(const char *s)
{
	return slice_of(s, strlen(s));
}

char *build_copy(struct build *b, struct slice text)
{
	char *copy = strndup((const char *)text.ptr, text.len);

	if (!copy)
		b->status = -ENOMEM;
	return copy;
}

static bool is_listened(const struct msg_start *start, const struct sockaddr_storage *addr)
{
	for (uint32_t i = 0; i < start->listeners_len; i++)
		if (addr_eq(&start->listeners[i].addr, addr))
			return true;
	return false;
}

static void build_listen(const struct build *b, struct msg_start *out)
{
	for (unsigned int i = 0; i < b->conf->listen_count && i < LISTENERS_MAX; i++) {
		const char *text = b->conf->listen[i];
		struct msg_listener *l = &out->listeners[out->listeners_len];
		struct sockaddr_storage addr;
		socklen_t len;
		char path[32];

		(void)snprintf(path, sizeof(path), "listen[%u]", i);
		if (addr_parse(str(text), &addr, &len) < 0 || addr.ss_family == AF_UNIX) {
			mistake_at(b->mistakes, b->positions, path, "",
			           "\"%s\" is not an address: 192.0.2.1:443 or [2001:db8::1]:443",
			           text);
		} else if (is_listened(out, &addr)) {
			mistake_at(b->mistakes, b->positions, path, "", "%s is there already",
			           text);
		} else {
			*l = (struct msg_listener){ .addr = addr, .addr_len = len };
			l->id = out->listeners_len++;
		}
	}
}

/* What was read once at start is in force until the next start. */
static void check_when_start(const struct build *b)
{
	const struct option_info *info;
	const struct option_word *words;
	char path[64];

	if (!b->loader->previous)
		return;
	for (size_t i = 0; (info = options_info(i)); i++) {
		uint32_t have = options_get(&b->loader->previous->options, i);

		if (info->when != WHEN_START || options_get(&b->snapshot->options, i) == have)
			continue;
		(void)snprintf(path, sizeof(path), "options.%.*s", (int)info->name.len,
		               (const char *)info->name.ptr);
		words = options_words(info->name);
		if (words)
			mistake_at(b->mistakes, b->positions, path, "",
			           "%s is in force; changing it needs a restart", words[have].word);
		else
			mistake_at(b->mistakes, b->positions, path, "",
			           "%u is in force; changing it needs a restart", have);
	}
}

static void check_ktls(const struct build *b)
{
	const struct ktls_support *s = &b->loader->ktls;
	char text[KTLS_TEXT_MAX];
	struct sink missing = sink_of(text, sizeof(text));

	if (b->snapshot->options.ktls != OPTION_KTLS_REQUIRE || ktls_is_whole(s))
		return;
	if (ktls_pack(s) == 0) {
		mistake_at(b->mistakes, b->positions, "options.ktls", "",
		           "\"require\", but this kernel has no TLS: it needs CONFIG_TLS, and the "
		           "module tls loaded");
		return;
	}
	ktls_put_missing(&missing, s);
	must(!missing.overflow);
	mistake_at(b->mistakes, b->positions, "options.ktls", "",
	           "\"require\", but this kernel lacks %.*s", (int)missing.len, text);
}

/* A name and where it was first written. */
struct named {
	const char *name;
	unsigned int host, index;
};

static int by_name_and_place(const void *a, const void *b)
{
	const struct named *x = a;
	const struct named *y = b;
	int r = strcmp(x->name, y->name);

	if (r != 0)
		return r;
	if (x->host != y->host)
		return x->host < y->host ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

/* Indexes are those of the file where every name was good; where one was not, the line of
 * the list is near enough. */
static void check_names_differ(struct build *b)
{
	struct named *all;
	size_t total = 0;
	size_t n = 0;

	for (size_t i = 0; i < b->snapshot->hosts_len; i++)
		total += b->snapshot->hosts[i].names_len;
	all = calloc(total ? total : 1, sizeof(*all));
	if (!all) {
		b->status = -ENOMEM;
		return;
	}
	for (unsigned int i = 0; i < b->snapshot->hosts_len; i++)
		for (unsigned int j = 0; j < b->snapshot->hosts[i].names_len; j++)
			all[n++] = (struct named){ b->snapshot->hosts[i].names[j], i, j };
	qsort(all, n, sizeof(*all), by_name_and_place);
	for (size_t i = 1; i < n; i++) {
		char path[64];

		if (strcmp(all[i - 1].name, all[i].name) != 0)
			continue;
		(void)snprintf(path, sizeof(path), "hosts[%u].names[%u]", all[i].host,
		               all[i].index);
		mistake_at(b->mistakes, b->positions, path, "", "%s is in hosts[%u] already",
		           all[i].name, all[i - 1].host);
	}
	free(all);
}

static void check_one_default(const struct build *b)
{
	unsigned int first = UINT32_MAX;

	for (unsigned int i = 0; i < b->conf->hosts_count; i++) {
		char path[32];

		if (!b->conf->hosts[i].is_default)
			continue;
		(void)snprintf(path, sizeof(path), "hosts[%u]", i);
		if (first == UINT32_MAX)
			first = i;
		else
			mistake_at(b->mistakes, b->positions, path, "default",
			           "hosts[%u] is the default already", first);
	}
}

static void build_hosts(struct build *b)
{
	unsigned int len = b->conf->hosts_count;

	b->snapshot->hosts = calloc(len ? len : 1, sizeof(*b->snapshot->hosts));
	if (!b->snapshot->hosts) {
		b->status = -ENOMEM;
		return;
	}
	for (unsigned int i = 0; i < len && b->status == 0; i++) {
		struct build_host h = {
			.b = b,
			.conf = &b->conf->hosts[i],
			.out = &b->snapshot->hosts[i],
			.index = i,
		};

		(void)snprintf(h.path, sizeof(h.path), "hosts[%u]", i);
		b->snapshot->hosts_len = i + 1;
		build_host(&h);
	}
}

static void build_all(struct build *b, struct msg_start *start)
{
	conf_options(b->conf, b->positions, b->mistakes, &b->snapshot->options);
	check_when_start(b);
	check_ktls(b);
	start->workers = b->snapshot->options.workers;
	start->by_source = b->snapshot->options.placement == OPTION_PLACEMENT_SOURCE;
	start->drain_timeout_ms = b->snapshot->options.drain_timeout_ms;
	build_listen(b, start);
	build_api(b, &start->api);
	build_store(b);
	build_proxy_sources(b);
	build_zones(b);
	b->snapshot->access_log = !b->conf->access_log || *b->conf->access_log;
	b->snapshot->version = 1;
	build_ticket_keys(b);
	build_revoked(b);
	build_hosts(b);
	check_one_default(b);
	check_names_differ(b);
	build_xdp(b, &start->xdp);
}

/* What a worker would refuse must have been found above, with a better text. */
static void check_whole(const struct build *b)
{
	char err[SNAPSHOT_ERROR_MAX];

	if (b->mistakes->total == 0 && snapshot_validate(b->snapshot, err) < 0)
		mistakes_add(b->mistakes, 1, "%s", err);
}

static int build(struct build *b, struct slice text, struct loaded *out)
{
	struct conf_file *conf = NULL;
	struct msg_start start = { 0 };
	int r = conf_file_parse(text, b->positions, b->mistakes, &conf);

	if (r < 0)
		return r;
	b->conf = conf;
	build_all(b, &start);
	if (b->status == 0)
		check_whole(b);
	conf_file_free(conf);
	if (b->status < 0)
		return b->status;
	if (b->mistakes->total > 0)
		return -EINVAL;
	*out = (struct loaded){
		.snapshot = b->snapshot,
		.watch = b->watch,
		.revoked = b->revoked,
		.start = start,
		.xdp = b->xdp,
	};
	return 0;
}

int load(const struct loader *l, struct mistakes *mistakes, struct loaded *out)
{
	struct build b = {
		.loader = l,
		.mistakes = mistakes,
		.positions = positions_new(),
		.snapshot = calloc(1, sizeof(struct snapshot)),
	};
	struct source_file file = { 0 };
	int r = watch_new(&b.watch);

	if (!b.positions || !b.snapshot)
		r = -ENOMEM;

	if (r == 0)
		r = source_read_text(l->source, l->file, CONF_FILE_BYTES_MAX, &file);
	if (r == 0)
		r = build(&b, slice_of(file.text, file.len), out);
	else if (r != -ENOMEM)
		mistakes_add(mistakes, 1, "cannot be read: %s", strerror(-r));
	source_file_fini(&file);
	positions_free(b.positions);
	resolver_fini(&b.resolver);
	if (r < 0) {
		snapshot_free(b.snapshot);
		watch_free(b.watch);
		revoked_file_free(b.revoked);
	}
	return r < 0 && r != -ENOMEM ? -EINVAL : r;
}
