/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xdp_attach.c - the program on interfaces.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "sys/xdp_priv.h"

/* A BPF file system takes no dot in a name; an interface's name has no colon. */
int xdp_link_path(const char *dir, const char *interface, char *out, size_t cap)
{
	int n = snprintf(out, cap, "%s/link_%s", dir, interface);

	if (n < 0 || (size_t)n >= cap)
		return -ENAMETOOLONG;
	for (char *p = out + strlen(dir) + 1; *p; p++)
		if (*p == '.')
			*p = ':';
	return 0;
}

void xdp_link_end(int fd)
{
	(void)bpf_link_detach(fd); /* also fails when its interface is gone: then it has ended */
}

/* The interface that the link is on; 0: it is gone, or this is no such link. */
static uint32_t link_ifindex(int fd, uint32_t *out_prog)
{
	struct bpf_link_info info = { 0 };
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0 || info.type != BPF_LINK_TYPE_XDP)
		return 0;
	*out_prog = info.prog_id;
	return info.xdp.ifindex;
}

/* What is on the interface here and now: the link's interface may have been in another network
 * namespace, under the same number. Return: XDP_ATTACHED_*, 0 nothing. */
static uint8_t attached(int ifindex, uint32_t *out_prog)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, found);

	if (bpf_xdp_query(ifindex, 0, &found) < 0)
		return XDP_ATTACHED_NONE;
	*out_prog = found.prog_id;
	return found.attach_mode;
}

static bool is_here(int fd, int ifindex)
{
	uint32_t here = 0;
	uint32_t theirs = 0;

	return link_ifindex(fd, &theirs) == (uint32_t)ifindex &&
	       attached(ifindex, &here) != XDP_ATTACHED_NONE && here == theirs;
}

static bool suits(int ifindex, enum xdp_how how)
{
	uint32_t prog = 0;
	uint8_t mode = attached(ifindex, &prog);

	if (how == XDP_HOW_ANY)
		return true;
	return mode == (how == XDP_HOW_NATIVE ? XDP_ATTACHED_DRV : XDP_ATTACHED_SKB);
}

/* Take over the pinned link. Return: 0 with its descriptor; -errno: there is none to take. */
static int adopt(const struct xdp *x, const char *path, int ifindex, enum xdp_how how, int *out_fd)
{
	CLEAN_FD int fd = bpf_obj_get(path);

	if (fd < 0)
		return -errno;
	if (is_here(fd, ifindex) && suits(ifindex, how) &&
	    bpf_link_update(fd, x->steer_prog, NULL) == 0) {
		*out_fd = fd_take(&fd);
		return 0;
	}
	xdp_link_end(fd);
	(void)unlink(path);
	return -ENOLINK;
}

static int create(const struct xdp *x, int ifindex, uint32_t flags, int *out_fd)
{
	const struct bpf_link_create_opts opts = { .sz = sizeof(opts), .flags = flags };
	int fd = bpf_link_create(x->steer_prog, ifindex, BPF_XDP, &opts);

	if (fd < 0)
		return -errno;
	*out_fd = fd;
	return 0;
}

static int create_any(const struct xdp *x, int ifindex, enum xdp_how how, int *out_fd)
{
	int r = -EOPNOTSUPP;

	if (how != XDP_HOW_GENERIC)
		r = create(x, ifindex, XDP_FLAGS_DRV_MODE, out_fd);
	/* Busy is busy, whatever the mode. */
	if (r < 0 && r != -EBUSY && r != -EEXIST && how != XDP_HOW_NATIVE)
		r = create(x, ifindex, XDP_FLAGS_SKB_MODE, out_fd);
	return r == -EEXIST ? -EBUSY : r;
}

static int attach_at(const struct xdp *x, const char *interface, enum xdp_how how, char *out_text,
                     int *out_fd)
{
	int ifindex = (int)if_nametoindex(interface);
	char path[XDP_PATH_MAX];
	uint32_t prog = 0;
	bool is_adopted;
	int r;

	if (ifindex == 0) {
		(void)snprintf(out_text, XDP_TEXT_MAX, "there is no such interface");
		return -ENODEV;
	}
	r = xdp_link_path(x->dir, interface, path, sizeof(path));
	if (r < 0)
		return r;
	is_adopted = adopt(x, path, ifindex, how, out_fd) == 0;
	if (!is_adopted)
		r = create_any(x, ifindex, how, out_fd);
	if (r == 0 && !is_adopted && bpf_obj_pin(*out_fd, path) < 0) {
		r = -errno;
		fd_closep(out_fd);
	}
	if (r < 0)
		(void)snprintf(out_text, XDP_TEXT_MAX, "%s",
		               r == -EBUSY ? "another XDP program is there" : strerror(-r));
	else
		(void)snprintf(out_text, XDP_TEXT_MAX, "%s%s",
		               attached(ifindex, &prog) == XDP_ATTACHED_DRV ? "native" : "generic",
		               is_adopted ? ", in the place of the program before" : "");
	return r;
}

static struct xdp_link *link_of(struct xdp *x, const char *interface)
{
	struct xdp_link *unused = NULL;

	for (size_t i = 0; i < XDP_LINKS_MAX; i++) {
		if (strcmp(x->links[i].interface, interface) == 0)
			return &x->links[i];
		if (!unused && x->links[i].interface[0] == '\0')
			unused = &x->links[i];
	}
	return unused;
}

int xdp_attach(struct xdp *x, const char *interface, enum xdp_how how, char *out_text)
{
	struct xdp_link *l = link_of(x, interface);
	int r;

	must(l != NULL);
	(void)snprintf(l->interface, sizeof(l->interface), "%s", interface);
	fd_closep(&l->fd);
	r = attach_at(x, interface, how, out_text, &l->fd);
	return r;
}

bool xdp_is_attached(const struct xdp *x, const char *interface)
{
	uint32_t prog = 0;

	for (size_t i = 0; i < XDP_LINKS_MAX; i++)
		if (strcmp(x->links[i].interface, interface) == 0)
			return x->links[i].fd >= 0 && link_ifindex(x->links[i].fd, &prog) != 0;
	return false;
}

/* Is that the pin of a link that we were asked for? */
static bool is_wanted(const struct xdp *x, const char *pin)
{
	char path[XDP_PATH_MAX];

	for (size_t i = 0; i < XDP_LINKS_MAX; i++)
		if (x->links[i].interface[0] != '\0' &&
		    xdp_link_path(x->dir, x->links[i].interface, path, sizeof(path)) == 0 &&
		    strcmp(path + strlen(x->dir) + 1, pin) == 0)
			return true;
	return false;
}

void xdp_detach_others(const struct xdp *x)
{
	DIR *d = opendir(x->dir);
	const struct dirent *e;

	if (!d)
		return;
	while ((e = readdir(d)))
		if (strncmp(e->d_name, "link_", strlen("link_")) == 0 && !is_wanted(x, e->d_name))
			(void)xdp_remove_pin(x->dir, e->d_name);
	(void)closedir(d);
}
