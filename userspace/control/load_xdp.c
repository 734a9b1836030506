/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <string.h>

#include "control/load_priv.h"

static bool is_name(const char *text)
{
	size_t len = strlen(text);

	if (len < 1 || len >= XDP_NAME_MAX || strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~' || text[i] == '/' || text[i] == ':')
			return false;
	return true;
}

static bool is_there(const struct msg_xdp *x, const char *name)
{
	for (uint32_t i = 0; i < x->len; i++)
		if (strcmp(x->interfaces[i], name) == 0)
			return true;
	return false;
}

/* Whether there is such an interface is the master's to say, for it comes and goes. */
static void build_interfaces(const struct build *b, struct msg_xdp *out)
{
	const struct conf_xdp *x = b->conf->xdp;

	if (x->interfaces_count > CONF_INTERFACES_MAX) {
		mistake_at(b->mistakes, b->positions, "xdp", "interfaces",
		           "%u given, at most %d can be", x->interfaces_count, CONF_INTERFACES_MAX);
		return;
	}
	for (unsigned int i = 0; i < x->interfaces_count; i++) {
		const char *name = x->interfaces[i];
		char path[32];

		(void)snprintf(path, sizeof(path), "xdp.interfaces[%u]", i);
		if (!is_name(name))
			mistake_at(b->mistakes, b->positions, path, "",
			           "\"%s\" is no interface's name: 1 to 15 letters", name);
		else if (is_there(out, name))
			mistake_at(b->mistakes, b->positions, path, "", "%s is there already",
			           name);
		else
			(void)snprintf(out->interfaces[out->len++], XDP_NAME_MAX, "%s", name);
	}
}

static bool has_default(const struct build *b)
{
	for (unsigned int i = 0; i < b->conf->hosts_count; i++)
		if (b->conf->hosts[i].is_default)
			return true;
	return false;
}

void build_xdp(struct build *b, struct msg_xdp *out)
{
	enum xdp_mode mode = conf_xdp_mode(b->conf, b->positions, b->mistakes);

	static_assert(CONF_INTERFACES_MAX <= XDP_INTERFACES_MAX, "all of them travel");
	conf_xdp_rules(b->conf, has_default(b), b->positions, b->mistakes, &b->xdp);
	if (!b->conf->xdp)
		return;
	build_interfaces(b, out);
	if (mode == XDP_MODE_OFF) {
		*out = (struct msg_xdp){ 0 };
		return;
	}
	/* Theirs do not begin with a ClientHello: each would be reset. */
	if (b->conf->proxy_sources_count > 0)
		mistake_at(
			b->mistakes, b->positions, "xdp", "interfaces",
			"not together with proxy_sources, whose connections begin with a header");
	out->mode = mode;
	out->is_required = b->conf->xdp->require;
	out->sets_syncookies = b->conf->xdp->set_syncookies;
}
