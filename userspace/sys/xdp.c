/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xdp.c - the programs and their maps.
 */
#include "sys/xdp.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "abi.h"
#include "base/fd.h"
#include "listener.skel.h"
#include "steer.skel.h"
#include "sys/xdp_priv.h"

static const char link_prefix[] = "link_";
static const char map_prefix[] = "sluice_";
static const char conns_pin[] = "sluice_conns"; /* is sys/conns_map.h's */
static const char scratch_map[] = "sluice_scratch";

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level, (void)format, (void)args;
	return 0;
}

/* --- loading ---------------------------------------------------------------------------- */

/* Pinned maps are shared, by both programs and with who comes after us. Scratch is not: the
 * programs run inside each other. */
static int set_pins(struct bpf_object *o, const char *dir)
{
	char path[XDP_PATH_MAX];
	struct bpf_map *map;

	bpf_object__for_each_map(map, o)
	{
		int n = snprintf(path, sizeof(path), "%s/%s", dir, bpf_map__name(map));
		int r = 0;

		if (bpf_map__is_internal(map) || strcmp(bpf_map__name(map), scratch_map) == 0)
			continue;
		if (n < 0 || (size_t)n >= sizeof(path))
			return -ENAMETOOLONG;
		r = bpf_map__set_pin_path(map, path);
		if (r < 0)
			return r;
	}
	return 0;
}

static int load_object(const void *elf, size_t size, const char *dir, struct bpf_object **out)
{
	struct bpf_object *o = bpf_object__open_mem(elf, size, NULL);
	int r;

	if (!o)
		return -errno;
	r = set_pins(o, dir);
	if (r == 0)
		r = bpf_object__load(o);
	if (r < 0) {
		bpf_object__close(o);
		return r;
	}
	*out = o;
	return 0;
}

static void unload(struct xdp *x)
{
	if (x->steer)
		bpf_object__close(x->steer);
	if (x->listener)
		bpf_object__close(x->listener);
	x->steer = x->listener = NULL;
}

static int load_all(struct xdp *x)
{
	size_t size = 0;
	const void *elf = steer__elf_bytes(&size);
	int r = load_object(elf, size, x->dir, &x->steer);

	if (r == 0) {
		elf = listener__elf_bytes(&size);
		r = load_object(elf, size, x->dir, &x->listener);
	}
	if (r < 0)
		unload(x);
	return r;
}

static int map_of(const struct bpf_object *o, const char *name)
{
	int fd = bpf_object__find_map_fd_by_name(o, name);

	must(fd >= 0); /* ours: what is in them is known when this is built */
	return fd;
}

static int program_of(const struct bpf_object *o, const char *name)
{
	const struct bpf_program *p = bpf_object__find_program_by_name(o, name);

	must(p != NULL);
	return bpf_program__fd(p);
}

static void find_all(struct xdp *x)
{
	x->steer_prog = program_of(x->steer, "sluice_steer");
	x->listener_prog = program_of(x->listener, "sluice_listener");
	x->workers = map_of(x->listener, "sluice_workers");
	x->classes = map_of(x->listener, "sluice_classes");
#define X(name, map)                                                                               \
	x->maps[XDP_MAP_##name] =                                                                  \
		map_of(XDP_MAP_##name == XDP_MAP_LSTATS ? x->listener : x->steer, "sluice_" #map);
	XDP_MAPS(X)
#undef X
}

int xdp_open(const char *dir, struct xdp **out, char *out_err)
{
	struct xdp *x = calloc(1, sizeof(*x));
	int r;

	if (!x)
		return -ENOMEM;
	for (size_t i = 0; i < XDP_LINKS_MAX; i++)
		x->links[i].fd = -1;
	x->dir = dir;
	(void)libbpf_set_print(quiet); /* what it would say is in errno */
	r = load_all(x);
	/* What is pinned there may be of another build, or of nobody: begin anew. */
	if (r < 0 && xdp_remove(dir) > 0)
		r = load_all(x);
	if (r < 0) {
		(void)xdp_remove(dir);
		(void)snprintf(out_err, XDP_TEXT_MAX, "the programs do not load: %s%s",
		               strerror(-r),
		               r == -EPERM || r == -EACCES
		                       ? " (it takes CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON)"
		                       : "");
		free(x);
		return r;
	}
	find_all(x);
	*out = x;
	return 0;
}

int xdp_map(const struct xdp *x, enum xdp_map map)
{
	must(map < XDP_MAPS_LEN);
	return x->maps[map];
}

/* --- the end ---------------------------------------------------------------------------- */

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

int xdp_remove_pin(const char *dir, const char *name)
{
	char path[XDP_PATH_MAX];
	int n;

	if (strcmp(name, conns_pin) == 0 ||
	    (!begins(name, link_prefix) && !begins(name, map_prefix)))
		return 0;
	n = snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	if (begins(name, link_prefix)) {
		CLEAN_FD int fd = bpf_obj_get(path);

		if (fd >= 0)
			xdp_link_end(fd);
	}
	return unlink(path) < 0 ? -errno : 1;
}

int xdp_remove(const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *e;
	int removed = 0;
	int error = 0;

	if (!d)
		return -errno;
	while ((e = readdir(d))) {
		int r = xdp_remove_pin(dir, e->d_name);

		if (r > 0)
			removed++;
		else if (r < 0)
			error = r;
	}
	(void)closedir(d);
	return error < 0 ? error : removed;
}

void xdp_close(struct xdp *x)
{
	if (!x)
		return;
	(void)xdp_remove(x->dir);
	for (size_t i = 0; i < XDP_LINKS_MAX; i++)
		fd_closep(&x->links[i].fd);
	unload(x);
	free(x);
}

/* --- listeners -------------------------------------------------------------------------- */

bool xdp_has_place(uint32_t worker)
{
	return worker < ABI_WORKERS_MAX;
}

int xdp_choose_for(const struct xdp *x, int fd)
{
	const int program = x->listener_prog;

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, &program, sizeof(program)) < 0)
		return -errno;
	return 0;
}

int xdp_offer(const struct xdp *x, uint32_t group, uint32_t worker, int fd)
{
	const uint32_t index = ABI_WORKER_INDEX(group, worker);
	const uint64_t value = (uint64_t)fd;

	must(group < ABI_GROUPS_MAX);
	must(worker < ABI_WORKERS_MAX);
	return bpf_map_update_elem(x->workers, &index, &value, BPF_ANY) < 0 ? -errno : 0;
}

void xdp_withdraw(const struct xdp *x, uint32_t group, uint32_t worker)
{
	const uint32_t index = ABI_WORKER_INDEX(group, worker);

	must(group < ABI_GROUPS_MAX);
	must(worker < ABI_WORKERS_MAX);
	(void)bpf_map_delete_elem(x->workers, &index); /* may not have been there */
}

int xdp_share(const struct xdp *x, const uint32_t *workers, uint32_t len)
{
	struct abi_class all = { .workers_len = len };
	const uint32_t class_id = ABI_CLASS_ALL;

	must(len <= ABI_CLASS_WORKERS_MAX);
	for (uint32_t i = 0; i < len; i++)
		all.workers[i] = workers[i];
	return bpf_map_update_elem(x->classes, &class_id, &all, BPF_ANY) < 0 ? -errno : 0;
}
