/* SPDX-License-Identifier: GPL-2.0-only */
/* control/steering over real maps: which name is which host's, while configurations come and go. */
#include "control/steering.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "kit.h"

enum { HOSTS = 4, NAMES = 3 };

static struct kit kit;
static struct steering s;

/* As many names as are given for each host. */
struct made {
	struct snapshot snap;
	struct snapshot_host hosts[HOSTS];
	char *names[HOSTS][NAMES];
	char text[HOSTS][NAMES][300];
};

static struct snapshot *make(struct made *m, const char *const names[HOSTS][NAMES])
{
	memset(m, 0, sizeof(*m));
	m->snap.hosts = m->hosts;
	for (size_t i = 0; i < HOSTS && names[i][0]; i++) {
		m->snap.hosts_len = i + 1;
		m->hosts[i].names = m->names[i];
		for (size_t j = 0; j < NAMES && names[i][j]; j++) {
			(void)snprintf(m->text[i][j], sizeof(m->text[i][j]), "%s", names[i][j]);
			m->names[i][j] = m->text[i][j];
			m->hosts[i].names_len = j + 1;
		}
	}
	return &m->snap;
}

static int copy_of(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

static void open_again(void)
{
	const int fds[XDP_MAPS_LEN] = {
		[XDP_MAP_CONFIG] = copy_of(MAP(&kit, config)),
		[XDP_MAP_VIPS] = copy_of(MAP(&kit, vips)),
		[XDP_MAP_NAMES] = copy_of(MAP(&kit, names)),
		[XDP_MAP_LNAMES] = copy_of(MAP(&kit, lnames)),
		[XDP_MAP_HOSTS] = copy_of(MAP(&kit, hosts)),
		[XDP_MAP_FLOWS] = copy_of(MAP(&kit, flows)),
		[XDP_MAP_STATS] = copy_of(MAP(&kit, stats)),
		[XDP_MAP_LSTATS] = copy_of(MAP(&kit, stats)),
		[XDP_MAP_HSTATS] = copy_of(MAP(&kit, hstats)),
	};

	cr_assert_eq(steering_open(&s, fds), 0);
}

static void start(void)
{
	kit_open(&kit);
	open_again();
}

static void stop(void)
{
	steering_close(&s);
	steer__destroy(kit.skel);
}

TestSuite(steering, .init = start, .fini = stop);

static __u32 id_of(const char *name)
{
	struct abi_lname_key key = { .name = "" };
	struct abi_name value = { .host_id = ABI_HOST_NONE };
	int map = strlen(name) < ABI_NAME_SHORT ? MAP(&kit, names) : MAP(&kit, lnames);

	(void)snprintf(key.name, sizeof(key.name), "%s", name);
	(void)bpf_map_lookup_elem(map, &key, &value);
	return value.host_id;
}

static __u32 unknown_now(void)
{
	struct abi_config c = { 0 };
	__u32 zero = 0;

	cr_assert_eq(bpf_map_lookup_elem(MAP(&kit, config), &zero, &c), 0);
	return c.unknown;
}

static const char *const first[HOSTS][NAMES] = { { "a.test", "*.a.test" }, { "b.test", "c.test" } };

Test(steering, old_names_stay_until_the_new_are_served)
{
	static const char *const next[HOSTS][NAMES] = { { "b.test", "d.test" } };
	struct made m;
	__u32 b;

	steering_add(&s, make(&m, first), 1000);
	cr_expect_eq(id_of("a.test"), id_of("*.a.test"));
	cr_expect_eq(id_of("b.test"), id_of("c.test"));
	cr_expect_neq(id_of("a.test"), id_of("b.test"));
	cr_expect_eq(unknown_now(), ABI_UNKNOWN_RESET);
	steering_trim(&s, make(&m, first), 1000);
	cr_expect_neq(id_of("c.test"), ABI_HOST_NONE);
	b = id_of("b.test");
	steering_add(&s, make(&m, next), 2000);
	cr_expect_neq(id_of("a.test"), ABI_HOST_NONE, "its clients are still served");
	cr_expect_eq(id_of("b.test"), b, "a host keeps its number");
	cr_expect_eq(id_of("d.test"), b);
	steering_trim(&s, make(&m, next), 2000);
	cr_expect_eq(id_of("a.test"), ABI_HOST_NONE);
	cr_expect_eq(id_of("*.a.test"), ABI_HOST_NONE);
	cr_expect_eq(id_of("c.test"), ABI_HOST_NONE);
	cr_expect_eq(id_of("b.test"), b);
}

Test(steering, names_that_change_hosts_are_nobodys_at_no_time)
{
	static const char *const swapped[HOSTS][NAMES] = { { "c.test", "a.test" },
		                                           { "b.test", "*.a.test" } };
	struct made m;

	steering_add(&s, make(&m, first), 1000);
	steering_add(&s, make(&m, swapped), 1000);
	cr_expect_eq(id_of("c.test"), id_of("a.test"));
	cr_expect_eq(id_of("b.test"), id_of("*.a.test"));
	cr_expect_neq(id_of("a.test"), id_of("b.test"));
	steering_trim(&s, make(&m, swapped), 1000);
	cr_expect_eq(id_of("c.test"), id_of("a.test"));
	cr_expect_eq(id_of("b.test"), id_of("*.a.test"));
}

Test(steering, a_number_rests_before_it_is_another_hosts)
{
	static const char *const rows[][HOSTS][NAMES] = { { { "x.test" } },
		                                          { { "y.test" } },
		                                          { { "z.test" } } };
	struct made m;
	__u32 x;

	steering_add(&s, make(&m, rows[0]), 1000);
	x = id_of("x.test");
	steering_add(&s, make(&m, rows[1]), 2000);
	steering_trim(&s, make(&m, rows[1]), 2000);
	cr_expect_neq(id_of("y.test"), x);
	steering_add(&s, make(&m, rows[2]), 2000 + STEERING_REST_MS - 1);
	cr_expect_neq(id_of("z.test"), x);
	steering_trim(&s, make(&m, rows[2]), 2000 + STEERING_REST_MS - 1);
	steering_add(&s, make(&m, rows[0]), 2000 + STEERING_REST_MS);
	cr_expect_eq(id_of("x.test"), x);
}

Test(steering, the_next_control_learns_what_is_there)
{
	static const char long_name[] =
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.test";
	static const char *const rows[HOSTS][NAMES] = { { "a.test" }, { long_name } };
	static const char *const next[HOSTS][NAMES] = { { long_name } };
	struct made m;
	__u32 id;

	steering_add(&s, make(&m, rows), 1000);
	id = id_of(long_name);
	cr_assert_neq(id, ABI_HOST_NONE);
	steering_close(&s);
	open_again();
	steering_add(&s, make(&m, next), 1000);
	steering_trim(&s, make(&m, next), 1000);
	cr_expect_eq(id_of(long_name), id);
	cr_expect_eq(id_of("a.test"), ABI_HOST_NONE);
}

Test(steering, when_a_name_does_not_fit_every_name_is_let_through)
{
	static char too_long[XDP_NAME_BYTES_MAX + 2];
	static const char *const rows[HOSTS][NAMES] = { { "a.test" }, { too_long } };
	struct made m;

	memset(too_long, 'n', XDP_NAME_BYTES_MAX + 1);
	steering_add(&s, make(&m, rows), 1000);
	cr_expect_eq(unknown_now(), ABI_UNKNOWN_DEFAULT);
	steering_add(&s, make(&m, first), 1000);
	cr_expect_eq(unknown_now(), ABI_UNKNOWN_RESET);
	steering_trim(&s, make(&m, first), 1000);
	cr_expect_eq(id_of("a.test"), s.names[1].id);
}

static struct sockaddr_storage on(const char *ip, uint16_t port)
{
	struct sockaddr_storage a = { 0 };
	struct sockaddr_in *in = (struct sockaddr_in *)&a;

	in->sin_family = AF_INET;
	in->sin_port = htons(port);
	cr_assert_eq(inet_pton(AF_INET, ip, &in->sin_addr), 1);
	return a;
}

Test(steering, addresses_are_looked_up_where_a_port_has_several)
{
	const struct sockaddr_storage rows[] = { on("0.0.0.0", 443), on("192.0.2.1", 444),
		                                 on("192.0.2.2", 444), on("0.0.0.0", 444) };
	struct xdp_settings set = { .listeners_len = ARRAY_LEN(rows) };
	struct abi_vip_key key = { .port_be = htons(444) };
	struct abi_config c;
	struct abi_vip vip;
	__u32 zero = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		set.listeners[i] = &rows[i];
	cr_assert_eq(xdp_table_settings(&s.table, &set), 0);
	cr_assert_eq(bpf_map_lookup_elem(MAP(&kit, config), &zero, &c), 0);
	cr_expect_eq(c.ports[0].port_be, htons(443));
	cr_expect_eq(c.ports[0].group4, 0);
	cr_expect_eq(c.ports[0].group6, ABI_GROUP_LOOKUP);
	cr_expect_eq(c.ports[1].port_be, htons(444));
	cr_expect_eq(c.ports[1].group4, ABI_GROUP_LOOKUP);
	cr_expect_eq(c.ports[2].port_be, 0);
	memcpy(key.addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\x02\x02", 16);
	cr_assert_eq(bpf_map_lookup_elem(MAP(&kit, vips), &key, &vip), 0);
	cr_expect_eq(vip.group, 2);
}
