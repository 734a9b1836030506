/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/refresh.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>

#include "sys/addr.h"
#include "sys/clock.h"

static struct snapshot_host host;
static struct snapshot snapshot = { .version = 1, .hosts = &host, .hosts_len = 1 };

static void add(const char *label, const char *addr)
{
	struct snapshot_origin *o = &host.origins[host.origins_len++];

	o->label = strdup(label);
	cr_assert_eq(addr_parse(slice_of(addr, strlen(addr)), &o->addr, &o->addr_len), 0);
}

static void start(void)
{
	(void)setenv("RES_OPTIONS", "attempts:1 timeout:1", 1);
	host.origins = calloc(SNAPSHOT_ORIGINS_MAX, sizeof(*host.origins));
	add("a:80", "192.0.2.1:80");
	add("a:80", "192.0.2.2:80");
	add("192.0.2.9:80", "192.0.2.9:80");
	add("b:81", "192.0.2.3:81");
}

static void stop(void)
{
	for (size_t i = 0; i < host.origins_len; i++)
		free(host.origins[i].label);
	free(host.origins);
}

TestSuite(refresh, .init = start, .fini = stop);

static void found(struct resolver *r, const char *label, const char *addr)
{
	struct resolved *row = calloc(1, sizeof(*row));

	row->label = strdup(label);
	row->error = addr ? 0 : EAI_AGAIN;
	if (addr) {
		row->len = 1;
		cr_assert_eq(
			addr_parse(slice_of(addr, strlen(addr)), &row->addrs[0], &row->lens[0]), 0);
	}
	cr_assert_eq(resolver_put(r, row), 0);
}

/* "label=addr " for each origin. */
static const char *all(void)
{
	static char text[1024];
	struct sink out = sink_of(text, sizeof(text) - 1);

	for (size_t i = 0; i < host.origins_len; i++) {
		sink_put(&out, slice_of(host.origins[i].label, strlen(host.origins[i].label)));
		sink_putc(&out, '=');
		addr_format(&host.origins[i].addr, &out);
		sink_putc(&out, ' ');
	}
	text[out.len] = '\0';
	return text;
}

Test(refresh, new_addresses_stand_where_the_old_ones_stood)
{
	struct resolver r = { 0 };
	bool changed = false;

	found(&r, "a:80", "192.0.2.7:80");
	found(&r, "b:81", "192.0.2.3:81");
	cr_assert_eq(refresh_apply(&snapshot, &r, &changed), 0);
	cr_expect(changed);
	cr_expect_str_eq(all(), "a:80=192.0.2.7:80 192.0.2.9:80=192.0.2.9:80 b:81=192.0.2.3:81 ");
	resolver_fini(&r);
}

Test(refresh, the_same_answer_changes_nothing)
{
	struct resolver r = { 0 };
	bool changed = true;

	found(&r, "b:81", "192.0.2.3:81");
	cr_assert_eq(refresh_apply(&snapshot, &r, &changed), 0);
	cr_expect_not(changed);
	resolver_fini(&r);
}

Test(refresh, a_failed_look_up_keeps_what_is_there)
{
	struct resolver r = { 0 };
	bool changed = false;

	found(&r, "a:80", NULL);
	found(&r, "b:81", "192.0.2.4:81");
	cr_assert_eq(refresh_apply(&snapshot, &r, &changed), 0);
	cr_expect(changed);
	cr_expect_str_eq(all(), "a:80=192.0.2.1:80 a:80=192.0.2.2:80 192.0.2.9:80=192.0.2.9:80 "
	                        "b:81=192.0.2.4:81 ");
	resolver_fini(&r);
}

/* Wait for the child's answer. */
static int finish(struct refresh *r, struct resolver *out)
{
	int got;

	do {
		struct pollfd p = { .fd = r->fd, .events = POLLIN };

		cr_assert_eq(poll(&p, 1, 30000), 1);
		got = refresh_read(r, out);
	} while (got == 0);
	return got;
}

Test(refresh, names_are_looked_up_in_another_process)
{
	struct refresh r = REFRESH_NONE;
	struct resolver out = { 0 };

	free(host.origins[0].label);
	free(host.origins[1].label);
	free(host.origins[3].label);
	host.origins[0].label = strdup("localhost:80");
	host.origins[1].label = strdup("localhost:80");
	host.origins[3].label = strdup("no-such-name.invalid:81");
	cr_assert_eq(refresh_begin(&r, &snapshot), 1);
	cr_assert_eq(finish(&r, &out), 1);
	cr_expect_eq(out.len, 2, "each name once, no literal address");
	cr_assert(resolver_find(&out, "localhost:80"));
	cr_expect_geq(resolver_find(&out, "localhost:80")->len, 1);
	cr_assert(resolver_find(&out, "no-such-name.invalid:81"));
	cr_expect_eq(resolver_find(&out, "no-such-name.invalid:81")->len, 0);
	cr_expect_eq(r.fd, -1);
	resolver_fini(&out);
}

Test(refresh, without_names_nothing_is_started)
{
	struct refresh r = REFRESH_NONE;

	host.origins_len = 3; /* what is left of "a" is turned into addresses, too */
	free(host.origins[0].label);
	free(host.origins[1].label);
	host.origins[0].label = strdup("192.0.2.1:80");
	host.origins[1].label = strdup("unix:/run/a");
	cr_expect_eq(refresh_begin(&r, &snapshot), 0);
	cr_expect_eq(r.pid, 0);
	free(host.origins[3].label);
}

Test(refresh, one_that_hangs_is_ended_by_the_next)
{
	struct refresh r = REFRESH_NONE;

	cr_assert_eq(refresh_begin(&r, &snapshot), 1);
	cr_assert_eq(refresh_begin(&r, &snapshot), 1);
	refresh_stop(&r);
	cr_expect_eq(r.fd, -1);
	cr_expect_eq(r.pid, 0);
}

Test(refresh, a_slow_one_is_given_its_time)
{
	struct refresh r = REFRESH_NONE;
	uint64_t now_ms = clock_mono_ns() / 1000000;

	cr_expect_not(refresh_is_busy(&r, now_ms), "none runs");
	cr_assert_eq(refresh_begin(&r, &snapshot), 1);
	cr_expect(refresh_is_busy(&r, now_ms), "just begun");
	cr_expect(refresh_is_busy(&r, now_ms + REFRESH_PATIENCE_MS - 1), "still in time");
	cr_expect_not(refresh_is_busy(&r, r.begun_ms + REFRESH_PATIENCE_MS), "long enough");
	refresh_stop(&r);
	cr_expect_not(refresh_is_busy(&r, now_ms), "stopped");
}
