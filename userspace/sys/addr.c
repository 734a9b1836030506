/* SPDX-License-Identifier: GPL-2.0-only */
#include "sys/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "base/text.h"

static int parse_port(struct slice text, uint16_t *out)
{
	uint64_t v;

	if (text_parse_u64(text, &v) < 0 || v < 1 || v > UINT16_MAX)
		return -EINVAL;
	*out = (uint16_t)v;
	return 0;
}

/* Where the last ':' is; text.len if there is none. */
static size_t last_colon(struct slice text)
{
	for (size_t i = text.len; i > 0; i--)
		if (text.ptr[i - 1] == ':')
			return i - 1;
	return text.len;
}

static int parse_unix(struct slice path, struct sockaddr_storage *out, socklen_t *out_len)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	if (path.len == 0 || path.ptr[0] != '/' || path.len >= sizeof(un.sun_path))
		return -EINVAL;
	if (memchr(path.ptr, '\0', path.len))
		return -EINVAL;
	memcpy(un.sun_path, path.ptr, path.len);
	memset(out, 0, sizeof(*out));
	memcpy(out, &un, sizeof(un));
	*out_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.len + 1);
	return 0;
}

/* inet_pton(3) for a slice. */
static int parse_ip(int family, struct slice text, void *out)
{
	char copy[INET6_ADDRSTRLEN] = { 0 };

	if (text.len >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text.ptr, text.len);
	return inet_pton(family, copy, out) == 1 ? 0 : -EINVAL;
}

static int parse_inet6(struct slice ip, uint16_t port, struct sockaddr_storage *out,
                       socklen_t *out_len)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	if (parse_ip(AF_INET6, ip, &in6.sin6_addr) < 0)
		return -EINVAL;
	memset(out, 0, sizeof(*out));
	memcpy(out, &in6, sizeof(in6));
	*out_len = sizeof(in6);
	return 0;
}

static int parse_inet(struct slice ip, uint16_t port, struct sockaddr_storage *out,
                      socklen_t *out_len)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };

	if (parse_ip(AF_INET, ip, &in.sin_addr) < 0)
		return -EINVAL;
	memset(out, 0, sizeof(*out));
	memcpy(out, &in, sizeof(in));
	*out_len = sizeof(in);
	return 0;
}

int addr_parse(struct slice text, struct sockaddr_storage *out, socklen_t *out_len)
{
	const struct slice scheme = SLICE("unix:");
	size_t colon = last_colon(text);
	struct slice ip;
	uint16_t port;

	if (text.len >= scheme.len && slice_eq(slice_sub(text, 0, scheme.len), scheme))
		return parse_unix(slice_sub(text, scheme.len, text.len - scheme.len), out, out_len);
	if (colon == text.len)
		return -EINVAL;
	if (parse_port(slice_sub(text, colon + 1, text.len - colon - 1), &port) < 0)
		return -EINVAL;
	ip = slice_sub(text, 0, colon);
	if (ip.len >= 2 && ip.ptr[0] == '[' && ip.ptr[ip.len - 1] == ']')
		return parse_inet6(slice_sub(ip, 1, ip.len - 2), port, out, out_len);
	return parse_inet(ip, port, out, out_len);
}

int addr_split(struct slice text, struct slice *out_name, uint16_t *out_port)
{
	size_t colon = last_colon(text);
	uint16_t port;

	if (colon == 0 || colon == text.len || memchr(text.ptr, ':', colon))
		return -EINVAL;
	if (parse_port(slice_sub(text, colon + 1, text.len - colon - 1), &port) < 0)
		return -EINVAL;
	*out_name = slice_sub(text, 0, colon);
	*out_port = port;
	return 0;
}

static void put_str(struct sink *out, const char *s)
{
	sink_put(out, slice_of(s, strlen(s)));
}

void addr_format(const struct sockaddr_storage *addr, struct sink *out)
{
	char ip[INET6_ADDRSTRLEN];

	if (addr->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)addr;

		must(inet_ntop(AF_INET, &in->sin_addr, ip, sizeof(ip)));
		put_str(out, ip);
		sink_putc(out, ':');
		text_u64(out, ntohs(in->sin_port));
	} else if (addr->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)addr;

		must(inet_ntop(AF_INET6, &in6->sin6_addr, ip, sizeof(ip)));
		sink_putc(out, '[');
		put_str(out, ip);
		put_str(out, "]:");
		text_u64(out, ntohs(in6->sin6_port));
	} else if (addr->ss_family == AF_UNIX) {
		const struct sockaddr_un *un = (const struct sockaddr_un *)addr;

		put_str(out, "unix:");
		sink_put(out, slice_of(un->sun_path, strnlen(un->sun_path, sizeof(un->sun_path))));
	} else {
		sink_putc(out, '?');
	}
}

bool addr_eq(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	char text_a[ADDR_TEXT_MAX];
	char text_b[ADDR_TEXT_MAX];
	struct sink sink_a = sink_of(text_a, sizeof(text_a));
	struct sink sink_b = sink_of(text_b, sizeof(text_b));

	addr_format(a, &sink_a);
	addr_format(b, &sink_b);
	return a->ss_family == b->ss_family && slice_eq(sink_slice(&sink_a), sink_slice(&sink_b));
}

void addr_put_mapped(const uint8_t ip[16], uint16_t port, struct sink *out)
{
	static const uint8_t mapped[12] = { [10] = 0xFF, [11] = 0xFF };
	const bool is_v4 = memcmp(ip, mapped, sizeof(mapped)) == 0;
	char text[INET6_ADDRSTRLEN];

	must(inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? ip + 12 : ip, text, sizeof(text)));
	if (!is_v4)
		sink_putc(out, '[');
	sink_put(out, slice_of(text, strlen(text)));
	if (!is_v4)
		sink_putc(out, ']');
	sink_putc(out, ':');
	text_u64(out, port);
}
