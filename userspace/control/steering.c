/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/steering.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

#define ID_NONE XDP_HOSTS_MAX
#define TAKEN   UINT64_MAX

static const char syncookies[] = "/proc/sys/net/ipv4/tcp_syncookies";

static struct slice str(const char *s)
{
	return slice_of(s, strlen(s));
}

/* --- the sysctl ------------------------------------------------------------------------- */

/* Return: 0..2; -1 it cannot be read, so there is none. */
static int read_cookies(void)
{
	CLEAN_FD int fd = open(syncookies, O_RDONLY | O_CLOEXEC);
	char digit = 0;

	if (fd < 0 || read(fd, &digit, 1) != 1 || digit < '0' || digit > '2')
		return -1;
	return digit - '0';
}

static int put_settings(const struct steering *s)
{
	static const enum xdp_refusal words[] = {
		[XDP_UNKNOWN_RESET] = XDP_REFUSE_RESET,
		[XDP_UNKNOWN_DROP] = XDP_REFUSE_DROP,
		[XDP_UNKNOWN_DEFAULT] = XDP_REFUSE_NOBODY,
	};
	struct xdp_settings set = {
		.has_cookies = s->cookies == 2,
		.is_strict = s->rules.is_strict,
		.unknown = s->is_open ? XDP_REFUSE_NOBODY : words[s->rules.unknown],
		.source = { s->rules.source.rate, s->rules.source.burst },
		.partial = { s->rules.partial.rate, s->rules.partial.burst },
		.listeners_len = s->start.listeners_len,
	};

	for (uint32_t i = 0; i < s->start.listeners_len; i++)
		set.listeners[i] = &s->start.listeners[i].addr;
	return xdp_table_settings(&s->table, &set);
}

static void say_cookies(int value)
{
	if (value == 2)
		log_info(
			"xdp: net.ipv4.tcp_syncookies is 2: a connection is known by name before it "
			"has a socket");
	else
		log_warn(
			"xdp: net.ipv4.tcp_syncookies is %d, not 2: names are admitted and limited, "
			"but handshakes leave state in the kernel and none is steered",
			value);
}

static void look(struct steering *s)
{
	int value = read_cookies();

	if (value == s->cookies)
		return;
	s->cookies = value;
	say_cookies(value);
}

void steering_look(struct steering *s, uint64_t now_ms)
{
	int before = s->cookies;
	int r = 0;

	if (!s->is_on || now_ms < s->at_ms)
		return;
	s->at_ms = now_ms + STEERING_LOOK_MS;
	look(s);
	if (s->cookies != before)
		r = put_settings(s);
	if (r < 0)
		log_error("xdp: settings cannot be written: %s", strerror(-r));
}

/* --- what is in the maps ---------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	const struct steering_name *x = a;
	const struct steering_name *y = b;

	return strcmp(x->name, y->name);
}

static void free_names(struct steering_name *names, size_t len)
{
	for (size_t i = 0; i < len; i++)
		free(names[i].name);
	free(names);
}

static int to_name(const void *key, const void *entry)
{
	return strcmp(key, ((const struct steering_name *)entry)->name);
}

static const struct steering_name *find(const struct steering *s, const char *name)
{
	if (s->names_len == 0)
		return NULL;
	return bsearch(name, s->names, s->names_len, sizeof(*s->names), to_name);
}

uint32_t steering_id(const struct steering *s, const char *name)
{
	const struct steering_name *n = find(s, name);

	return n ? n->id : ID_NONE;
}

static int learn(void *arg, struct slice name, uint32_t id)
{
	struct steering *s = arg;
	struct steering_name *more;

	more = realloc(s->names, (s->names_len + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	s->names = more;
	more[s->names_len].name = strndup((const char *)name.ptr, name.len);
	more[s->names_len].id = id;
	if (!more[s->names_len].name)
		return -ENOMEM;
	s->names_len++;
	if (id < XDP_HOSTS_MAX)
		s->free_at_ms[id] = TAKEN;
	return 0;
}

void steering_none(struct steering *s)
{
	*s = (struct steering){ .at_ms = UINT64_MAX, .cookies = -1 };
	for (size_t i = 0; i < XDP_MAPS_LEN; i++)
		s->table.fds[i] = -1;
}

int steering_open(struct steering *s, const int fds[XDP_MAPS_LEN])
{
	int r = 0;

	steering_none(s);
	for (size_t i = 0; i < XDP_MAPS_LEN; i++)
		s->table.fds[i] = fds[i];
	s->free_at_ms = calloc(XDP_HOSTS_MAX, sizeof(*s->free_at_ms));
	if (!s->free_at_ms)
		r = -ENOMEM;
	if (r == 0)
		r = xdp_table_each(&s->table, learn, s);
	if (r < 0) {
		steering_close(s);
		return r;
	}
	if (s->names_len > 0)
		qsort(s->names, s->names_len, sizeof(*s->names), by_name);
	s->is_on = true;
	s->at_ms = 0;
	return 0;
}

void steering_close(struct steering *s)
{
	for (size_t i = 0; i < XDP_MAPS_LEN; i++)
		fd_closep(&s->table.fds[i]);
	free_names(s->names, s->names_len);
	free(s->free_at_ms);
	steering_none(s);
}

/* --- a snapshot's names ----------------------------------------------------------------- */

/* Those of the file: the derived ones behind them have names that these are asked for by. */
static size_t own_hosts(const struct snapshot *snap)
{
	size_t n = 0;

	while (n < snap->hosts_len && !snap->hosts[n].is_derived)
		n++;
	return n;
}

/* One snapshot on its way in. */
struct entry {
	struct steering *s;
	struct steering_name *names;
	size_t len;
	bool *is_used; /* XDP_HOSTS_MAX: numbers of this snapshot's hosts */
	uint64_t now_ms;
};

/* The number it had, by any of its names. */
static uint32_t old_id(const struct entry *e, const struct snapshot_host *h)
{
	for (size_t i = 0; i < h->names_len; i++) {
		const struct steering_name *n = find(e->s, h->names[i]);

		if (n && n->id < XDP_HOSTS_MAX && !e->is_used[n->id])
			return n->id;
	}
	return ID_NONE;
}

static uint32_t new_id(const struct entry *e)
{
	for (uint32_t id = 0; id < XDP_HOSTS_MAX; id++)
		if (!e->is_used[id] && e->s->free_at_ms[id] <= e->now_ms)
			return id;
	return ID_NONE;
}

static int enter_host(struct entry *e, const struct snapshot_host *h)
{
	const struct xdp_bucket limit = { e->s->rules.host.rate, e->s->rules.host.burst };
	uint32_t id = old_id(e, h);
	bool is_new = id == ID_NONE;
	int r;

	if (is_new)
		id = new_id(e);
	if (id == ID_NONE)
		return -E2BIG;
	e->is_used[id] = true;
	e->s->free_at_ms[id] = TAKEN;
	r = xdp_table_host(&e->s->table, id, limit, is_new);
	for (size_t i = 0; i < h->names_len && r == 0; i++) {
		const struct steering_name *before = find(e->s, h->names[i]);
		char *copy = strdup(h->names[i]);

		if (!copy)
			return -ENOMEM;
		e->names[e->len++] = (struct steering_name){ .name = copy, .id = id };
		if (!before || before->id != id)
			r = xdp_table_put(&e->s->table, str(copy), id);
	}
	return r;
}

/* What was there before and is not in @e stays listed, so that it is removed later. */
static void keep_others(struct entry *e)
{
	struct steering *s = e->s;
	size_t own = e->len;

	qsort(e->names, own, sizeof(*e->names), by_name);
	for (size_t i = 0; i < s->names_len; i++) {
		if (own > 0 && bsearch(&s->names[i], e->names, own, sizeof(*e->names), by_name))
			free(s->names[i].name);
		else
			e->names[e->len++] = s->names[i];
	}
	free(s->names);
	qsort(e->names, e->len, sizeof(*e->names), by_name);
	s->names = e->names;
	s->names_len = e->len;
}

static int enter_all(struct steering *s, const struct snapshot *snap, uint64_t now_ms)
{
	struct entry e = { .s = s, .now_ms = now_ms };
	const size_t hosts = own_hosts(snap);
	size_t total = s->names_len;
	int r = 0;

	for (size_t i = 0; i < hosts; i++)
		total += snap->hosts[i].names_len;
	e.names = calloc(total ? total : 1, sizeof(*e.names));
	e.is_used = calloc(XDP_HOSTS_MAX, sizeof(*e.is_used));
	if (!e.names || !e.is_used)
		r = -ENOMEM;
	for (size_t i = 0; i < hosts && r == 0; i++)
		r = enter_host(&e, &snap->hosts[i]);
	if (e.names)
		keep_others(&e);
	free(e.is_used);
	return r;
}

/* Whoever cannot be told apart is let through. */
static void open_up(struct steering *s, int error)
{
	s->is_open = error < 0;
	if (error < 0)
		log_error("xdp: not all names can be entered (%s): all are let through",
		          strerror(-error));
	error = put_settings(s);
	if (error < 0)
		log_error("xdp: settings cannot be written: %s", strerror(-error));
}

void steering_add(struct steering *s, const struct snapshot *snap, uint64_t now_ms)
{
	if (!s->is_on)
		return;
	look(s);
	open_up(s, enter_all(s, snap, now_ms));
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int to_text(const void *key, const void *text)
{
	return strcmp(key, *(char *const *)text);
}

/* Every name of @snap, in order, borrowed; NULL: not enough memory. */
static char **all_names(const struct snapshot *snap, size_t *out_len)
{
	const size_t hosts = own_hosts(snap);
	size_t total = 0;
	size_t n = 0;
	char **all;

	for (size_t i = 0; i < hosts; i++)
		total += snap->hosts[i].names_len;
	all = calloc(total ? total : 1, sizeof(*all));
	for (size_t i = 0; all && i < hosts; i++)
		for (size_t j = 0; j < snap->hosts[i].names_len; j++)
			all[n++] = snap->hosts[i].names[j];
	if (all)
		qsort(all, n, sizeof(*all), by_text);
	*out_len = n;
	return all;
}

/* Numbers that no name has any more rest before they are another host's. */
static void rest_numbers(struct steering *s, uint64_t now_ms)
{
	bool *is_used = calloc(XDP_HOSTS_MAX, sizeof(*is_used));

	if (!is_used)
		return; /* they stay taken until the next time */
	for (size_t i = 0; i < s->names_len; i++)
		if (s->names[i].id < XDP_HOSTS_MAX)
			is_used[s->names[i].id] = true;
	for (size_t id = 0; id < XDP_HOSTS_MAX; id++)
		if (!is_used[id] && s->free_at_ms[id] == TAKEN)
			s->free_at_ms[id] = now_ms + STEERING_REST_MS;
	free(is_used);
}

void steering_trim(struct steering *s, const struct snapshot *snap, uint64_t now_ms)
{
	size_t len = 0;
	size_t left = 0;
	char **all;
	int r = 0;

	if (!s->is_on)
		return;
	all = all_names(snap, &len);
	if (!all)
		return; /* names too many harm nobody */
	for (size_t i = 0; i < s->names_len; i++) {
		struct steering_name n = s->names[i];

		if (len == 0 || !bsearch(n.name, all, len, sizeof(*all), to_text)) {
			int one = xdp_table_drop(&s->table, str(n.name));

			if (one == 0) {
				free(n.name);
				continue;
			}
			r = one;
		}
		s->names[left++] = n;
	}
	s->names_len = left;
	free(all);
	rest_numbers(s, now_ms);
	if (r < 0)
		log_error("xdp: names that are gone cannot be removed: %s", strerror(-r));
}
