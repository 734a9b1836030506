/* SPDX-License-Identifier: GPL-2.0-only */
#include "sys/xdp_table.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"

enum { NS_PER_S = 1000000000 };

static_assert(XDP_NAMES_MAX == ABI_NAMES_MAX, "one number, two names");
static_assert(XDP_LONG_NAMES_MAX == ABI_NAMES_LONG_MAX, "one number, two names");
static_assert(XDP_HOSTS_MAX == ABI_HOSTS_MAX, "one number, two names");
static_assert(XDP_GROUPS_MAX == ABI_GROUPS_MAX, "one number, two names");
static_assert(XDP_GROUPS_MAX <= ABI_PORTS_MAX, "each may have a port of its own");
static_assert(XDP_NAME_BYTES_MAX < ABI_NAME_LONG, "and a zero behind");

static int put(int fd, const void *key, const void *value)
{
	return bpf_map_update_elem(fd, key, value, BPF_ANY) < 0 ? -errno : 0;
}

/* --- settings --------------------------------------------------------------------------- */

static void pace(struct xdp_bucket b, __u64 *interval_ns, __u64 *burst_ns)
{
	*interval_ns = b.rate > 0 ? NS_PER_S / b.rate : 0;
	*burst_ns = b.burst > 0 ? (b.burst - 1) * *interval_ns : 0;
}

static bool is_any(const struct sockaddr_storage *a)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)a;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)a;

	if (a->ss_family == AF_INET)
		return in->sin_addr.s_addr == htonl(INADDR_ANY);
	return IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr);
}

static __be16 port_of(const struct sockaddr_storage *a)
{
	return a->ss_family == AF_INET ? ((const struct sockaddr_in *)a)->sin_port
	                               : ((const struct sockaddr_in6 *)a)->sin6_port;
}

static struct abi_port *port_row(struct abi_config *c, __be16 port_be)
{
	size_t i = 0;

	while (c->ports[i].port_be && c->ports[i].port_be != port_be)
		i++;
	if (!c->ports[i].port_be)
		c->ports[i] = (struct abi_port){ .port_be = port_be,
			                         .group4 = ABI_GROUP_LOOKUP,
			                         .group6 = ABI_GROUP_LOOKUP };
	return &c->ports[i];
}

static int put_address(const struct xdp_table *t, const struct sockaddr_storage *a, uint32_t group)
{
	struct abi_vip_key key = { .port_be = port_of(a) };
	const struct abi_vip value = { .group = group };

	if (a->ss_family == AF_INET) {
		key.addr[10] = key.addr[11] = 0xff;
		memcpy(key.addr + 12, &((const struct sockaddr_in *)a)->sin_addr, 4);
	} else {
		memcpy(key.addr, &((const struct sockaddr_in6 *)a)->sin6_addr, 16);
	}
	return put(t->fds[XDP_MAP_VIPS], &key, &value);
}

/* A port with an address of its own and all others beside it is looked up: the others pass. */
static int put_listeners(const struct xdp_table *t, const struct xdp_settings *s,
                         struct abi_config *c)
{
	bool has_own[2][ABI_PORTS_MAX] = { 0 };
	int r = 0;

	for (uint32_t i = 0; i < s->listeners_len && r == 0; i++) {
		const struct sockaddr_storage *a = s->listeners[i];
		const struct abi_port *row = port_row(c, port_of(a));

		if (is_any(a))
			continue;
		has_own[a->ss_family == AF_INET6][row - c->ports] = true;
		r = put_address(t, a, i);
	}
	for (uint32_t i = 0; i < s->listeners_len; i++) {
		const struct sockaddr_storage *a = s->listeners[i];
		struct abi_port *row = port_row(c, port_of(a));

		if (!is_any(a) || has_own[a->ss_family == AF_INET6][row - c->ports])
			continue;
		if (a->ss_family == AF_INET)
			row->group4 = (__u8)i;
		else
			row->group6 = (__u8)i;
	}
	return r;
}

int xdp_table_settings(const struct xdp_table *t, const struct xdp_settings *s)
{
	static const __u32 unknown[] = {
		[XDP_REFUSE_RESET] = ABI_UNKNOWN_RESET,
		[XDP_REFUSE_DROP] = ABI_UNKNOWN_DROP,
		[XDP_REFUSE_NOBODY] = ABI_UNKNOWN_DEFAULT,
	};
	struct abi_config c = { .default_host = ABI_HOST_NONE };
	const __u32 zero = 0;
	int r;

	must(s->listeners_len <= XDP_GROUPS_MAX);
	c.flags = (s->has_cookies ? ABI_COOKIES : 0U) | (s->is_strict ? ABI_STRICT : 0U);
	c.unknown = unknown[s->unknown];
	pace(s->source, &c.source_interval_ns, &c.source_burst_ns);
	pace(s->partial, &c.partial_interval_ns, &c.partial_burst_ns);
	/* One IPv4 address; of IPv6 the /64, which is what one customer is given. */
	memset(c.source_mask4, 0xff, sizeof(c.source_mask4));
	memset(c.source_mask6, 0xff, sizeof(c.source_mask6[0]));
	r = put_listeners(t, s, &c);
	return r < 0 ? r : put(t->fds[XDP_MAP_CONFIG], &zero, &c);
}

/* --- hosts and names -------------------------------------------------------------------- */

static int clear_counters(const struct xdp_table *t, uint32_t id)
{
	int cpus = libbpf_num_possible_cpus();
	struct abi_host_stats *none = cpus > 0 ? calloc((size_t)cpus, sizeof(*none)) : NULL;
	int r = none ? put(t->fds[XDP_MAP_HSTATS], &id, none) : -ENOMEM;

	free(none);
	return r;
}

int xdp_table_host(const struct xdp_table *t, uint32_t id, struct xdp_bucket limit, bool is_new)
{
	struct abi_host h = { .class_id = ABI_CLASS_NONE };
	int r = is_new ? clear_counters(t, id) : 0;

	must(id < ABI_HOSTS_MAX);
	pace(limit, &h.interval_ns, &h.burst_ns);
	return r < 0 ? r : put(t->fds[XDP_MAP_HOSTS], &id, &h);
}

/* Either key, and the map it is for. */
struct name_key {
	enum xdp_map map;
	uint8_t bytes[sizeof(struct abi_lname_key)]; /* the longer of the two */
};

static int make_key(struct slice name, struct name_key *out)
{
	if (name.len < 1 || name.len > XDP_NAME_BYTES_MAX)
		return -ENAMETOOLONG;
	*out = (struct name_key){ .map = name.len < ABI_NAME_SHORT ? XDP_MAP_NAMES
		                                                   : XDP_MAP_LNAMES };
	memcpy(out->bytes, name.ptr, name.len);
	return 0;
}

int xdp_table_put(const struct xdp_table *t, struct slice name, uint32_t id)
{
	const struct abi_name value = { .host_id = id };
	struct name_key key;
	int r = make_key(name, &key);

	return r < 0 ? r : put(t->fds[key.map], key.bytes, &value);
}

int xdp_table_drop(const struct xdp_table *t, struct slice name)
{
	struct name_key key;
	int r = make_key(name, &key);

	if (r < 0)
		return r;
	return bpf_map_delete_elem(t->fds[key.map], key.bytes) < 0 && errno != ENOENT ? -errno : 0;
}

static int each_of(int fd, size_t max, size_t cap, xdp_table_name *each, void *arg)
{
	char key[ABI_NAME_LONG] = { 0 };
	struct abi_name value;
	const void *at = NULL;
	int r = 0;

	/* The kernel goes back to the beginning when the key it is at has gone. */
	for (size_t n = 0; n < max && r == 0; n++) {
		if (bpf_map_get_next_key(fd, at, key) < 0)
			return errno == ENOENT ? 0 : -errno;
		at = key;
		if (bpf_map_lookup_elem(fd, key, &value) == 0)
			r = each(arg, slice_of(key, strnlen(key, cap)), value.host_id);
	}
	return r;
}

int xdp_table_each(const struct xdp_table *t, xdp_table_name *each, void *arg)
{
	int r = each_of(t->fds[XDP_MAP_NAMES], ABI_NAMES_MAX, ABI_NAME_SHORT, each, arg);

	return r < 0 ? r
	             : each_of(t->fds[XDP_MAP_LNAMES], ABI_NAMES_LONG_MAX, ABI_NAME_LONG, each,
	                       arg);
}
