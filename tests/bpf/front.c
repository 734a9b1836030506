/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * front IFACE native|generic FLAGS [NAME=ID]...
 * front IFACE pass
 *
 * Both programs on a real interface, for tests/vm/test_xdp.py: four workers listen on
 * FRAME_PORT, worker N alone is class N's and host N's, and tell who sends something
 * which of them it got, how many bytes were there when it was accepted, and what TCP
 * agreed on. First prints how many instructions the verifier has followed; when standard
 * input ends, prints the counters and ends. Nothing is pinned: with the process the
 * programs are gone.
 *
 * With "pass" a program that does nothing: the other end of a veth takes what XDP sends
 * only when it has one.
 */
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void check_failed(const char *cond, const char *what)
{
	(void)fprintf(stderr, "front: %s (%s, errno %d)\n", what, cond, errno);
	exit(1);
}
#define KIT_CHECK(cond, what, ...)                                                                 \
	do {                                                                                       \
		if (!(cond))                                                                       \
			check_failed(#cond, what);                                                 \
	} while (0)

#include "kit.h"
#include "listener.skel.h"

enum { WORKERS = 4, BACKLOG = 64, CALLERS_MAX = 32 };

/* A connection that has not said anything yet. */
struct caller {
	int worker;
	int queued; /* when it was accepted */
};

/* Standard input, the listeners, the callers. */
static struct pollfd polled[1 + WORKERS + CALLERS_MAX];
static struct caller callers[CALLERS_MAX];
static struct kit kit;

static struct listener *load_listener(void)
{
	struct listener *l = listener__open();

	KIT_CHECK(l, "the listener object cannot be read");
#define SHARE(map)                                                                                 \
	KIT_CHECK(bpf_map__reuse_fd(l->maps.map, bpf_map__fd(kit.skel->maps.map)) == 0, #map)
	SHARE(sluice_config);
	SHARE(sluice_vips);
	SHARE(sluice_names);
	SHARE(sluice_lnames);
	SHARE(sluice_hosts);
	SHARE(sluice_classes);
	SHARE(sluice_flows);
#undef SHARE
	KIT_CHECK(listener__load(l) == 0, "the listener program does not load");
	return l;
}

/* One listener of the group, in its place in the map. */
static int listen_as(__u32 worker, const struct listener *l)
{
	const struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(FRAME_PORT) };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	__u32 index = ABI_WORKER_INDEX(0, worker);
	__u64 value = (__u64)fd;
	int on = 1;

	KIT_CHECK(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0, "reuseport");
	KIT_CHECK(bind(fd, (const struct sockaddr *)&any, sizeof(any)) == 0, "bind");
	KIT_CHECK(listen(fd, BACKLOG) == 0, "listen");
	kit_put(bpf_map__fd(l->maps.sluice_workers), &index, &value);
	return fd;
}

static void take_caller(int worker)
{
	int fd = accept4(polled[1 + worker].fd, NULL, NULL, SOCK_CLOEXEC);

	KIT_CHECK(fd >= 0, "accept");
	for (size_t i = 0; i < CALLERS_MAX; i++) {
		if (polled[1 + WORKERS + i].fd >= 0)
			continue;
		polled[1 + WORKERS + i] = (struct pollfd){ .fd = fd, .events = POLLIN };
		callers[i] = (struct caller){ .worker = worker };
		(void)ioctl(fd, FIONREAD, &callers[i].queued);
		return;
	}
	KIT_CHECK(false, "too many connections that say nothing");
}

static void greet_caller(struct caller *c, int fd)
{
	struct tcp_info info = { 0 };
	socklen_t size = sizeof(info);
	char line[128];
	int n;

	(void)getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size);
	n = snprintf(line, sizeof(line),
	             "{\"worker\": %d, \"queued\": %d, \"sack\": %d, \"wscale\": %d}\n", c->worker,
	             c->queued, (info.tcpi_options & TCPI_OPT_SACK) != 0, info.tcpi_snd_wscale);
	(void)send(fd, line, (size_t)n, MSG_NOSIGNAL);
	(void)shutdown(fd, SHUT_WR);
	while (recv(fd, line, sizeof(line), 0) > 0)
		;
	(void)close(fd);
}

/* Until standard input ends. */
static void serve(void)
{
	while (poll(polled, ARRAY_LEN(polled), -1) > 0 && !polled[0].revents) {
		for (size_t i = 0; i < CALLERS_MAX; i++) {
			struct pollfd *p = &polled[1 + WORKERS + i];

			if (p->fd < 0 || !p->revents)
				continue;
			greet_caller(&callers[i], p->fd);
			p->fd = -1;
		}
		for (int i = 0; i < WORKERS; i++)
			if (polled[1 + i].revents)
				take_caller(i);
	}
}

static void print_counters(const struct listener *l)
{
	struct abi_listen_stats per_cpu[KIT_CPUS_MAX];
	__u64 sums[ABI_REASONS_LEN];
	__u64 listened[5] = { 0 };
	__u32 zero = 0;

	kit_stats(&kit, sums);
	(void)printf("{");
	for (int i = 0; i < ABI_REASONS_LEN; i++)
		(void)printf("\"%s\": %llu, ", reason_name(i), sums[i]);
	KIT_CHECK(bpf_map_lookup_elem(bpf_map__fd(l->maps.sluice_lstats), &zero, per_cpu) == 0,
	          "counters");
	static_assert(sizeof(listened) == sizeof(per_cpu[0]), "one sum for each counter");
	for (int cpu = 0; cpu < libbpf_num_possible_cpus(); cpu++)
		for (size_t i = 0; i < ARRAY_LEN(listened); i++)
			listened[i] += ((const __u64 *)&per_cpu[cpu])[i];
	(void)printf(
		"\"to_flow\": %llu, \"to_reread\": %llu, \"to_any\": %llu, \"refused\": %llu}\n",
		listened[1], listened[2], listened[3], listened[4]);
}

static void configure(int argc, char *argv[])
{
	kit_open(&kit);
	kit.config.ports[0].group6 = 0; /* the listeners are of both families */
	kit.config.flags = (__u32)strtoul(argv[3], NULL, 0);
	kit.config.syn_interval_ns = 30000000000ULL;
	kit_configure(&kit);
	for (int i = 4; i < argc; i++) {
		char *id = strchr(argv[i], '=');

		KIT_CHECK(id, "NAME=ID");
		*id = '\0';
		kit_name(&kit, argv[i], (__u32)strtoul(id + 1, NULL, 10));
	}
	for (__u32 i = 0; i < WORKERS; i++) {
		const struct abi_class only = { .workers_len = 1, .workers = { i } };

		kit_put(MAP(&kit, classes), &i, &only);
	}
}

static void attach(int prog, const char *iface, const char *mode)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts,
	            .flags = strcmp(mode, "generic") == 0 ? XDP_FLAGS_SKB_MODE
	                                                  : XDP_FLAGS_DRV_MODE);
	int index = (int)if_nametoindex(iface);

	KIT_CHECK(index > 0, "no such interface");
	KIT_CHECK(bpf_link_create(prog, index, BPF_XDP, &opts) >= 0, "cannot be attached");
}

static __u32 verified_insns(int prog)
{
	struct bpf_prog_info info = { 0 };
	__u32 size = sizeof(info);

	KIT_CHECK(bpf_obj_get_info_by_fd(prog, &info, &size) == 0, "no program");
	return info.verified_insns;
}

static void serve_steered(int argc, char *argv[])
{
	struct listener *l;
	int prog;

	configure(argc, argv);
	l = load_listener();
	for (__u32 i = 0; i < WORKERS; i++)
		polled[1 + i] = (struct pollfd){ .fd = listen_as(i, l), .events = POLLIN };
	for (size_t i = 0; i < CALLERS_MAX; i++)
		polled[1 + WORKERS + i].fd = -1;
	prog = bpf_program__fd(l->progs.sluice_listener);
	KIT_CHECK(setsockopt(polled[1].fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, &prog,
	                     sizeof(prog)) == 0,
	          "the listener program cannot be attached");
	attach(kit.prog, argv[1], argv[2]);
	(void)printf("{\"sluice_steer\": %u, \"sluice_listener\": %u}\n", verified_insns(kit.prog),
	             verified_insns(prog));
	(void)fflush(stdout);
	serve();
	print_counters(l);
}

int main(int argc, char *argv[])
{
	polled[0] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
	if (argc == 3 && strcmp(argv[2], "pass") == 0) {
		attach(kit_pass(), argv[1], argv[2]);
		(void)puts("{}");
		(void)fflush(stdout);
		(void)poll(polled, 1, -1);
		return 0;
	}
	KIT_CHECK(argc >= 4, "front IFACE native|generic FLAGS [NAME=ID]...");
	serve_steered(argc, argv);
	return 0;
}
