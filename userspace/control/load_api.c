/* SPDX-License-Identifier: GPL-2.0-only */
#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "control/load_priv.h"
#include "sys/addr.h"

#define API_PATH_DEFAULT "unix:/run/sluice/api.sock"

enum { MODE_DEFAULT = 0600, MODE_MAX = 0777, MODE_DIGITS_MAX = 4, NAME_BUFFER_BYTES = 16384 };

static struct slice str(const char *s)
{
	return slice_of(s, strlen(s));
}

static bool is_loopback(const struct sockaddr_storage *addr)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)addr;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)addr;

	if (addr->ss_family == AF_INET)
		return ntohl(in->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return addr->ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

static void build_listen(const struct build *b, const char *text, struct msg_api *out)
{
	char path[ADDR_TEXT_MAX + 16];
	struct sockaddr_storage addr;
	socklen_t len = 0;

	(void)snprintf(path, sizeof(path), "%s%s", text[0] == '/' ? "unix:" : "", text);
	if (addr_parse(str(path), &addr, &len) < 0 ||
	    (addr.ss_family != AF_UNIX && !is_loopback(&addr))) {
		mistake_at(b->mistakes, b->positions, "api.listen", "",
		           "\"%s\" is none of: off, the absolute path of a socket (at most 107 "
		           "bytes), an address of the loopback (127.0.0.1:9443)",
		           text);
		return;
	}
	out->addr = addr;
	out->addr_len = len;
}

/* "0660" */
static void build_mode(const struct build *b, const char *text, struct msg_api *out)
{
	size_t len = strlen(text);
	uint32_t mode = 0;
	bool good = len >= 3 && len <= MODE_DIGITS_MAX;

	for (size_t i = 0; i < len && good; i++) {
		good = text[i] >= '0' && text[i] <= '7';
		mode = mode * 8 + (uint32_t)(text[i] - '0');
	}
	if (good && mode <= MODE_MAX)
		out->mode = mode;
	else
		mistake_at(b->mistakes, b->positions, "api.mode", "",
		           "\"%s\" is not a mode: 0600, 0660", text);
}

/* The number of a user, or of a group. Return: 0; -ENOENT. */
typedef int find_number(const char *name, uint32_t *out);

static int find_user(const char *name, uint32_t *out)
{
	char buffer[NAME_BUFFER_BYTES];
	struct passwd *found = NULL;
	struct passwd pw;

	if (getpwnam_r(name, &pw, buffer, sizeof(buffer), &found) != 0 || !found)
		return -ENOENT;
	*out = pw.pw_uid;
	return 0;
}

static int find_group(const char *name, uint32_t *out)
{
	char buffer[NAME_BUFFER_BYTES];
	struct group *found = NULL;
	struct group gr;

	if (getgrnam_r(name, &gr, buffer, sizeof(buffer), &found) != 0 || !found)
		return -ENOENT;
	*out = gr.gr_gid;
	return 0;
}

static void build_owner(const struct build *b, const char *key, const char *text, find_number *find,
                        uint32_t *out)
{
	uint64_t number = 0;

	if (!text)
		return;
	if (text_parse_u64(str(text), &number) == 0 && number < UINT32_MAX)
		*out = (uint32_t)number;
	else if (find(text, out) < 0)
		mistake_at(b->mistakes, b->positions, "api", key,
		           "\"%s\" is neither on this machine nor a number", text);
}

void build_api(struct build *b, struct msg_api *out)
{
	static const struct conf_api none;
	const struct conf_api *conf = b->conf->api ? b->conf->api : &none;

	*out = (struct msg_api){ .mode = MODE_DEFAULT, .uid = UINT32_MAX, .gid = UINT32_MAX };
	out->is_default = !conf->listen;
	if (!conf->listen || strcmp(conf->listen, "off") != 0)
		build_listen(b, conf->listen ? conf->listen : API_PATH_DEFAULT, out);
	if (conf->mode)
		build_mode(b, conf->mode, out);
	build_owner(b, "owner", conf->owner, find_user, &out->uid);
	build_owner(b, "group", conf->group, find_group, &out->gid);
}

void build_store(struct build *b)
{
	const char *text = b->conf->store;
	const struct snapshot *before = b->loader->previous;
	const char *have = before && before->store ? before->store : "off";

	if (!text)
		text = "off";
	if (strcmp(text, "off") != 0) {
		if (text[0] != '/' || strlen(text) >= SNAPSHOT_STORE_MAX)
			mistake_at(b->mistakes, b->positions, "store", "",
			           "\"%s\" is neither off nor an absolute path", text);
		else
			b->snapshot->store = build_copy(b, str(text));
	}
	if (before && strcmp(have, text) != 0)
		mistake_at(b->mistakes, b->positions, "store", "",
		           "%s is in force; changing it needs a restart", have);
}
